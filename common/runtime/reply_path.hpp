// Where the response to a request goes (RFC 3261 18.2.2, RFC 3581 4).
#pragma once

#include <memory>

#include "common/sip/message.hpp"
#include "common/transport/address.hpp"

namespace isthmus::runtime {

struct ReplyPath {
    /// By UDP the port that was asked for, or that of sent-by, at the address the request came from; else back on the
    /// connection.
    transport::Peer to;
    /// When that connection is gone: the same address at the port of sent-by. Null by UDP.
    std::unique_ptr<const transport::Peer> otherwise;
};

ReplyPath reply_path(const sip::Message& request, const transport::Peer& source);

}  // namespace isthmus::runtime
