// `diagnose dns sip:NAME`: where this node would send a request for a URI, and why, by the same code and configuration
// as the node itself (RFC 3263).
#pragma once

#include <iosfwd>
#include <string>

#include "common/runtime/core.hpp"

namespace isthmus::runtime {

/// Prints the trail of decisions. 0: there is a target; 1: there is none; 2: `uri` is no SIP URI.
int diagnose_dns(const Node& node, const std::string& uri, std::ostream& out, std::ostream& problems);

}  // namespace isthmus::runtime
