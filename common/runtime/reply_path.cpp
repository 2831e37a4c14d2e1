#include "common/runtime/reply_path.hpp"

#include "common/sip/via.hpp"

namespace isthmus::runtime {

ReplyPath reply_path(const sip::Message& request, const transport::Peer& source) {
    ReplyPath path{source, nullptr};
    const auto via = sip::Via::parse(request.first(sip::HeaderId::via));
    if (!via) return path;
    const auto port = via->port != 0 ? via->port : transport::default_port(source.protocol);
    if (!transport::is_stream(source.protocol)) {
        if (!via->wants_rport()) path.to.address.port = port;
        return path;
    }
    transport::Peer otherwise{source.protocol, source.address};
    otherwise.address.port = port;
    if (source.protocol == transport::Protocol::tls) otherwise.domain = std::string(via->host);
    path.otherwise = std::make_unique<const transport::Peer>(std::move(otherwise));
    return path;
}

}  // namespace isthmus::runtime
