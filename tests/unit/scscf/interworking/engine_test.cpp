#include "scscf/interworking/engine.hpp"

#include <gtest/gtest.h>

#include "tests/unit/scscf/interworking/samples.hpp"

namespace isthmus::interworking {
namespace {

using namespace samples;
using Phase = Engine::Phase;

/// An engine that was started, with the first attempt out.
Engine started(const Start& start) {
    Engine engine;
    const auto actions = engine.on(start);
    EXPECT_TRUE(only<SendInvite>(actions));
    return engine;
}

TEST(Engine, first_attempt_goes_as_received) {
    Engine engine;
    const auto actions = engine.on(retry(rel5_offer()));
    ASSERT_EQ(actions.size(), 1U);
    const auto sent = only<SendInvite>(actions);
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->attempt, 1U);
    EXPECT_EQ(sent->own_cseq, 1U);
    EXPECT_EQ(sent->role, Role::b2bua);
    EXPECT_EQ(sent->relaxation.level, Level::as_received);
    EXPECT_EQ(sent->sent.tags.demanded(), (sip::OptionTags{"precondition", "100rel"}));
    EXPECT_TRUE(engine.on(retry(rel5_offer())).empty());  // once
}

TEST(Engine, IW_TC_03_IW_ENG_01_420_precondition_is_answered_by_L1_with_the_next_cseq) {
    auto engine = started(retry(rel5_offer()));
    const auto actions = engine.on(unsupported(1, "precondition"));
    ASSERT_EQ(actions.size(), 1U);  // and nothing to the UE
    const auto again = only<SendInvite>(actions);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->attempt, 2U);
    EXPECT_EQ(again->own_cseq, 2U);
    EXPECT_EQ(again->relaxation.level, Level::optional);
    EXPECT_TRUE(again->sent.tags.demanded().empty());
    EXPECT_EQ(actions[0].why.row, "T01");
    EXPECT_EQ(actions[0].why.rule, "IW-ENG-01");
    EXPECT_EQ(actions[0].why.evidence, "420 Unsupported: precondition; now L1");
    const auto success = engine.on(answered(2));
    ASSERT_TRUE(only<ForwardSuccess>(success));
    EXPECT_EQ(only<ForwardSuccess>(success)->attempt, 2U);
    EXPECT_EQ(engine.phase(), Phase::answered);
    EXPECT_TRUE(engine.done());
}

TEST(Engine, IW_TC_04_05_06_go_to_L2) {
    for (const auto& failure : {unsupported(1, "precondition, 100rel"), unsupported(1, "100rel"), refused(1, 420)}) {
        auto engine = started(retry(rel5_offer()));
        const auto actions = engine.on(failure);
        const auto again = only<SendInvite>(actions);
        ASSERT_TRUE(again);
        EXPECT_EQ(again->relaxation.level, Level::without);
        EXPECT_FALSE(again->sent.qos_lines);
        EXPECT_FALSE(again->sent.tags.supported.contains("precondition"));
        EXPECT_FALSE(again->sent.tags.supported.contains("100rel"));
    }
}

TEST(Engine, IW_TC_07_three_invites_with_three_keys) {
    auto engine = started(retry(rel5_offer()));
    EXPECT_EQ(only<SendInvite>(engine.on(unsupported(1, "precondition")))->relaxation.level, Level::optional);
    const auto third = engine.on(unsupported(2, "precondition"));
    ASSERT_TRUE(only<SendInvite>(third));
    EXPECT_EQ(only<SendInvite>(third)->relaxation.level, Level::without);
    EXPECT_EQ(only<SendInvite>(third)->own_cseq, 3U);
    EXPECT_FALSE(only<SendInvite>(third)->sent.qos_lines);
    EXPECT_TRUE(only<ForwardSuccess>(engine.on(answered(3))));
}

TEST(Engine, IW_TC_08_exhausted_gives_the_first_420_with_a_warning) {
    auto engine = started(retry(rel5_offer(), 2));
    EXPECT_TRUE(only<SendInvite>(engine.on(unsupported(1, "precondition"))));
    const auto actions = engine.on(unsupported(2, "precondition"));
    ASSERT_EQ(actions.size(), 1U);
    const auto final = only<ForwardFinal>(actions);
    ASSERT_TRUE(final);
    EXPECT_EQ(final->attempt, 1U);
    EXPECT_EQ(final->warning_399, "Interworking attempts exhausted");
    EXPECT_NE(actions[0].why.evidence.find("max_attempts 2"), std::string::npos);
    EXPECT_TRUE(engine.done());
}

