#include <gmock/gmock.h>

#include "common/sip/headers.hpp"
#include "common/sip/option_tags.hpp"
#include "tests/flow/internet_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::HasSubstr;
using testing::Not;

class Internet : public InternetNetwork {};
INSTANTIATE_TEST_SUITE_P(With, Internet, testing::Values(1, 4), worker_count);

TEST_P(Internet, IW_TC_03_IW_ORG_04_one_tag_at_a_time_until_the_call_is_answered) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    EXPECT_EQ(first.cseq(), 1U);
    EXPECT_THAT(std::string(first.value(HeaderId::require)), HasSubstr("precondition"));
    EXPECT_NE(first.call_id(), "u1") << "b2bua role: a Call-ID of our own";
    EXPECT_FALSE(first.has(HeaderId::p_access_network_info)) << "IW-INV-02";
    EXPECT_FALSE(first.has(HeaderId::p_charging_vector));
    EXPECT_FALSE(first.has(HeaderId::p_asserted_identity)) << "IW-IDP-01: stripped by default";

    dave.answer(first, 420, "Bad Extension", "x1", "Unsupported: precondition");
    dave.expect("ACK");
    const auto second = dave.expect("INVITE");
    EXPECT_EQ(second.cseq(), 2U);
    EXPECT_EQ(second.call_id(), first.call_id());
    EXPECT_EQ(second.from_tag(), first.from_tag());
    EXPECT_NE(second.branch(), first.branch());
    EXPECT_FALSE(sip::OptionTags::of(second, HeaderId::require).contains("precondition"));
    EXPECT_TRUE(sip::OptionTags::of(second, HeaderId::supported).contains("precondition"));
    EXPECT_THAT(std::string(second.body()), HasSubstr("a=des:qos optional local sendrecv"));
    EXPECT_THAT(std::string(second.body()), Not(HasSubstr("mandatory")));
    EXPECT_EQ(net.ladder(), R"(
alice -> pcscf INVITE
pcscf -> scscf INVITE
scscf -> dave INVITE
dave -> scscf 420 Bad Extension
scscf -> dave ACK
scscf -> dave INVITE
)") << "IW-ORG-04: the ACK goes before the next attempt, the UE hears nothing";

    dave.answer(second, 180, "Ringing", "d1", contact_of_dave);
    dave.answer(second, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ringing = alice_phone.expect("SIP/2.0 180");
    const auto ok = alice_phone.expect("SIP/2.0 200");
    EXPECT_EQ(ok.call_id(), "u1");
    EXPECT_EQ(ok.cseq(), 7U);
    EXPECT_EQ(ok.to_tag(), ringing.to_tag());
    EXPECT_NE(ok.to_tag(), "d1") << "the UE sees our own To tag";
    EXPECT_THAT(std::string(ok.body()), HasSubstr("m=audio 5000"));

    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    const auto ack = dave.expect("ACK");
    EXPECT_EQ(ack.cseq(), 2U);
    EXPECT_EQ(ack.to_tag(), "d1");
    alice_phone.send(pcscf, from_alice(ok, "BYE", 8));
    const auto bye = dave.expect("BYE");
    EXPECT_EQ(bye.cseq(), 3U);
    dave.answer(bye, 200, "OK", "");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Internet, IW_RET_09_hung_up_by_the_far_side) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(first, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    dave.expect("ACK");
    dave.send(scscf, from_dave(first, "BYE", 1));
    const auto bye = alice_phone.expect("BYE");
    EXPECT_EQ(bye.call_id(), "u1");
    EXPECT_EQ(bye.from_tag(), ok.to_tag());
    EXPECT_EQ(bye.to_tag(), "ua");
    alice_phone.answer(bye, 200, "OK", "");
    dave.expect("SIP/2.0 200");
    dave.send(scscf, from_dave(first, "BYE", 2));
    dave.expect("SIP/2.0 481");
}

TEST_P(Internet, IW_TC_04_both_tags_at_once_go_to_L2) {
    ready(policy::Mode::retry);
    call_rel5();
    dave.answer(dave.expect("INVITE"), 420, "Bad Extension", "x1", "Unsupported: precondition, 100rel");
    const auto second = dave.expect("INVITE");
    EXPECT_FALSE(has_qos(second));
    EXPECT_FALSE(second.has(HeaderId::require));
    EXPECT_THAT(std::string(second.value(HeaderId::supported)), Not(HasSubstr("100rel")));
}

