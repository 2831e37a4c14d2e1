// One timer wheel per worker: arming and disarming cost a few pointer writes, whatever the number of timers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace isthmus::runtime {

class TimerTarget {
  public:
    virtual void on_timer(std::uint8_t slot) = 0;

  protected:
    ~TimerTarget() = default;
};

/// Lives inside the thing it wakes; disarms itself when that thing goes.
class Timer {
  public:
    Timer(TimerTarget& target, std::uint8_t slot) : target_(target), slot_(slot) {}
    ~Timer() { disarm(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    void disarm();
    [[nodiscard]] bool armed() const { return next_ != nullptr; }

  private:
    friend class TimerWheel;
    TimerTarget& target_;
    Timer* next_ = nullptr;
    Timer* previous_ = nullptr;
    std::uint64_t due_ = 0;  // tick
    std::size_t* armed_count_ = nullptr;
    std::uint8_t slot_;
};

class TimerWheel {
  public:
    static constexpr std::uint64_t tick_ms = 10;

    explicit TimerWheel(std::uint64_t now_ms);
    ~TimerWheel();
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    /// Fires not before `delay_ms` from `now_ms` and at most two ticks later. Arms anew when already armed.
    void arm(Timer& timer, std::uint64_t now_ms, std::uint64_t delay_ms);
    /// Fires what is due. Timers may arm and disarm any timer, and destroy their target, while they fire.
    void advance(std::uint64_t now_ms);
    [[nodiscard]] std::size_t armed() const { return armed_; }

  private:
    struct Ring : TimerTarget {
        Ring() : head(*this, 0) {}
        void on_timer(std::uint8_t) override {}
        Timer head;
    };
    static void link(Timer& head, Timer& timer);

    static constexpr std::size_t slots = 4096;
    std::array<Ring, slots> rings_;
    std::uint64_t current_;  // the newest tick that was fired
    std::size_t armed_ = 0;
};

}  // namespace isthmus::runtime
