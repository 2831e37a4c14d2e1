// After a restart: what was durable is served again (SR-REG-58).
#pragma once

#include "common/runtime/server.hpp"
#include "scscf/assignment_watch.hpp"
#include "scscf/pipeline.hpp"

namespace isthmus::scscf {

/// Reads the bindings that name this S-CSCF, page by page in the background, and hands each to its owner. A user who
/// is called before his page was read is read on demand.
void restore(runtime::Server& server, Shared& shared);

/// From then on: copies of users whom others serve are dropped (SR-REG-56).
std::unique_ptr<AssignmentWatch> watch_assignments(const database::ConnectionOptions& connection,
                                                   runtime::Server& server, Shared& shared);

}  // namespace isthmus::scscf
