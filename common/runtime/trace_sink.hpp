// From what a core reports to what the trace file holds and what a HEP collector is sent.
#pragma once

#include "common/observability/hep_exporter.hpp"
#include "common/observability/trace.hpp"
#include "common/runtime/server.hpp"

namespace isthmus::runtime {

/// Empty when both are off: then nothing is put together for them. Both must outlive the server.
TraceSink trace_sink(observability::Trace& trace, observability::HepExporter& hep);

/// The rule ids, table rows and policy rows named in a decision: "IW-RET-06", "T01", "row 7".
std::vector<std::string> rules_in(std::string_view decision);

}  // namespace isthmus::runtime
