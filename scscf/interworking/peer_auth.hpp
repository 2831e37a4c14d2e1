// Our credentials at the server of an ISP domain: the answer to its 401 or 407 (T20; RFC 3261 22.2, 22.3).
#pragma once

#include <string>
#include <string_view>

#include "common/sip/message.hpp"

namespace isthmus::interworking {

/// Adds Authorization or Proxy-Authorization for each Digest challenge of `refusal` that we can compute. `client_nonce`
/// is not to be guessed. False when there was none: another attempt would be refused the same way.
bool answer_challenges(sip::Message& request, const sip::Message& refusal, std::string_view username,
                       std::string_view password, std::string_view client_nonce);

}  // namespace isthmus::interworking
