// The rows of the failure table that change something other than the level, the proxy role, and several targets.
#include <gtest/gtest.h>

#include "tests/unit/scscf/interworking/samples.hpp"

namespace isthmus::interworking {
namespace {

using namespace samples;

Engine started(const Start& start) {
    Engine engine;
    EXPECT_TRUE(only<SendInvite>(engine.on(start)));
    return engine;
}

Start in_proxy_role(Offer of) {
    auto start = retry(std::move(of));
    start.role = start.retry_role = Role::proxy;
    return start;
}

Final over_udp(Final event) {
    event.transport = "udp";
    return event;
}

/// A 302 whose contacts policy lets us follow, all in mode RETRY.
Final moved(unsigned attempt, unsigned first, unsigned contacts) {
    auto event = refused(attempt, 302);
    for (unsigned i = 0; i < contacts; ++i) {
        Redirect redirect;
        redirect.target = first + i;
        redirect.terms.mode = Mode::retry;
        redirect.terms.role = Role::b2bua;
        event.redirects.push_back(redirect);
    }
    return event;
}

// --- T07 ---

TEST(EngineRows, IW_TC_19_421_moves_what_the_ue_supports_into_require) {
    auto engine = started(retry(offer("Supported: 100rel, timer\r\n", sdp(""))));
    const auto actions = engine.on(refused(1, 421, "Require: 100rel\r\n"));
    const auto again = only<SendInvite>(actions);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->relaxation.level, Level::as_received);
    EXPECT_EQ(again->sent.tags.require, (sip::OptionTags{"100rel"}));
    EXPECT_EQ(again->sent.tags.supported, (sip::OptionTags{"timer"}));
    EXPECT_EQ(actions[0].why.row, "T07");
    // once: it has what it asked for
    EXPECT_TRUE(only<ForwardFinal>(engine.on(refused(2, 421, "Require: 100rel\r\n"))));
}

TEST(EngineRows, T07_no_precondition_from_a_ue_whose_streams_wait) {
    const auto waiting = offer("Supported: 100rel, precondition\r\n", sdp(std::string(rel6_qos) + "a=inactive\r\n"));
    EXPECT_TRUE(only<ForwardFinal>(started(retry(waiting)).on(refused(1, 421, "Require: precondition\r\n"))));
    const auto active = offer("Supported: 100rel, precondition\r\n", sdp(rel6_qos));
    EXPECT_TRUE(only<SendInvite>(started(retry(active)).on(refused(1, 421, "Require: precondition\r\n"))));
}

TEST(EngineRows, IW_TC_119_what_a_420_named_is_not_demanded_again) {
    auto engine = started(retry(offer("Supported: 100rel\r\n", sdp("")), 4));
    EXPECT_TRUE(only<SendInvite>(engine.on(refused(1, 421, "Require: 100rel\r\n"))));
    const auto lifted = only<SendInvite>(engine.on(unsupported(2, "100rel")));
    ASSERT_TRUE(lifted);
    EXPECT_TRUE(lifted->sent.tags.require.empty());
    const auto end = only<ForwardFinal>(engine.on(refused(3, 421, "Require: 100rel\r\n")));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->attempt, 1U);
    EXPECT_EQ(end->warning_399, "Interworking attempts exhausted");
}

// --- T12..T14 ---

TEST(EngineRows, IW_TC_16_T13_a_refused_PRACK_is_answered_cancelled_and_followed_by_L2) {
    auto engine = started(retry(rel5_offer()));
    EXPECT_EQ(only<ForwardProvisional>(engine.on(provisional(1, 183, sdp(rel5_qos))))->ue_tag, 1U);
    const auto early = engine.on(EarlyRefusal{1, sip::Method::prack, 501});
    ASSERT_TRUE(only<AnswerEarly>(early));
    EXPECT_EQ(only<AnswerEarly>(early)->status, 200);
    EXPECT_TRUE(only<CancelNet>(early));
    EXPECT_EQ(count<SendInvite>(early), 0U);  // not before the first one has ended
    EXPECT_EQ(early[0].why.row, "T13");
    const auto again = only<SendInvite>(engine.on(refused(1, 487)));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->relaxation.level, Level::without);
    // a new early dialog for the UE: an answer was shown in the old one
    EXPECT_EQ(only<ForwardSuccess>(engine.on(answered(2)))->ue_tag, 2U);
}