TEST_P(Internet, IW_TC_01_IW_ORG_01_PASS_hands_the_refusal_to_the_UE) {
    ready(policy::Mode::pass);
    call_rel5();
    const auto only = dave.expect("INVITE");
    EXPECT_EQ(only.call_id(), "u1") << "proxy role";
    EXPECT_TRUE(has_qos(only));
    dave.answer(only, 420, "Bad Extension", "x1", "Unsupported: precondition");
    const auto refused = alice_phone.expect("SIP/2.0 420");
    EXPECT_EQ(refused.value(HeaderId::unsupported), "precondition");
    dave.expect("ACK");
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(Internet, IW_TC_02_IW_ORG_02_PASS_forwards_both_INVITEs_untouched) {
    ready(policy::Mode::pass);
    const std::string offer =
        "v=0\no=- 1 1 IN IP4 127.0.2.1\ns=-\nc=IN IP4 127.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\na=inactive\n"
        "a=curr:qos local none\na=curr:qos remote none\na=des:qos mandatory local sendrecv\na=des:qos optional remote "
        "sendrecv\n";
    alice_phone.send(pcscf, invite("Supported: precondition, 100rel\n", offer));
    const auto received = dave.expect("INVITE");
    EXPECT_THAT(std::string(received.body()), HasSubstr("a=inactive\r\na=curr:qos local none"));
    dave.answer(received, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    EXPECT_EQ(ok.to_tag(), "d1");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    dave.expect("ACK");
    alice_phone.send(pcscf, from_alice(ok, "INVITE", 8) +
                                "Contact: <sip:alice@127.0.2.1:5070>\nContent-Type: application/sdp\n\n" + plain_sdp);
    EXPECT_THAT(std::string(dave.expect("INVITE").body()), HasSubstr("m=audio 5000"));
}

TEST_P(Internet, IW_TC_09_a_real_failure_of_the_second_attempt_reaches_the_UE) {
    ready(policy::Mode::retry);
    call_rel5();
    dave.answer(dave.expect("INVITE"), 420, "Bad Extension", "x1", "Unsupported: precondition, 100rel");
    dave.answer(dave.expect("INVITE"), 486, "Busy Here", "x2");
    alice_phone.expect("SIP/2.0 486");
}

TEST_P(Internet, IW_TC_10_IW_RES_06_STRICT_refuses_what_the_home_network_insists_on) {
    required.precondition = true;
    ready(policy::Mode::strict);
    call_rel5();
    dave.answer(dave.expect("INVITE"), 420, "Bad Extension", "x1", "Unsupported: precondition");
    const auto refused = alice_phone.expect("SIP/2.0 403");
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)),
                testing::MatchesRegex("399 [A-Za-z0-9.:]+ \"Destination lacks required capability: precondition\""));
    EXPECT_THAT(std::string(refused.value(HeaderId::reason)), HasSubstr("cause=420"));
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(Internet, IW_TC_11_STRICT_hangs_up_on_an_answer_without_preconditions) {
    required.precondition = true;
    ready(policy::Mode::strict);
    call_rel5();
    dave.answer(dave.expect("INVITE"), 200, "OK", "d1", contact_of_dave, plain_sdp);
    dave.expect("ACK");
    const auto bye = dave.expect("BYE");
    EXPECT_THAT(std::string(bye.value(HeaderId::reason)), HasSubstr("cause=403"));
    alice_phone.expect("SIP/2.0 403");
}

TEST_P(Internet, IW_TC_118_a_denied_domain_gets_nothing_at_all) {
    ready(policy::Mode::retry);
    policy::DomainRule deny;
    deny.id = 9;
    deny.pattern = "isp.example";
    set_policy({deny});
    call_rel5();
    const auto refused = alice_phone.expect("SIP/2.0 403");
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)), HasSubstr("\"Destination domain not permitted\""));
    EXPECT_FALSE(dave.has("INVITE"));
    EXPECT_THAT(net.decisions, testing::Contains(HasSubstr("IW-POL-01")));
}

TEST_P(Internet, IW_POL_09_silence_is_no_permission) {
    ready(policy::Mode::retry);
    set_policy({});
    call_rel5();
    alice_phone.expect("SIP/2.0 403");
}

TEST_P(Internet, IW_TC_24_CANCEL_between_refusal_and_retry_sends_no_second_INVITE) {
    ready(policy::Mode::retry);
    const auto branch = call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(first, 183, "Session Progress", "d1", contact_of_dave);
    alice_phone.send(pcscf, cancel(branch));
    alice_phone.expect("SIP/2.0 200");
    const auto cancelled = dave.expect("CANCEL");
    EXPECT_FALSE(cancelled.has(HeaderId::require)) << "IW-RET-10";
    dave.answer(first, 420, "Bad Extension", "d1", "Unsupported: precondition");
    dave.expect("ACK");
    alice_phone.expect("SIP/2.0 487");
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(Internet, IW_TC_25_a_200_that_crosses_the_CANCEL_is_acknowledged_and_hung_up) {
    ready(policy::Mode::retry);
    const auto branch = call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(first, 180, "Ringing", "d1", contact_of_dave);
    alice_phone.send(pcscf, cancel(branch));
    dave.expect("CANCEL");
    dave.answer(first, 200, "OK", "d1", contact_of_dave, plain_sdp);
    EXPECT_EQ(dave.expect("ACK").cseq(), 1U);
    const auto bye = dave.expect("BYE");
    EXPECT_THAT(std::string(bye.value(HeaderId::reason)), HasSubstr("cause=487"));
    EXPECT_GT(bye.cseq(), 1U);
    alice_phone.expect("SIP/2.0 487");
}

TEST_P(Internet, IW_TC_27_of_two_200s_the_second_is_hung_up) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(first, 200, "OK", "d1", contact_of_dave, plain_sdp);
    alice_phone.expect("SIP/2.0 200");
    dave.answer(first, 200, "OK", "d2", contact_of_dave, plain_sdp);
    EXPECT_EQ(dave.expect("ACK").to_tag(), "d2");
    EXPECT_EQ(dave.expect("BYE").to_tag(), "d2");
    EXPECT_FALSE(alice_phone.has("SIP/2.0 200"));
}

