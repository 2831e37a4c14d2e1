#include "common/runtime/own_uri.hpp"

#include "common/proxy/forward.hpp"
#include "common/sip/text.hpp"

namespace isthmus::runtime {

using transport::Peer;
using transport::Protocol;

bool is_secure(const sip::Message& request) {
    return sip::iequals(request.request_uri().substr(0, 5), "sips:");
}

std::string own_uri(const Core& core, std::string_view user, const Peer& towards, bool sips) {
    const bool tls = (sips || towards.protocol == Protocol::tls) && !core.node().tls.empty();
    // TCP has no address of its own here: whoever got a request by TCP for its size alone may answer by UDP.
    const auto& local = core.local_for({tls ? Protocol::tls : Protocol::udp, towards.address});
    std::string uri = sips && tls ? "sips:" : "sip:";
    uri.append(user).append("@").append(local.text());
    if (tls && !sips) uri.append(";transport=tls");
    return uri;
}

Peer towards_next_hop(const sip::Message& request, const Peer& like) {
    Peer towards{Protocol::udp, like.address};
    const auto hop = proxy::next_hop(request);
    if (!hop) return towards;
    if (hop->demands_tls()) towards.protocol = Protocol::tls;
    if (const auto address = transport::Address::parse(hop->host, 0)) towards.address = *address;
    return towards;
}

void record_route(const Core& core, sip::Message& request, std::string_view user, const Peer& upstream,
                  const std::optional<Peer>& downstream) {
    const bool sips = is_secure(request);
    const auto onward = downstream ? *downstream : towards_next_hop(request, upstream);
    const auto back = own_uri(core, user, upstream, sips);
    const auto forth = own_uri(core, user, onward, sips);
    request.prepend(sip::HeaderId::record_route, "<" + back + ";lr>");
    if (forth != back) request.prepend(sip::HeaderId::record_route, "<" + forth + ";lr>");
}

}  // namespace isthmus::runtime
