#include "scscf/policy/call_rate.hpp"

#include <gtest/gtest.h>

namespace isthmus::policy {
namespace {

TEST(CallRate, IW_RES_07_a_second_full_at_once_and_then_one_by_one) {
    CallRate rate;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(rate.take(5, 10'000)) << i;
    EXPECT_FALSE(rate.take(5, 10'000));
    EXPECT_FALSE(rate.take(5, 10'199));
    EXPECT_TRUE(rate.take(5, 10'200));
    EXPECT_FALSE(rate.take(5, 10'200));
}

TEST(CallRate, over_ten_seconds_it_is_the_rate) {
    CallRate rate;
    int taken = 0;
    for (std::uint64_t now = 0; now < 10'000; ++now) taken += rate.take(7, now) ? 1 : 0;
    EXPECT_GE(taken, 70);
    EXPECT_LE(taken, 77);  // the first second's worth on top
}

TEST(CallRate, a_refused_call_does_not_count) {
    CallRate rate;
    EXPECT_TRUE(rate.take(1, 0));
    for (std::uint64_t now = 1; now < 1000; ++now) EXPECT_FALSE(rate.take(1, now));
    EXPECT_TRUE(rate.take(1, 1000));
}

TEST(CallRate, retry_after_is_whole_seconds_and_at_least_one) {
    CallRate rate;
    rate.take(1, 0);
    EXPECT_EQ(rate.retry_after_s(1, 0), 1U);
    EXPECT_EQ(rate.retry_after_s(1, 5000), 1U);
    EXPECT_FALSE(rate.idle(500));
    EXPECT_TRUE(rate.idle(1000));
}

}  // namespace
}  // namespace isthmus::policy
