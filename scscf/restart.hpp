// After a restart: what was durable is served again (SR-REG-58).
#pragma once

#include "common/runtime/server.hpp"
#include "scscf/pipeline.hpp"

namespace isthmus::scscf {

/// Reads the bindings that name this S-CSCF, page by page in the background, and hands each to its owner. A user who
/// is called before his page was read is read on demand.
void restore(runtime::Server& server, Shared& shared);

}  // namespace isthmus::scscf