TEST_P(Internet, RFC3261_13_2_2_4_the_lost_ACK_is_repeated_when_the_200_is) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(first, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    dave.answer(first, 200, "OK", "d1", contact_of_dave, plain_sdp);
    alice_phone.expect("SIP/2.0 200");  // the UE's 200 was lost, for all we know
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    dave.expect("ACK");
    dave.answer(first, 200, "OK", "d1", contact_of_dave, plain_sdp);
    dave.expect("ACK");
}

TEST_P(Internet, IW_TC_124_early_dialogs_carry_our_own_tags_and_PRACK_is_translated) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(first, 183, "Session Progress", "d1", std::string(contact_of_dave) + "\nRequire: 100rel\nRSeq: 55",
                plain_sdp);
    const auto progress = alice_phone.expect("SIP/2.0 183");
    EXPECT_NE(progress.to_tag(), "d1");
    EXPECT_EQ(progress.value(HeaderId::rseq), "55");
    alice_phone.send(pcscf, from_alice(progress, "PRACK", 8) + "RAck: 55 7 INVITE\n");
    const auto prack = dave.expect("PRACK");
    EXPECT_EQ(prack.value(HeaderId::rack), "55 1 INVITE");
    EXPECT_EQ(prack.to_tag(), "d1");
    dave.answer(prack, 200, "OK", "");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Internet, IW_RTE_08_a_silent_target_costs_its_timeout_only) {
    ready(policy::Mode::retry);
    net.silence("127.0.3.1:5060", true);
    call_rel5();
    net.advance(3'100);
    alice_phone.expect("SIP/2.0 504");
}

TEST_P(Internet, IN_SES_01_nothing_is_taken_directly_from_outside) {
    ready(policy::Mode::pass);
    dave.send(scscf,
              "INVITE sip:alice@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\nFrom: <sip:dave@isp.example>;tag=d1\n"
              "To: <sip:alice@home1.net>\nCall-ID: in1\nCSeq: 1 INVITE\nContact: <sip:dave@127.0.3.1:5060>\n");
    dave.expect("SIP/2.0 403");
}

TEST_P(Internet, the_decision_names_row_rule_and_evidence) {
    ready(policy::Mode::retry);
    call_rel5();
    dave.answer(dave.expect("INVITE"), 420, "Bad Extension", "x1", "Unsupported: precondition");
    EXPECT_THAT(net.decisions,
                testing::Contains(testing::AllOf(HasSubstr("policy row 7"), HasSubstr("UE_R5"), HasSubstr("E01"))));
    EXPECT_THAT(net.decisions,
                testing::Contains(testing::AllOf(HasSubstr("T01"), HasSubstr("policy row 7"), HasSubstr("420"))));
}

TEST_P(Internet, attempts_and_calls_are_counted_by_level_and_outcome) {
    ready(policy::Mode::retry);
    call_rel5();
    dave.answer(dave.expect("INVITE"), 420, "Bad Extension", "x1", "Unsupported: precondition");
    dave.answer(dave.expect("INVITE"), 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto page = metrics.serialise();
    EXPECT_THAT(page, HasSubstr("isthmus_internet_attempts_total{level=\"L0\",status=\"420\"} 1"));
    EXPECT_THAT(page, HasSubstr("isthmus_internet_attempts_total{level=\"L1\",status=\"200\"} 1"));
    EXPECT_THAT(page, HasSubstr("isthmus_internet_calls_total{mode=\"RETRY\",outcome=\"2xx\"} 1"));
}

TEST_P(Internet, a_re_INVITE_is_carried_to_the_other_leg_and_back) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(first, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    dave.expect("ACK");
    alice_phone.send(pcscf, from_alice(ok, "INVITE", 8) +
                                "Contact: <sip:alice@127.0.2.1:5070>\nContent-Type: application/sdp\n\n" + plain_sdp);
    const auto again = dave.expect("INVITE");
    EXPECT_EQ(again.cseq(), 2U);
    EXPECT_EQ(again.to_tag(), "d1");
    dave.answer(again, 200, "OK", "", contact_of_dave, plain_sdp);
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").cseq(), 8U);
    alice_phone.send(pcscf, from_alice(ok, "ACK", 8));
    EXPECT_EQ(dave.expect("ACK").cseq(), 2U);
}

}  // namespace
}  // namespace isthmus::flow