TEST(Engine, IW_TC_09_T25_a_real_answer_of_a_later_attempt_goes_to_the_ue) {
    auto engine = started(retry(rel5_offer()));
    engine.on(unsupported(1, "precondition"));
    const auto final = only<ForwardFinal>(engine.on(refused(2, 486)));
    ASSERT_TRUE(final);
    EXPECT_EQ(final->attempt, 2U);
    EXPECT_EQ(final->warning_399, std::nullopt);
}

TEST(Engine, IW_ORG_06_a_6xx_goes_before_everything) {
    auto engine = started(retry(rel5_offer()));
    EXPECT_TRUE(only<SendInvite>(engine.on(refused(1, 606, "Warning: 399 isp \"qos\"\r\n"))));
    EXPECT_EQ(only<ForwardFinal>(engine.on(refused(2, 486)))->attempt, 1U);
}

TEST(Engine, IW_TC_12_13_14_by_warning) {
    auto qos = started(retry(rel5_offer()));
    EXPECT_EQ(only<SendInvite>(qos.on(refused(1, 488, "Warning: 306 isp \"a=des qos\"\r\n")))->relaxation.level,
              Level::without);
    auto media = started(retry(rel5_offer()));
    const auto actions = media.on(refused(1, 488, "Warning: 305 isp \"Incompatible media format\"\r\n"));
    ASSERT_TRUE(only<ForwardFinal>(actions));
    EXPECT_EQ(actions[0].why.row, "T09");
    auto silent = started(retry(offer("Require: 100rel\r\n", sdp(""))));
    EXPECT_TRUE(only<ForwardFinal>(silent.on(refused(1, 488))));
}

TEST(Engine, IW_TC_15_580_is_relaxed_until_the_ue_heard_alerting_or_a_callees_tag) {
    auto fresh = started(retry(rel5_offer()));
    EXPECT_EQ(only<SendInvite>(fresh.on(refused(1, 580)))->relaxation.level, Level::without);

    auto alerted = started(retry(rel5_offer()));
    alerted.on(provisional(1, 180));
    const auto after_180 = alerted.on(refused(1, 580));
    ASSERT_TRUE(only<ForwardFinal>(after_180));
    EXPECT_EQ(after_180[0].why.rule, "IW-ORG-03");
    EXPECT_EQ(after_180[0].why.row, "T11");

    auto start = retry(rel5_offer());
    start.role = Role::proxy;
    auto proxied = started(start);
    proxied.on(provisional(1, 183));
    const auto after_183 = proxied.on(refused(1, 580));
    ASSERT_TRUE(only<ForwardFinal>(after_183));
    EXPECT_EQ(after_183[0].why.rule, "IW-RET-06");
}

TEST(Engine, IW_TC_20_421_for_what_the_ue_cannot_is_passed) {
    auto engine = started(retry(rel5_offer()));
    const auto actions = engine.on(refused(1, 421, "Require: foo\r\n"));
    ASSERT_TRUE(only<ForwardFinal>(actions));
    EXPECT_EQ(actions[0].why.row, "T07");
    EXPECT_EQ(only<ForwardFinal>(actions)->warning_399, std::nullopt);
}

TEST(Engine, IW_TC_24_a_cancelled_call_is_not_tried_again) {
    auto engine = started(retry(rel5_offer()));
    const auto cancelled = engine.on(UeCancel{});
    ASSERT_EQ(cancelled.size(), 1U);  // no provisional yet: nothing to CANCEL (RFC 3261 9.1)
    ASSERT_TRUE(only<RespondUe>(cancelled));
    EXPECT_EQ(only<RespondUe>(cancelled)->status, 487);
    EXPECT_TRUE(engine.on(unsupported(1, "precondition")).empty());
    EXPECT_TRUE(engine.done());
}

TEST(Engine, IW_ORG_09_the_cancel_waits_for_the_first_provisional) {
    auto engine = started(retry(rel5_offer()));
    engine.on(UeCancel{});
    EXPECT_FALSE(engine.done());
    const auto actions = engine.on(provisional(1, 100));
    ASSERT_TRUE(only<CancelNet>(actions));
    EXPECT_TRUE(engine.on(provisional(1, 183)).empty());  // once, and nothing to the UE
    EXPECT_TRUE(engine.on(refused(1, 487)).empty());
    EXPECT_TRUE(engine.done());
}

