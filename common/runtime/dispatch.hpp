// Which worker a message belongs to, found in the raw octets (architecture section 3): a response by our branch, a
// request by our token in its top Route or Request-URI, anything else by a keyed hash of its Call-ID.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/runtime/core.hpp"

namespace isthmus::runtime {

/// Less than node.workers, whatever the octets are.
std::size_t worker_of(std::string_view octets, const Node& node);

/// The transaction of a request of ours whose beginning came back in an ICMP error: our branch in its top Via, and
/// whether it is a CANCEL. Nothing for an ACK or a response, which nobody waits for, or when too little came back.
struct Returned {
    proxy::Branch branch;
    bool cancel = false;
};
std::optional<Returned> returned_request(std::string_view octets, const Node& node);

/// The Call-ID in raw octets; empty when there is none.
std::string_view call_id_of(std::string_view octets);

}  // namespace isthmus::runtime
