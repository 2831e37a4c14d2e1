#include "common/runtime/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace isthmus::runtime {
namespace {

struct Target : TimerTarget {
    void on_timer(std::uint8_t slot) override {
        fired.push_back(slot);
        if (then) then();
    }
    std::vector<int> fired;
    std::function<void()> then;
};

/// Moves time in steps of a millisecond; when it fired, 0 when it did not until `end`.
std::uint64_t fires_at(TimerWheel& wheel, const Target& target, std::uint64_t begin, std::uint64_t end) {
    for (auto now = begin; now <= end; ++now) {
        wheel.advance(now);
        if (!target.fired.empty()) return now;
    }
    return 0;
}

class Delay : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Delay, fires_not_before_its_time_and_within_two_ticks) {
    for (std::uint64_t start : {1'000ULL, 1'003ULL, 1'009ULL}) {
        TimerWheel wheel(start);
        Target target;
        Timer timer(target, 3);
        wheel.arm(timer, start, GetParam());
        const auto at = fires_at(wheel, target, start, start + GetParam() + 100);
        EXPECT_GE(at, start + GetParam());
        EXPECT_LE(at, start + GetParam() + 2 * TimerWheel::tick_ms);
        EXPECT_EQ(target.fired, std::vector<int>{3});
        EXPECT_FALSE(timer.armed());
        EXPECT_EQ(wheel.armed(), 0U);
    }
}

// 40,960 ms is once around the wheel.
INSTANTIATE_TEST_SUITE_P(Of, Delay, testing::Values(0, 1, 9, 10, 500, 32'000, 40'950, 40'960, 40'970, 190'000));

TEST(TimerWheel, a_leap_of_time_fires_everything_that_was_due_in_order_and_once) {
    TimerWheel wheel(0);
    std::vector<int> order;
    std::vector<std::unique_ptr<Target>> targets;
    std::vector<std::unique_ptr<Timer>> timers;
    for (int i = 0; i < 50; ++i) {
        targets.push_back(std::make_unique<Target>());
        targets.back()->then = [&order, i] { order.push_back(i); };
        timers.push_back(std::make_unique<Timer>(*targets.back(), 0));
        wheel.arm(*timers.back(), 0, static_cast<std::uint64_t>(i) * 1'000);
    }
    wheel.advance(1'000'000);
    ASSERT_EQ(order.size(), 50U);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
    wheel.advance(2'000'000);
    EXPECT_EQ(order.size(), 50U);
}

TEST(TimerWheel, disarmed_does_not_fire_armed_anew_fires_at_the_new_time_only) {
    TimerWheel wheel(0);
    Target off;
    Target again;
    Timer first(off, 0);
    Timer second(again, 0);
    wheel.arm(first, 0, 50);
    wheel.arm(second, 0, 50);
    first.disarm();
    first.disarm();
    wheel.arm(second, 0, 500);
    EXPECT_EQ(wheel.armed(), 1U);
    wheel.advance(400);
    EXPECT_TRUE(again.fired.empty());
    wheel.advance(600);
    EXPECT_EQ(again.fired.size(), 1U);
    EXPECT_TRUE(off.fired.empty());
}

TEST(TimerWheel, a_timer_may_arm_itself_disarm_a_neighbour_and_destroy_one_while_it_fires) {
    TimerWheel wheel(0);
    Target acting;
    Target neighbour;
    Target doomed;
    Timer timer(acting, 0);
    Timer other(neighbour, 0);
    auto gone = std::make_unique<Timer>(doomed, 0);
    acting.then = [&] {
        other.disarm();
        gone.reset();
        if (acting.fired.size() < 3) wheel.arm(timer, acting.fired.size() * 100, 100);
    };
    wheel.arm(timer, 0, 10);
    wheel.arm(other, 0, 10);  // the same tick, behind it
    wheel.arm(*gone, 0, 10);
    wheel.advance(1'000);
    EXPECT_EQ(acting.fired.size(), 3U);
    EXPECT_TRUE(neighbour.fired.empty());
    EXPECT_TRUE(doomed.fired.empty());
    EXPECT_EQ(wheel.armed(), 0U);
}

TEST(TimerWheel, armed_while_time_stood_still_or_went_on_without_timers_it_still_fires) {
    TimerWheel wheel(0);
    wheel.advance(100'000);
    Target target;
    Timer timer(target, 0);
    wheel.arm(timer, 99'000, 0);  // the caller's clock is a little behind the wheel's
    wheel.advance(100'020);
    EXPECT_EQ(target.fired.size(), 1U);
}

TEST(TimerWheel, the_wheel_may_go_before_its_timers) {
    Target target;
    Timer timer(target, 0);
    {
        TimerWheel wheel(0);
        wheel.arm(timer, 0, 10);
    }
    EXPECT_FALSE(timer.armed());
}

}  // namespace
}  // namespace isthmus::runtime