TEST(Engine, IW_ORG_09_cancel_at_once_after_a_provisional) {
    auto engine = started(retry(rel5_offer()));
    engine.on(provisional(1, 100));
    const auto actions = engine.on(UeCancel{});
    ASSERT_TRUE(only<CancelNet>(actions));
    EXPECT_EQ(only<CancelNet>(actions)->attempt, 1U);
    EXPECT_TRUE(engine.on(UeCancel{}).empty());
}

TEST(Engine, IW_TC_25_a_200_that_crosses_the_cancel_gets_ack_and_bye) {
    auto engine = started(retry(rel5_offer()));
    engine.on(provisional(1, 183));
    engine.on(UeCancel{});
    const auto actions = engine.on(answered(1));
    ASSERT_EQ(actions.size(), 1U);
    const auto bye = only<AckAndByeNet>(actions);
    ASSERT_TRUE(bye);
    EXPECT_EQ(bye->reason.print(), "SIP;cause=487;text=\"Request Terminated\"");
    EXPECT_EQ(bye->to_tag, "callee");
    EXPECT_TRUE(engine.on(answered(1)).empty());  // a retransmission is the dialog layer's
    EXPECT_EQ(engine.phase(), Phase::cancelled);
}

TEST(Engine, IW_ORG_09_10_in_the_proxy_role) {
    Start start;
    start.offer = rel5_offer();
    auto best = started(start);
    best.on(provisional(1, 183));
    const auto cancelled = best.on(UeCancel{});
    EXPECT_EQ(count<RespondUe>(cancelled), 0U);
    EXPECT_EQ(count<CancelNet>(cancelled), 1U);
    EXPECT_TRUE(only<ForwardFinal>(best.on(refused(1, 487))));

    auto crossing = started(start);
    crossing.on(provisional(1, 183));
    crossing.on(UeCancel{});
    EXPECT_TRUE(only<ForwardSuccess>(crossing.on(answered(1))));

    auto capability = started(start);
    capability.on(UeCancel{});
    const auto ended = capability.on(unsupported(1, "precondition"));
    ASSERT_TRUE(only<RespondUe>(ended));
    EXPECT_EQ(only<RespondUe>(ended)->status, 487);
}

TEST(Engine, IW_TC_27_second_200_of_a_fork_gets_ack_and_bye) {
    auto engine = started(retry(rel5_offer()));
    engine.on(answered(1));
    auto other = answered(1);
    other.to_tag = "other";
    const auto actions = engine.on(other);
    ASSERT_TRUE(only<AckAndByeNet>(actions));
    EXPECT_EQ(only<AckAndByeNet>(actions)->to_tag, "other");
    EXPECT_EQ(actions[0].why.rule, "IW-ORG-08");
}

TEST(Engine, IW_ORG_08_a_proxy_forwards_every_200) {
    Start start;
    start.offer = rel5_offer();
    auto engine = started(start);
    EXPECT_TRUE(only<ForwardSuccess>(engine.on(answered(1))));
    auto other = answered(1);
    other.to_tag = "other";
    EXPECT_TRUE(only<ForwardSuccess>(engine.on(other)));
}

TEST(Engine, IW_TC_80_IW_ORG_03_after_180_the_488_goes_to_the_ue) {
    auto engine = started(retry(rel5_offer()));
    EXPECT_TRUE(only<ForwardProvisional>(engine.on(provisional(1, 180))));
    EXPECT_EQ(engine.phase(), Phase::alerted);
    const auto actions = engine.on(refused(1, 488, "Warning: 399 isp \"qos\"\r\n"));
    EXPECT_EQ(count<SendInvite>(actions), 0U);
    ASSERT_TRUE(only<ForwardFinal>(actions));
    EXPECT_EQ(actions[0].why.rule, "IW-ORG-03");
}

TEST(Engine, IW_TC_81_a_spent_budget_forbids_new_attempts_and_kills_none) {
    auto engine = started(retry(rel5_offer()));
    EXPECT_TRUE(engine.on(SetupBudgetExpired{}).empty());
    EXPECT_EQ(engine.phase(), Phase::sent);
    const auto actions = engine.on(unsupported(1, "precondition"));
    ASSERT_TRUE(only<ForwardFinal>(actions));
    EXPECT_EQ(actions[0].why.rule, "IW-ENG-03");

    auto pending = started(retry(rel5_offer()));
    pending.on(SetupBudgetExpired{});
    EXPECT_TRUE(only<ForwardSuccess>(pending.on(answered(1))));
}

