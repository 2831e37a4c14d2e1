// How a program sets its resolver up, and what it tells of it.
#pragma once

#include "common/observability/log.hpp"
#include "common/observability/metrics.hpp"
#include "common/runtime/configuration.hpp"
#include "common/runtime/server.hpp"

namespace isthmus::runtime {

/// From [dns]; without an event handler.
transport::ResolverOptions resolver_options(const Configuration& configuration);
void report(observability::Log& log, const transport::ResolverEvent& event);
void watch_dns(observability::Metrics& metrics, const Server& server);

}  // namespace isthmus::runtime