TEST(EngineRows, T13_a_200_that_crosses_the_CANCEL_is_hung_up_before_L2) {
    auto engine = started(retry(rel5_offer()));
    engine.on(provisional(1, 183));
    engine.on(EarlyRefusal{1, sip::Method::prack, 481});
    const auto actions = engine.on(answered(1));
    EXPECT_TRUE(only<AckAndByeNet>(actions));
    ASSERT_TRUE(only<SendInvite>(actions));
    EXPECT_EQ(only<SendInvite>(actions)->own_cseq, 2U);
}

TEST(EngineRows, T13_a_cancel_of_the_ue_while_waiting_ends_it) {
    auto engine = started(retry(rel5_offer()));
    engine.on(provisional(1, 183));
    engine.on(EarlyRefusal{1, sip::Method::prack, 405});
    EXPECT_EQ(only<RespondUe>(engine.on(UeCancel{}))->status, 487);
    EXPECT_TRUE(engine.on(refused(1, 487)).empty());
    EXPECT_TRUE(engine.done());
}

TEST(EngineRows, T13_is_passed_on_where_no_retry_is_possible) {
    auto proxied = started(in_proxy_role(rel5_offer()));
    proxied.on(provisional(1, 183));
    EXPECT_TRUE(proxied.on(EarlyRefusal{1, sip::Method::prack, 501}).empty());

    auto alerted = started(retry(rel5_offer()));
    alerted.on(provisional(1, 180));
    EXPECT_TRUE(alerted.on(EarlyRefusal{1, sip::Method::prack, 501}).empty());

    auto real = started(retry(rel5_offer()));
    real.on(provisional(1, 183));
    EXPECT_TRUE(real.on(EarlyRefusal{1, sip::Method::prack, 403}).empty());
}

TEST(EngineRows, IW_TC_17_T12_a_refused_UPDATE_goes_to_the_ue) {
    for (const auto mode : {Mode::pass, Mode::retry}) {
        auto start = retry(rel5_offer());
        start.mode = mode;
        auto engine = started(start);
        engine.on(provisional(1, 183));
        EXPECT_TRUE(engine.on(EarlyRefusal{1, sip::Method::update, 405}).empty());
    }
}

TEST(EngineRows, T14_an_UPDATE_without_answer_is_408_and_L2_follows) {
    auto engine = started(retry(rel5_offer()));
    engine.on(provisional(1, 183));
    const auto early = engine.on(EarlyRefusal{1, sip::Method::update, 408});
    ASSERT_TRUE(only<AnswerEarly>(early));
    EXPECT_EQ(only<AnswerEarly>(early)->status, 408);
    EXPECT_EQ(only<SendInvite>(engine.on(refused(1, 487)))->relaxation.level, Level::without);
}

TEST(EngineRows, IW_RES_05_STRICT_does_not_accept_a_refused_UPDATE_or_PRACK) {
    const std::pair<sip::Method, const char*> cases[] = {{sip::Method::prack, "100rel"},
                                                         {sip::Method::update, "update"}};
    for (const auto& [method, capability] : cases) {
        auto start = strict(rel5_offer(), {"precondition"});
        start.role = Role::b2bua;
        auto engine = started(start);
        auto reliable = provisional(1, 183, sdp(rel5_qos));
        reliable.reliable = true;
        engine.on(reliable);
        const auto actions = engine.on(EarlyRefusal{1, method, 501});
        EXPECT_EQ(only<CancelNet>(actions)->reason.cause, 403);
        ASSERT_TRUE(only<RespondUe>(actions));
        EXPECT_EQ(only<RespondUe>(actions)->warning_399,
                  std::string("Destination lacks required capability: ") + capability);
        EXPECT_EQ(count<AnswerEarly>(actions), 0U);

        auto other = started(strict(rel5_offer(), {method == sip::Method::prack ? "update" : "100rel"}));
        other.on(reliable);
        EXPECT_TRUE(other.on(EarlyRefusal{1, method, 501}).empty());
    }
}

// --- T15, T17, T24 ---

