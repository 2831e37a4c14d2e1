// LISTEN on a connection and a thread of its own; connects again whenever it is lost.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/database/connection.hpp"

namespace isthmus::database {

class Listener {
  public:
    struct Options {
        ConnectionOptions connection;
        std::string channel;
        std::chrono::milliseconds retry{200};  ///< between attempts to connect; doubles up to `retry_most`
        std::chrono::milliseconds retry_most{2'000};
        std::chrono::milliseconds heartbeat{2'000};  ///< a silent connection is asked whether it lives
    };

    /// All are called on the listener's thread and may use the connection; an exception of theirs that leaves it broken
    /// or is an error of SQL makes the listener connect again after a pause.
    struct Handlers {
        /// LISTEN is in force: what was committed from now on will be notified, so this is the time to catch up.
        std::function<void(pqxx::connection&)> connected;
        /// One or more notifications came; the newest payload.
        std::function<void(pqxx::connection&, const std::string& payload)> notified;
        /// The silent connection answered: nothing was missed.
        std::function<void()> alive;
        /// No connection, or it was lost; called at each failure with one line.
        std::function<void(const std::string& reason)> lost;
        /// Each payload, in order; before `notified`. May be empty.
        std::function<void(const std::string& payload)> each = {};
    };

    Listener(Options options, std::vector<Statement> statements, Handlers handlers);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::database
