// Connections to PostgreSQL on threads of their own: SQL blocks, workers must not (CX-08, CX-21).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/database/connection.hpp"

namespace isthmus::database {

enum class Outcome : std::uint8_t {
    done,         ///< the job ran to its end
    failed,       ///< the server answered, with an error
    unreachable,  ///< no answer in time, no connection, or a commit of which nobody knows
};

/// What became of a job; `error` is one line for the log.
struct JobResult {
    Outcome outcome = Outcome::unreachable;
    std::string error;
};

struct PoolOptions {
    ConnectionOptions connection;  ///< its deadline holds from submit to answer (CX-08)
    std::size_t connections = 4;
    int failures_to_down = 3;
    std::chrono::milliseconds probe_interval{2'000};
};

/// Jobs are run in the order they came, each by one of the connections. Every submitted job is answered exactly once,
/// by a thread of the pool, at the latest a little after the deadline; those still waiting when the pool is closed are
/// answered `unreachable`.
class Pool {
  public:
    /// Runs on a thread of the pool. Exceptions of pqxx are the job's result. A job whose connection broke before it
    /// committed anything is run once more on a new one, so it must be able to start over.
    using Job = std::function<void(pqxx::connection&)>;
    using Done = std::function<void(const JobResult&)>;
    /// Told when *known down* begins or ends; `reason` is one line.
    using StateChange = std::function<void(bool known_down, const std::string& reason)>;

    Pool(PoolOptions options, std::vector<Statement> statements, StateChange state_change = {});
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    void submit(Job job, Done done);
    [[nodiscard]] bool known_down() const;

    /// Ends the threads; what waits, and what is submitted from a callback meanwhile or later, is answered
    /// `unreachable`. For owners whose callbacks submit again; the destructor does it otherwise.
    void close();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::database
