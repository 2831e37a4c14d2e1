// URIs that lead back to this node: in Record-Route, Path, Service-Route and Contact (RFC 3261 16.6 item 4, RFC 5658,
// IW-RTE-07).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/runtime/core.hpp"

namespace isthmus::runtime {

/// True when the Request-URI is sips: then every hop is TLS.
bool is_secure(const sip::Message& request);

/// "sip:user@address", with transport=tls where `towards` is reached by TLS, or "sips:user@address".
std::string own_uri(const Core& core, std::string_view user, const transport::Peer& towards, bool sips = false);

/// Who a request is about to go to, as far as its URIs tell: family and TLS; the rest is as in `like`.
transport::Peer towards_next_hop(const sip::Message& request, const transport::Peer& like);

/// Puts us into the route of the dialog. Where the two sides differ in TLS or address family, each gets an entry that
/// it can reach (RFC 5658 5). `downstream` is given when it is known already.
void record_route(const Core& core, sip::Message& request, std::string_view user, const transport::Peer& upstream,
                  const std::optional<transport::Peer>& downstream = std::nullopt);

}  // namespace isthmus::runtime
