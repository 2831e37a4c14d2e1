// What a proxy does to a request before it decides (RFC 3261 16.3, 16.4) and before it sends (16.6).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/proxy/token.hpp"
#include "common/sip/message.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::proxy {

struct Refusal {
    int status = 0;
    std::string reason;
    std::string unsupported;  ///< tags for a 420
};

/// RFC 3261 16.3: Max-Forwards, loop, Proxy-Require (IW-CAP-06). `known_tags` is what Proxy-Require may ask of us.
std::optional<Refusal> check_request(const sip::Message& request, const transaction::Seed& secret,
                                     const std::vector<std::string_view>& known_tags);

/// One less, or 70 when there was none (RFC 3261 16.6 item 3).
void count_hop(sip::Message& request);

/// Takes our own entries off the top of Route and gives the token of the first of them (RFC 3261 16.4); a strict
/// router's mangled Request-URI is put right. `is_own` says whether host and port are ours.
struct OwnRoute {
    bool present = false;
    std::optional<Token> token;
    std::string uri_params;  ///< of the first own entry, such as "lr;orig"
};
OwnRoute take_own_routes(sip::Message& request, const transaction::Seed& secret,
                         const std::function<bool(const sip::Uri&)>& is_own);

/// The URI the request is sent to: top Route, else Request-URI. Nothing when it is no SIP URI. A sips
/// Request-URI makes it sips.
std::optional<sip::Uri> next_hop(const sip::Message& request);

}  // namespace isthmus::proxy
