// By which protocol the load passes the hop, as the command line of both programs says it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "common/transport/address.hpp"
#include "common/transport/tls.hpp"

namespace isthmus::bench {

struct Ways {
    transport::Protocol protocol = transport::Protocol::udp;
    std::shared_ptr<const transport::TlsCredentials> credentials;
};

/// "udp", "tcp", or "tls CERTIFICATE KEY AUTHORITY"; nothing given is udp, anything else nothing.
inline std::optional<Ways> ways_from(int count, char** words) {
    Ways ways;
    if (count <= 0) return ways;
    const std::string_view protocol = words[0];
    if (protocol == "udp" && count == 1) return ways;
    ways.protocol = transport::Protocol::tcp;
    if (protocol == "tcp" && count == 1) return ways;
    ways.protocol = transport::Protocol::tls;
    if (protocol != "tls" || count != 4) return std::nullopt;
    transport::TlsOptions options;
    options.identities = {{words[1], words[2]}};
    options.authority_files = {words[3]};
    ways.credentials = transport::TlsCredentials::load(options).credentials;
    if (!ways.credentials) return std::nullopt;
    return ways;
}

}  // namespace isthmus::bench
