// Reads a name server's reply (RFC 1035 4.1) with the C library's parser. Whatever the octets are, the work is bounded
// and the outcome clear.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/transport/dns.hpp"

namespace isthmus::transport {

struct DnsReply {
    DnsAnswer answer;
    /// The name is an alias and the reply does not say of what: ask for this one.
    std::string alias = {};
};

/// `octets` as received, for `question`.
DnsReply read_reply(std::string_view octets, const Question& question);

/// Records and aliases looked at in one reply; what comes behind is left out.
constexpr int max_records = 256;
constexpr int max_aliases = 8;

}  // namespace isthmus::transport
