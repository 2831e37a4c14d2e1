// Keeps the policy snapshot equal to the database: loads it, listens for changes, swaps it (IW-POL-08).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "common/database/listener.hpp"
#include "scscf/policy/snapshot.hpp"

namespace isthmus::scscf {

/// Where workers find the snapshot in force. The last one stays when the database is lost, without limit of time.
class PolicyStore {
  public:
    using Clock = std::chrono::steady_clock;
    using SnapshotPointer = std::shared_ptr<const policy::Snapshot>;

    /// Null until the first was loaded. Hold it for one decision, ask again for the next.
    [[nodiscard]] SnapshotPointer current() const;
    /// False when none came in time.
    [[nodiscard]] bool wait_until_loaded(std::chrono::milliseconds longest) const;

    struct Status {
        std::int64_t version = 0;
        std::size_t rows = 0;
        bool connected = false;
        Clock::time_point confirmed{};  ///< when the database was last known to say the same

        /// Age of what decides: some seconds at most while the database answers, and it grows while it is gone or
        /// silent (IW-TC-128).
        [[nodiscard]] Clock::duration age(Clock::time_point now) const {
            return confirmed == Clock::time_point{} ? Clock::duration::zero() : now - confirmed;
        }
    };
    [[nodiscard]] Status status() const;

    void publish(policy::Snapshot snapshot, Clock::time_point now);
    void confirm(Clock::time_point now);
    void lose();

  private:
    mutable std::mutex mutex_;
    mutable std::condition_variable loaded_;
    SnapshotPointer current_;
    Status status_;
};

/// What an operator should hear of.
struct PolicyEvent {
    enum class Kind : std::uint8_t {
        waiting,   ///< there is no snapshot yet and no way to get one: `text` says why
        loaded,    ///< everything was read
        changed,   ///< what was new was read
        rejected,  ///< a row that does not compile is left out: `text` is its pattern
        lost,      ///< the database is gone, the last snapshot stays in force: `text` says why
        regained,  ///< the database is back and says the same as the snapshot
    };
    Kind kind;
    std::string text;
    std::int64_t version = 0;
    std::size_t rows = 0;
};

class PolicyLoader {
  public:
    /// `report` is called on the loader's thread. The store must outlive the loader.
    PolicyLoader(database::ConnectionOptions connection, PolicyStore& store,
                 std::function<void(const PolicyEvent&)> report,
                 std::chrono::milliseconds heartbeat = std::chrono::seconds(2));
    ~PolicyLoader();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::scscf
