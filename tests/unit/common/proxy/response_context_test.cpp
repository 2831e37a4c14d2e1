// Each test is a dialogue between the branches and the context: what comes in, what is done.
#include "common/proxy/response_context.hpp"

#include <gmock/gmock.h>

#include <string>

namespace isthmus::proxy {
namespace {

using Kind = ResponseContext::Kind;

std::string in_words(const Steps& steps) {
    std::string out;
    for (const Step& step : steps) {
        if (!out.empty()) out += ", ";
        const auto n = std::to_string(step.branch);
        switch (step.what) {
            case Do::start_branch:
                out += "start " + n;
                break;
            case Do::cancel_branch:
                out += "cancel " + n;
                break;
            case Do::forward:
                out += "forward " + n;
                break;
            case Do::answer:
                out += "answer " + std::to_string(step.status);
                break;
            case Do::start_timer_c:
                out += "C " + n;
                break;
            case Do::start_ring_timer:
                out += "ring " + n;
                break;
        }
    }
    return out;
}
#define EXPECT_DO(steps, words) EXPECT_EQ(in_words(steps), words)

TEST(ResponseContext, RFC3261_16_7_one_branch_rings_and_answers) {
    ResponseContext context(Kind::invite, {0});
    EXPECT_DO(context.start(), "start 0, C 0");
    EXPECT_DO(context.response(0, 100), "");
    EXPECT_DO(context.response(0, 180), "C 0, forward 0");
    EXPECT_DO(context.response(0, 200), "forward 0");
    EXPECT_TRUE(context.finished());
    EXPECT_DO(context.response(0, 200), "forward 0");  // RFC 6026: retransmitted 2xx
}

TEST(ResponseContext, TC_SES_23_equal_q_first_200_wins_the_other_is_cancelled) {
    ResponseContext context(Kind::invite, {0, 0});
    EXPECT_DO(context.start(), "start 0, C 0, start 1, C 1");
    context.response(0, 180);
    context.response(1, 180);
    EXPECT_DO(context.response(1, 200), "forward 1, cancel 0");
    EXPECT_DO(context.response(0, 487), "");
    EXPECT_TRUE(context.finished());
}

TEST(ResponseContext, FK_SES_02_both_200s_go_upstream) {
    ResponseContext context(Kind::invite, {0, 0});
    context.start();
    context.response(0, 180);
    context.response(1, 180);
    EXPECT_DO(context.response(0, 200), "forward 0, cancel 1");
    EXPECT_DO(context.response(1, 200), "forward 1");
}

TEST(ResponseContext, TC_SES_33_CANCEL_waits_for_a_provisional) {
    ResponseContext context(Kind::invite, {0});
    context.start();
    EXPECT_DO(context.cancel(), "");
    EXPECT_DO(context.response(0, 100), "cancel 0");
    EXPECT_DO(context.response(0, 487), "forward 0");
}

TEST(ResponseContext, DG_SES_04_CANCEL_after_the_final_does_nothing) {
    ResponseContext context(Kind::invite, {0});
    context.start();
    context.response(0, 486);
    EXPECT_DO(context.cancel(), "");
}

TEST(ResponseContext, CANCEL_crossing_a_200_lets_the_200_through) {
    ResponseContext context(Kind::invite, {0});
    context.start();
    context.response(0, 180);
    EXPECT_DO(context.cancel(), "cancel 0");
    EXPECT_DO(context.response(0, 200), "forward 0");
}

TEST(ResponseContext, TC_SES_22_sequential_groups_by_rising_number) {
    ResponseContext context(Kind::invite, {1, 0});
    EXPECT_DO(context.start(), "start 1, C 1, ring 0");
    EXPECT_DO(context.response(1, 486), "start 0, C 0");
    EXPECT_DO(context.response(0, 200), "forward 0");
}

TEST(ResponseContext, FK_SES_01_ring_timer_ends_a_group) {
    ResponseContext context(Kind::invite, {0, 1});
    context.start();
    context.response(0, 180);
    EXPECT_DO(context.ring_timer(), "cancel 0");
    EXPECT_DO(context.response(0, 487), "start 1, C 1");
}

TEST(ResponseContext, FK_SES_08_CANCEL_drops_groups_not_started) {
    ResponseContext context(Kind::invite, {0, 1});
    context.start();
    context.response(0, 180);
    EXPECT_DO(context.cancel(), "cancel 0");
    EXPECT_DO(context.response(0, 487), "forward 0");
}

TEST(ResponseContext, TC_SES_24_6xx_stops_all) {
    ResponseContext context(Kind::invite, {0, 0, 1});
    context.start();
    context.response(0, 180);
    context.response(1, 180);
    EXPECT_DO(context.response(0, 603), "cancel 1");
    EXPECT_DO(context.response(1, 487), "forward 0");
}

TEST(ResponseContext, TC_SES_25_best_response_by_class_and_help) {
    ResponseContext context(Kind::invite, {0, 0, 0});
    context.start();
    context.response(0, 500);
    context.response(1, 486);
    EXPECT_DO(context.response(2, 420), "forward 2");
    EXPECT_LT(rank(480), rank(408));
    EXPECT_LT(rank(404), rank(500));
    EXPECT_LT(rank(603), rank(302));
    EXPECT_LT(rank(504), rank(503));
}

TEST(ResponseContext, TC_SES_41_timer_C_cancels_what_rings_and_gives_up_what_is_silent) {
    ResponseContext context(Kind::invite, {0, 0});
    context.start();
    context.response(0, 180);
    EXPECT_DO(context.timer_c(0), "cancel 0");
    EXPECT_DO(context.timer_c(1), "");
    EXPECT_DO(context.response(0, 487), "answer 408");
}

TEST(ResponseContext, OV_SES_02_a_dead_transport_becomes_500) {
    ResponseContext context(Kind::other, {0});
    EXPECT_DO(context.start(), "start 0");
    EXPECT_DO(context.transport_failed(0), "answer 500");
}

TEST(ResponseContext, silence_becomes_408) {
    ResponseContext context(Kind::invite, {0});
    context.start();
    EXPECT_DO(context.timed_out(0), "answer 408");
    EXPECT_TRUE(context.finished());
}

TEST(ResponseContext, RFC3261_16_7_a_provisional_after_the_final_stays_here) {
    ResponseContext context(Kind::invite, {0, 0});
    context.start();
    context.response(0, 200);
    EXPECT_DO(context.response(1, 180), "cancel 1, C 1");
}

}  // namespace
}  // namespace isthmus::proxy
