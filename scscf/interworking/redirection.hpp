// The contacts of a 3xx from outside (IW-RTE-11, RFC 3261 8.1.3.4, 21.3).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/sip/message.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::interworking {

/// 300, 301 and 302 name other places of the callee; 305 and 380 are for the caller alone and pass.
bool may_be_followed(int status);

/// Its SIP and SIPS contacts, best q first, those of equal q as they stand; no URI twice, at
/// most twenty. Header fields in a URI are
/// left out: a callee does not write our request.
std::vector<sip::Uri> redirection_targets(const sip::Message& response);

/// Takes the contacts off that `permitted` refuses. False when there were some and none is left.
bool filter_redirection(sip::Message& response, const std::function<bool(const sip::Uri&)>& permitted);

}  // namespace isthmus::interworking
