// Answers that several roles give, worded once.
#pragma once

#include "common/proxy/forward.hpp"
#include "common/runtime/core.hpp"
#include "common/subscriber/result.hpp"

namespace isthmus::runtime {

/// What proxy::check_request() found.
void refuse(ServerTransaction& transaction, const proxy::Refusal& refusal);

/// Answers with `status` and a Warning 399 of this node (IW-RES-06).
void refuse(ServerTransaction& transaction, int status, std::string_view warning, std::string_view decision);

/// The directory's word on this request, where it ends it (CX-20, CX-21, SR-REG-60).
void refuse(ServerTransaction& transaction, const subscriber::SipEffect& effect, subscriber::Result result);

}  // namespace isthmus::runtime
