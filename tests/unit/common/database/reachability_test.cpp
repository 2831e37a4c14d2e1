#include "common/database/reachability.hpp"

#include <gtest/gtest.h>

namespace isthmus::database {
namespace {

using std::chrono::seconds;

constexpr Reachability::Clock::time_point start{};

TEST(Reachability, CX_21_three_unanswered_in_a_row_are_known_down) {
    Reachability state;
    state.unanswered(start);
    state.unanswered(start);
    EXPECT_FALSE(state.known_down());
    state.answered();  // not in a row
    state.unanswered(start);
    state.unanswered(start);
    EXPECT_FALSE(state.known_down());
    state.unanswered(start);
    EXPECT_TRUE(state.known_down());
}

TEST(Reachability, CX_21_no_connection_is_known_down_at_once) {
    Reachability state;
    state.not_connected(start);
    EXPECT_TRUE(state.known_down());
}

TEST(Reachability, CX_21_probe_every_two_seconds_and_the_first_answer_ends_it) {
    Reachability state;
    EXPECT_FALSE(state.probe_due(start + seconds(100)));
    state.not_connected(start);
    EXPECT_FALSE(state.probe_due(start + seconds(1)));
    EXPECT_TRUE(state.probe_due(start + seconds(2)));
    state.probing(start + seconds(2));
    EXPECT_FALSE(state.probe_due(start + seconds(3)));
    state.not_connected(start + seconds(3));  // a failing probe does not put the next one off
    EXPECT_TRUE(state.probe_due(start + seconds(4)));
    state.answered();
    EXPECT_FALSE(state.known_down());
    EXPECT_FALSE(state.probe_due(start + seconds(100)));
    state.unanswered(start + seconds(100));
    EXPECT_FALSE(state.known_down());
}

}  // namespace
}  // namespace isthmus::database
