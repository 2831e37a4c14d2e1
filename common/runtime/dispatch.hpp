// Which worker a message belongs to, found in the raw octets (architecture section 3): a response by our branch, a
// request by our token in its top Route or Request-URI, anything else by a keyed hash of its Call-ID.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/runtime/core.hpp"

namespace isthmus::runtime {

/// Less than node.workers, whatever the octets are.
std::size_t worker_of(std::string_view octets, const Node& node);

/// The Call-ID in raw octets; empty when there is none.
std::string_view call_id_of(std::string_view octets);

}  // namespace isthmus::runtime
