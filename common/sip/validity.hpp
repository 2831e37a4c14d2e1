// The check at the door (RFC 3261 16.3 item 1, 8.2.1-8.2.3; RFC 4475): is this message fit to be handled at all?
#pragma once

#include <optional>

#include "common/sip/message.hpp"

namespace isthmus::sip {

/// What is wrong with `message`, with the status a request is answered with; for a response the status is 0:
/// it is dropped. Nothing when it is fit. Values nobody routes by are not looked into.
std::optional<Malformed> check(const Message& message);

}  // namespace isthmus::sip