TEST(EngineRows, IW_TC_18_T15_400_gets_one_plain_INVITE_and_then_passes) {
    auto event = refused(1, 400);
    event.extras = true;
    auto engine = started(retry(offer("Supported: timer\r\n", sdp(""))));
    const auto again = only<SendInvite>(engine.on(event));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->relaxation.level, Level::plain);
    const auto end = only<ForwardFinal>(engine.on(refused(2, 400)));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->attempt, 2U);
    EXPECT_EQ(end->warning_399, std::nullopt);  // a real answer, not a missing capability

    // nothing that could have confused it was in the first one
    EXPECT_TRUE(only<ForwardFinal>(started(retry(offer("", sdp("")))).on(refused(1, 400))));
}

TEST(EngineRows, T17_415_is_made_plain_when_plain_SDP_is_accepted) {
    auto engine = started(retry(rel5_offer()));
    EXPECT_EQ(
        only<SendInvite>(engine.on(refused(1, 415, "Accept: text/plain, application/sdp;q=0.5\r\n")))->relaxation.level,
        Level::plain);
    EXPECT_TRUE(only<ForwardFinal>(started(retry(rel5_offer())).on(refused(1, 415, "Accept: text/plain\r\n"))));
}

TEST(EngineRows, IW_TC_121_513_goes_by_tcp_then_plain_then_to_the_ue) {
    auto engine = started(retry(rel5_offer()));
    const auto second = only<SendInvite>(engine.on(over_udp(refused(1, 513))));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->transport, "tcp");
    EXPECT_EQ(second->relaxation.level, Level::as_received);
    const auto third = only<SendInvite>(engine.on(refused(2, 513)));
    ASSERT_TRUE(third);
    EXPECT_EQ(third->transport, "tcp");
    EXPECT_EQ(third->relaxation.level, Level::plain);
    EXPECT_TRUE(only<ForwardFinal>(engine.on(refused(3, 513))));
}

TEST(EngineRows, T24_500_501_505_are_real_answers) {
    for (const int status : {500, 501, 505})
        EXPECT_TRUE(only<ForwardFinal>(started(retry(rel5_offer())).on(refused(1, status))));
}

TEST(EngineRows, IW_TC_21_T19_422_is_passed) {
    EXPECT_TRUE(only<ForwardFinal>(started(retry(rel5_offer())).on(refused(1, 422, "Min-SE: 1800\r\n"))));
}

TEST(EngineRows, T18_416_is_passed) {
    EXPECT_TRUE(only<ForwardFinal>(started(retry(rel5_offer())).on(refused(1, 416))));
}

// --- T20 ---

TEST(EngineRows, T20_a_challenge_is_answered_once_with_provisioned_credentials) {
    EXPECT_TRUE(only<ForwardFinal>(started(retry(rel5_offer())).on(refused(1, 407))));
    auto start = retry(rel5_offer());
    start.peer_auth = true;
    auto engine = started(start);
    const auto again = only<SendInvite>(engine.on(refused(1, 407)));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->with_credentials);
    EXPECT_EQ(again->relaxation.level, Level::as_received);
    EXPECT_EQ(again->own_cseq, 2U);
    // they stay with a relaxed attempt, and are not tried a second time
    const auto relaxed = only<SendInvite>(engine.on(unsupported(2, "precondition")));
    ASSERT_TRUE(relaxed);
    EXPECT_TRUE(relaxed->with_credentials);
    EXPECT_TRUE(only<ForwardFinal>(engine.on(refused(3, 407))));
}

// --- proxy role ---

TEST(EngineRows, IW_TC_23_IW_RET_01_a_proxied_retry_changes_header_fields_only) {
    auto engine = started(in_proxy_role(rel5_offer()));
    const auto actions = engine.on(unsupported(1, "precondition"));
    const auto again = only<SendInvite>(actions);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->role, Role::proxy);
    EXPECT_EQ(again->own_cseq, 0U);
    EXPECT_TRUE(again->sent.tags.demanded().empty());
    EXPECT_FALSE(again->sent.strengths_weakened);
    EXPECT_TRUE(again->sent.qos_lines);
    // L2 would change the body (IW-RET-01)
    const auto end = only<ForwardFinal>(engine.on(unsupported(2, "precondition")));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->attempt, 1U);
}

TEST(EngineRows, IW_RET_01_a_proxy_that_may_rewrite_goes_on_to_L2) {
    auto start = in_proxy_role(rel5_offer());
    start.may_rewrite_sdp = true;
    auto engine = started(start);
    EXPECT_TRUE(only<SendInvite>(engine.on(unsupported(1, "precondition")))->sent.strengths_weakened);
    const auto second = only<SendInvite>(engine.on(unsupported(2, "precondition")));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->role, Role::proxy);
    EXPECT_FALSE(second->sent.qos_lines);
}

