// How many new calls a policy row lets through a second (IW-RES-07). Pure; time is passed in.
#pragma once

#include <cstdint>

namespace isthmus::policy {

/// A burst of up to one second's worth is let through, then one call each 1/rate s (generic cell rate algorithm).
class CallRate {
  public:
    /// `per_second` is at least 1. False: one too many.
    bool take(std::uint32_t per_second, std::uint64_t now_ms);
    /// Nothing is remembered that a fresh one would not say as well.
    [[nodiscard]] bool idle(std::uint64_t now_ms) const { return due_us_ <= now_ms * 1000; }
    /// Until the next call would pass, in whole seconds, at least 1.
    [[nodiscard]] std::uint32_t retry_after_s(std::uint32_t per_second, std::uint64_t now_ms) const;

  private:
    std::uint64_t due_us_ = 0;  ///< when the calls taken so far would have come at the steady rate
};

}  // namespace isthmus::policy