TEST(Engine, IW_TC_120_a_tag_only_in_supported_is_dropped_once) {
    auto engine = started(retry(offer("Supported: gruu\r\n", sdp(rel6_qos)), 4));
    EXPECT_EQ(only<SendInvite>(engine.on(unsupported(1, "gruu")))->relaxation.level, Level::without);
    EXPECT_EQ(only<ForwardFinal>(engine.on(unsupported(2, "gruu")))->attempt, 1U);
}

TEST(Engine, IW_TC_123_a_183_with_a_tag_blocks_a_proxied_retry_and_100_does_not) {
    auto start = retry(rel5_offer());
    start.role = Role::proxy;
    auto blocked = started(start);
    blocked.on(provisional(1, 183));
    EXPECT_TRUE(only<ForwardFinal>(blocked.on(unsupported(1, "precondition"))));
    auto free = started(start);
    EXPECT_TRUE(free.on(provisional(1, 100)).empty());
    const auto actions = free.on(unsupported(1, "precondition"));
    const auto again = only<SendInvite>(actions);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->role, Role::b2bua);
    EXPECT_EQ(again->own_cseq, 1U);  // a dialog of our own begins
}

TEST(Engine, IW_TC_124_own_to_tag_survives_until_an_answer_was_shown) {
    auto plain = started(retry(rel5_offer()));
    EXPECT_EQ(only<ForwardProvisional>(plain.on(provisional(1, 183)))->ue_tag, 1U);
    plain.on(unsupported(1, "precondition"));
    EXPECT_EQ(only<ForwardSuccess>(plain.on(answered(2)))->ue_tag, 1U);

    auto shown = started(retry(rel5_offer()));
    EXPECT_EQ(only<ForwardProvisional>(shown.on(provisional(1, 183, sdp(""))))->ue_tag, 1U);
    EXPECT_TRUE(only<SendInvite>(shown.on(unsupported(1, "precondition"))));  // a 183 does not block
    EXPECT_EQ(only<ForwardProvisional>(shown.on(provisional(2, 180)))->ue_tag, 2U);
    EXPECT_EQ(only<ForwardSuccess>(shown.on(answered(2)))->ue_tag, 2U);
}

TEST(Engine, IW_ORG_11_timer_c_restarts_with_every_provisional_but_100) {
    auto engine = started(retry(rel5_offer()));
    EXPECT_EQ(count<RestartTimerC>(engine.on(provisional(1, 100))), 0U);
    EXPECT_EQ(count<RestartTimerC>(engine.on(provisional(1, 183))), 1U);
    EXPECT_EQ(count<RestartTimerC>(engine.on(provisional(1, 180))), 1U);
    const auto actions = engine.on(TimerC{1});
    EXPECT_EQ(count<CancelNet>(actions), 1U);
    ASSERT_TRUE(only<RespondUe>(actions));
    EXPECT_EQ(only<RespondUe>(actions)->status, 408);
    EXPECT_TRUE(only<AckAndByeNet>(engine.on(answered(1))));
}

TEST(Engine, T23_silence_is_504_and_what_answers_late_is_ended) {
    auto engine = started(retry(rel5_offer()));
    const auto actions = engine.on(TargetTimeout{1});
    ASSERT_TRUE(only<RespondUe>(actions));
    EXPECT_EQ(only<RespondUe>(actions)->status, 504);
    EXPECT_EQ(count<SendInvite>(actions), 0U);  // never a relaxation reason
    EXPECT_TRUE(only<CancelNet>(engine.on(provisional(1, 180))));
    EXPECT_TRUE(only<AckAndByeNet>(engine.on(answered(1))));

    auto responding = started(retry(rel5_offer()));
    responding.on(provisional(1, 100));
    EXPECT_TRUE(responding.on(TargetTimeout{1}).empty());  // it did respond
}