TEST(EngineRows, IW_TC_22_T21_IW_RET_05_a_482_to_a_proxied_retry_goes_on_in_a_dialog_of_our_own) {
    auto engine = started(in_proxy_role(rel5_offer()));
    EXPECT_TRUE(only<ForwardFinal>(started(in_proxy_role(rel5_offer())).on(refused(1, 482))));  // that is a loop
    EXPECT_TRUE(only<SendInvite>(engine.on(unsupported(1, "precondition"))));
    const auto own = only<SendInvite>(engine.on(refused(2, 482)));
    ASSERT_TRUE(own);
    EXPECT_EQ(own->role, Role::b2bua);
    EXPECT_EQ(own->own_cseq, 1U);
    EXPECT_EQ(own->relaxation.level, Level::optional);
    EXPECT_TRUE(only<ForwardFinal>(engine.on(refused(3, 482))));
}

// --- several targets ---

TEST(EngineRows, IW_RTE_11_T22_contacts_are_tried_in_turn) {
    auto engine = started(retry(rel5_offer()));
    const auto second = only<SendInvite>(engine.on(moved(1, 1, 2)));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->target, 1U);
    const auto third = only<SendInvite>(engine.on(refused(2, 404)));
    ASSERT_TRUE(third);
    EXPECT_EQ(third->target, 2U);
    // the 302 is no answer any more
    const auto end = only<ForwardFinal>(engine.on(refused(3, 486)));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->attempt, 3U);
}

TEST(EngineRows, IW_TC_82_IW_ORG_07_each_target_has_its_own_level) {
    auto engine = started(retry(rel5_offer()));
    engine.on(moved(1, 1, 2));
    EXPECT_EQ(only<SendInvite>(engine.on(unsupported(2, "precondition")))->relaxation.level, Level::optional);
    EXPECT_EQ(only<SendInvite>(engine.on(unsupported(3, "precondition")))->relaxation.level, Level::without);
    const auto other = only<SendInvite>(engine.on(unsupported(4, "timer")));
    ASSERT_TRUE(other);
    EXPECT_EQ(other->target, 2U);
    EXPECT_EQ(other->relaxation.level, Level::as_received);
    EXPECT_TRUE(only<ForwardSuccess>(engine.on(answered(5))));
}

TEST(EngineRows, IW_RTE_11_depth_and_number_are_bounded) {
    auto deep = started(retry(rel5_offer()));
    EXPECT_TRUE(only<SendInvite>(deep.on(moved(1, 1, 1))));
    EXPECT_TRUE(only<SendInvite>(deep.on(moved(2, 2, 1))));
    EXPECT_TRUE(only<ForwardFinal>(deep.on(moved(3, 3, 1))));

    auto wide = started(retry(rel5_offer()));
    wide.on(moved(1, 1, 9));
    for (unsigned attempt = 2; attempt < 6; ++attempt) EXPECT_TRUE(only<SendInvite>(wide.on(refused(attempt, 404))));
    EXPECT_TRUE(only<ForwardFinal>(wide.on(refused(6, 404))));
}

TEST(EngineRows, a_603_of_one_target_ends_the_search) {
    auto engine = started(retry(rel5_offer()));
    engine.on(moved(1, 1, 3));
    EXPECT_EQ(only<ForwardFinal>(engine.on(refused(2, 603)))->attempt, 2U);
}

TEST(EngineRows, a_silent_target_is_followed_by_the_next_and_ended_when_it_wakes) {
    auto engine = started(retry(rel5_offer()));
    engine.on(moved(1, 1, 2));
    EXPECT_EQ(only<SendInvite>(engine.on(TargetTimeout{2}))->target, 2U);
    EXPECT_TRUE(only<AckAndByeNet>(engine.on(answered(2))));
    EXPECT_TRUE(only<ForwardSuccess>(engine.on(answered(3))));
}

TEST(EngineRows, IW_ORG_09_a_cancelled_search_tries_nobody_else) {
    auto engine = started(retry(rel5_offer()));
    engine.on(moved(1, 1, 2));
    engine.on(UeCancel{});
    EXPECT_TRUE(engine.on(refused(2, 404)).empty());
    EXPECT_TRUE(engine.done());
}

}  // namespace
}  // namespace isthmus::interworking
