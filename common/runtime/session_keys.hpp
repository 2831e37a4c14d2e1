// The session keys of an AKA challenge, ik and ck, go from the S-CSCF to the P-CSCF (SR-REG-05, TS 33.203 6.1). Who
// reads a trace must not learn them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isthmus::runtime {

/// A 401 with the values of ik and ck overwritten by as many x; nothing when there are none to hide. Any other message
/// costs a look at its first octets.
std::optional<std::string> without_session_keys(std::string_view octets);

}  // namespace isthmus::runtime