TEST(Engine, T23_503_and_transport_errors_are_500) {
    auto overloaded = started(retry(rel5_offer()));
    const auto actions = overloaded.on(refused(1, 503, "Retry-After: 20\r\n"));
    ASSERT_TRUE(only<RespondUe>(actions));
    EXPECT_EQ(only<RespondUe>(actions)->status, 500);
    EXPECT_EQ(actions[0].why.row, "T23");
    auto broken = started(retry(rel5_offer()));
    EXPECT_EQ(only<RespondUe>(broken.on(TransportError{1}))->status, 500);
    EXPECT_TRUE(broken.done());
}

TEST(Engine, IW_ORG_01_PASS_forwards_what_comes) {
    Start start;
    start.offer = rel5_offer();
    auto engine = started(start);
    EXPECT_EQ(only<ForwardProvisional>(engine.on(provisional(1, 183)))->ue_tag, 0U);
    const auto actions = engine.on(unsupported(1, "precondition"));
    const auto final = only<ForwardFinal>(actions);
    ASSERT_TRUE(final);
    EXPECT_EQ(final->attempt, 1U);
    EXPECT_EQ(final->warning_399, std::nullopt);
    EXPECT_EQ(actions[0].why.rule, "IW-ORG-01");
    EXPECT_EQ(actions[0].why.row, "T01");
}

TEST(Engine, access_deny_sends_nothing) {
    Engine engine;
    Start start;
    start.allowed = false;
    const auto actions = engine.on(start);
    ASSERT_EQ(actions.size(), 1U);
    const auto answer = only<RespondUe>(actions);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 403);
    EXPECT_EQ(answer->warning_399, "Destination domain not permitted");
    EXPECT_FALSE(answer->reason);
    EXPECT_TRUE(engine.done());
}

TEST(Engine, IW_TC_10_STRICT_420_is_403_with_warning_and_reason) {
    auto engine = started(strict(rel5_offer(), {"precondition"}));
    const auto actions = engine.on(unsupported(1, "precondition"));
    ASSERT_EQ(actions.size(), 1U);
    const auto answer = only<RespondUe>(actions);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 403);
    EXPECT_EQ(answer->warning_399, "Destination lacks required capability: precondition");
    ASSERT_TRUE(answer->reason);
    EXPECT_EQ(answer->reason->print(), "SIP;cause=420;text=\"Bad Extension\"");
    EXPECT_EQ(actions[0].why.rule, "IW-RES-03");
}

TEST(Engine, IW_TC_11_T16_STRICT_200_without_qos_gets_ack_bye_and_403) {
    auto engine = started(strict(rel5_offer(), {"precondition"}));
    const auto actions = engine.on(answered(1, sdp("")));
    ASSERT_EQ(actions.size(), 2U);
    ASSERT_TRUE(only<AckAndByeNet>(actions));
    EXPECT_EQ(only<AckAndByeNet>(actions)->reason.cause, 403);
    EXPECT_EQ(only<RespondUe>(actions)->status, 403);
    EXPECT_TRUE(engine.done());
}

TEST(Engine, IW_RES_05_STRICT_violation_at_18x_is_cancelled) {
    auto engine = started(strict(rel5_offer(), {"precondition"}));
    const auto actions = engine.on(provisional(1, 180, sdp("")));
    EXPECT_EQ(count<ForwardProvisional>(actions), 0U);
    ASSERT_TRUE(only<CancelNet>(actions));
    EXPECT_EQ(only<RespondUe>(actions)->status, 403);
    EXPECT_EQ(only<AckAndByeNet>(engine.on(answered(1)))->reason.cause, 403);
}

TEST(Engine, STRICT_lets_a_capable_peer_through) {
    auto engine = started(strict(rel5_offer(), {"precondition"}));
    auto reliable = provisional(1, 183, sdp(rel5_qos));
    reliable.reliable = true;
    reliable.update = true;
    EXPECT_TRUE(only<ForwardProvisional>(engine.on(reliable)));
    EXPECT_TRUE(only<ForwardSuccess>(engine.on(answered(1))));  // its answer came in the 183
}

TEST(Engine, IW_RES_01_STRICT_judges_100rel_and_update_too) {
    auto unreliable = started(strict(rel5_offer(), {"100rel"}));
    EXPECT_EQ(only<RespondUe>(unreliable.on(provisional(1, 180)))->status, 403);
    auto no_update = started(strict(rel5_offer(), {"update"}));
    EXPECT_EQ(only<RespondUe>(no_update.on(answered(1, sdp(rel5_qos), "Allow: INVITE, ACK\r\n")))->status, 403);
    auto unknown = started(strict(rel5_offer(), {"update"}));
    EXPECT_TRUE(only<ForwardSuccess>(unknown.on(answered(1, sdp(rel5_qos)))));
}

