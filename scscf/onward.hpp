// The last steps of a request that goes on: Record-Route, one hop fewer, a response context.
#pragma once

#include <memory>
#include <string>

#include "common/runtime/core.hpp"
#include "common/runtime/forwarding.hpp"
#include "scscf/session/destination.hpp"
#include "scscf/shared.hpp"

namespace isthmus::scscf {

/// SO-SES-16: INVITE, SUBSCRIBE and REFER are record-routed.
bool creates_dialog(sip::Method method);

/// `transaction` is what `request` was made from: its sender sees the address that entry shows.
void record_route(sip::Message& request, proxy::Position position, std::uint64_t id,
                  runtime::ServerTransaction& transaction);

/// To one target, by its Route or Request-URI.
void forward_one(const std::shared_ptr<runtime::ServerTransaction>& transaction, sip::Message request,
                 std::shared_ptr<runtime::ForwardUser> user, std::uint64_t loop, std::string why);

session::Destination destination_of(const runtime::Core& core, const Settings& settings, const sip::Uri& uri);

}  // namespace isthmus::scscf
