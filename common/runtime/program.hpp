// What the three programs share: command line, configuration, observability, signals, and the order of starting and
// stopping. A role's main says what is its own in a Description.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/observability/http_listener.hpp"
#include "common/observability/log.hpp"
#include "common/observability/metrics.hpp"
#include "common/runtime/configuration.hpp"
#include "common/runtime/server.hpp"

namespace isthmus::runtime {

struct Parts {
    const Configuration& configuration;
    observability::Metrics& metrics;
    observability::Log& log;
};

/// Thrown while a program starts, when it is asked to stop: it ends with code 0.
struct StopRequested {};

/// What a role brings; its members are called in this order.
struct Assembly {
    RoleFactory make_role;
    /// The sockets are bound, the threads do not run yet.
    std::function<void(Server& server)> bound = {};
    /// What /healthz says of the role's own parts; from the HTTP thread.
    std::function<std::vector<std::pair<std::string, std::string>>()> health = {};
    /// False while requests cannot be served (/healthz then answers 503); from the HTTP thread.
    std::function<bool()> ready = {};
    /// The workers have stopped; what answered them may end now.
    std::function<void()> stopped = {};
};

struct Description {
    std::string_view role;     ///< "scscf"
    std::string_view summary;  ///< for --help
    std::vector<Option> options;
    std::function<Assembly(const Parts& parts)> assemble;
};

/// The whole program. Returns its exit code: 0, 2 for a command line or configuration that cannot be used, 1 for
/// anything that goes wrong later.
int run_program(int argc, const char* const* argv, const Description& description);

}  // namespace isthmus::runtime
