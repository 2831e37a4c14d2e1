// Is the database there, as far as we know (CX-21). Pure: time is an argument.
#pragma once

#include <chrono>

namespace isthmus::database {

/// *Known down* after `failures_to_down` unanswered requests in a row, or when no connection can be had; a probe is due
/// every `probe_interval`; the first answer ends it.
class Reachability {
  public:
    using Clock = std::chrono::steady_clock;

    explicit Reachability(int failures_to_down = 3, Clock::duration probe_interval = std::chrono::seconds(2))
        : failures_to_down_(failures_to_down), probe_interval_(probe_interval) {}

    /// An answer came, be it an error of SQL.
    void answered();
    /// No answer in time, or the connection broke under a request.
    void unanswered(Clock::time_point now);
    /// No connection could be made.
    void not_connected(Clock::time_point now);
    /// A probe was sent; the next is due an interval later.
    void probing(Clock::time_point now) { next_probe_ = now + probe_interval_; }

    [[nodiscard]] bool known_down() const { return down_; }
    [[nodiscard]] bool probe_due(Clock::time_point now) const { return down_ && now >= next_probe_; }
    [[nodiscard]] Clock::time_point next_probe() const { return next_probe_; }

  private:
    void go_down(Clock::time_point now);

    int failures_to_down_;
    Clock::duration probe_interval_;
    int failures_ = 0;
    bool down_ = false;
    Clock::time_point next_probe_{};
};

}  // namespace isthmus::database