TEST(Engine, IW_RES_01_known_missing_sends_nothing) {
    auto start = strict(rel5_offer(), {"precondition"});
    start.known_missing = {"100rel"};
    Engine engine;
    const auto actions = engine.on(start);
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(only<RespondUe>(actions)->warning_399, "Destination lacks required capability: 100rel");
    EXPECT_FALSE(only<RespondUe>(actions)->reason);
}

TEST(Engine, IW_TC_127_STRICT_passes_what_it_does_not_insist_on) {
    auto engine = started(strict(offer("Require: timer\r\n"), {"tls"}));
    const auto actions = engine.on(unsupported(1, "timer"));
    ASSERT_EQ(actions.size(), 1U);
    ASSERT_TRUE(only<ForwardFinal>(actions));
    EXPECT_EQ(only<ForwardFinal>(actions)->attempt, 1U);
}

TEST(Engine, IW_TC_74_T04_in_the_machine) {
    auto timer = started(retry(offer("Require: timer, precondition\r\n")));
    const auto again = timer.on(unsupported(1, "timer"));
    ASSERT_TRUE(only<SendInvite>(again));
    EXPECT_EQ(only<SendInvite>(again)->relaxation.level, Level::as_received);
    EXPECT_EQ(only<SendInvite>(again)->sent.tags.require, (sip::OptionTags{"precondition"}));
    auto replaces = started(retry(offer("Require: replaces\r\n")));
    EXPECT_TRUE(only<ForwardFinal>(replaces.on(unsupported(1, "replaces"))));
}

TEST(Engine, IW_TC_87_a_signed_body_ends_with_the_420) {
    auto of = rel5_offer();
    of.sealed = true;
    auto engine = started(retry(of));
    const auto again = engine.on(unsupported(1, "precondition, 100rel"));
    ASSERT_TRUE(only<SendInvite>(again));
    EXPECT_TRUE(only<SendInvite>(again)->sent.qos_lines);  // the lines stay where they are
    EXPECT_EQ(only<ForwardFinal>(engine.on(unsupported(2, "precondition")))->attempt, 1U);
}

TEST(Engine, IW_DET_05_an_ignored_require_is_named) {
    auto engine = started(retry(rel5_offer()));
    const auto actions = engine.on(provisional(1, 180));
    EXPECT_EQ(actions.back().why.row, "T16");
    EXPECT_EQ(actions.back().why.rule, "IW-DET-05");
}

TEST(Engine, IW_RET_06_role_of_the_first_attempt) {
    const auto role = [](Mode mode, UeClass ue_class, bool qos_lines, bool privacy, Role retry_role = Role::b2bua) {
        Terms terms;
        terms.mode = mode;
        terms.retry_role = retry_role;
        return first_role(terms, ue_class, qos_lines, privacy);
    };
    EXPECT_EQ(role(Mode::retry, UeClass::rel5, true, false), Role::b2bua);
    EXPECT_EQ(role(Mode::retry, UeClass::unknown, true, false), Role::b2bua);
    EXPECT_EQ(role(Mode::retry, UeClass::rel5, false, false), Role::proxy);
    EXPECT_EQ(role(Mode::retry, UeClass::rel6, true, false), Role::proxy);
    EXPECT_EQ(role(Mode::retry, UeClass::rel5, true, false, Role::proxy), Role::proxy);
    EXPECT_EQ(role(Mode::pass, UeClass::rel5, true, false), Role::proxy);
    EXPECT_EQ(role(Mode::pass, UeClass::plain, false, true), Role::b2bua);
    EXPECT_EQ(role(Mode::strict, UeClass::rel6, true, false), Role::b2bua);
}

TEST(Engine, events_of_unknown_attempts_are_ignored) {
    auto engine = started(retry(rel5_offer()));
    EXPECT_TRUE(engine.on(unsupported(0, "precondition")).empty());
    EXPECT_TRUE(engine.on(unsupported(2, "precondition")).empty());
    EXPECT_TRUE(engine.on(answered(7)).empty());
    EXPECT_EQ(engine.phase(), Phase::sent);
    Engine idle;
    EXPECT_TRUE(idle.on(UeCancel{}).empty());
}

}  // namespace
}  // namespace isthmus::interworking
