// What follows when a target fails (IW-RTE-08, RFC 3263 4.3): another target, how long it is left alone, and what the
// caller is told in the end. Pure: the clock is an argument.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/transport/quarantine.hpp"
#include "common/transport/server_location.hpp"

namespace isthmus::transport {

constexpr std::size_t max_tried = 4;

/// How a target ended.
enum class TargetEnd : std::uint8_t {
    silent,     ///< no response at all within target_timeout
    broken,     ///< transport error, ICMP
    overloaded  ///< 503
};

struct QuarantineOrder {
    Quarantined why = Quarantined::avoided;
    std::uint64_t ms = 0;
};
/// `retry_after_s` is the 503's.
QuarantineOrder quarantine_after(TargetEnd end, std::optional<std::uint32_t> retry_after_s);

/// Puts targets in quarantine behind the others; those that asked to be left alone go, unless `urgent`: requests inside
/// a dialog end what they load.
void respect_quarantine(Located& located, const std::array<Quarantined, max_located>& standing, bool urgent);

/// The sequence of targets of one attempt.
class Failover {
  public:
    Failover() = default;
    Failover(std::size_t targets, std::uint64_t deadline_ms) : targets_(targets), deadline_ms_(deadline_ms) {}

    /// True: the next target is to be tried now. False: this was the end.
    bool next_after(TargetEnd end, std::uint64_t now_ms, bool cancelled);
    [[nodiscard]] std::size_t current() const { return current_; }
    [[nodiscard]] bool more() const { return current_ + 1 < targets_ && current_ + 1 < max_tried; }
    /// What the caller gets when no target gave an answer that could be forwarded: 504 after silence, else 500.
    [[nodiscard]] int final_status() const { return silence_ ? 504 : 500; }

  private:
    std::size_t targets_ = 0;
    std::size_t current_ = 0;
    std::uint64_t deadline_ms_ = 0;
    bool silence_ = false;
};

/// What the caller gets when nobody could be tried.
struct LocationVerdict {
    int status = 500;
    const char* rule = "IW-RTE-08";
};
LocationVerdict verdict(LocationFailure failure);

}  // namespace isthmus::transport
