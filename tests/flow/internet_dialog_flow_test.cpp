// Calls to the Internet at their worst moments: forks, crossing messages, losses on either leg.
#include <gmock/gmock.h>

#include "common/sip/headers.hpp"
#include "tests/flow/internet_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::HasSubstr;

class InternetDialog : public InternetNetwork {
  protected:
    /// alice calls dave, dave answers with tag d1, alice acknowledges.
    sip::Message connect() {
        ready(policy::Mode::retry);
        call_rel5();
        first = dave.expect("INVITE");
        dave.answer(*first, 200, "OK", "d1", contact_of_dave, plain_sdp);
        auto ok = alice_phone.expect("SIP/2.0 200");
        alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
        dave.expect("ACK");
        return ok;
    }
    static std::string with_offer() {
        return "Contact: <sip:alice@127.0.2.1:5070>\nContent-Type: application/sdp\n\n" + plain_sdp;
    }
    std::optional<sip::Message> first;
};
INSTANTIATE_TEST_SUITE_P(With, InternetDialog, testing::Values(1, 4), worker_count);

TEST_P(InternetDialog, IW_RET_06_each_fork_is_an_early_dialog_and_the_ACK_reaches_the_one_that_answered) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto invite = dave.expect("INVITE");
    dave.answer(invite, 183, "Session Progress", "d1", contact_of_dave);
    dave.answer(invite, 183, "Session Progress", "d2", contact_of_dave);
    const auto one = alice_phone.expect("SIP/2.0 183");
    const auto two = alice_phone.expect("SIP/2.0 183");
    EXPECT_NE(one.to_tag(), two.to_tag());
    dave.answer(invite, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    EXPECT_EQ(ok.to_tag(), one.to_tag());
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    EXPECT_EQ(dave.expect("ACK").to_tag(), "d1");
    alice_phone.send(pcscf, from_alice(ok, "BYE", 8));
    EXPECT_EQ(dave.expect("BYE").to_tag(), "d1");
}

TEST_P(InternetDialog, IW_RET_09_a_BYE_to_one_fork_leaves_the_call_of_the_other) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto invite = dave.expect("INVITE");
    dave.answer(invite, 183, "Session Progress", "d1", contact_of_dave);
    const auto one = alice_phone.expect("SIP/2.0 183");
    alice_phone.send(pcscf, from_alice(one, "BYE", 8));
    dave.answer(dave.expect("BYE"), 200, "OK", "");
    alice_phone.expect("SIP/2.0 200");
    dave.answer(invite, 200, "OK", "d2", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    EXPECT_EQ(dave.expect("ACK").to_tag(), "d2");
    alice_phone.send(pcscf, from_alice(ok, "BYE", 9));
    EXPECT_EQ(dave.expect("BYE").to_tag(), "d2");
}

TEST_P(InternetDialog, IW_ORG_10_the_BYE_counts_on_from_a_PRACK) {
    ready(policy::Mode::retry);
    const auto branch = call_rel5();
    const auto invite = dave.expect("INVITE");
    dave.answer(invite, 183, "Session Progress", "d1", std::string(contact_of_dave) + "\nRequire: 100rel\nRSeq: 55",
                plain_sdp);
    alice_phone.send(pcscf, from_alice(alice_phone.expect("SIP/2.0 183"), "PRACK", 8) + "RAck: 55 7 INVITE\n");
    const auto prack = dave.expect("PRACK");
    alice_phone.send(pcscf, cancel(branch));
    dave.expect("CANCEL");
    dave.answer(invite, 200, "OK", "d1", contact_of_dave, plain_sdp);
    EXPECT_GT(dave.expect("BYE").cseq(), prack.cseq());
}

TEST_P(InternetDialog, IW_ORG_09_a_ring_that_comes_after_the_target_timeout_is_cancelled_too) {
    ready(policy::Mode::retry);
    const auto branch = call_rel5();
    const auto invite = dave.expect("INVITE");
    alice_phone.send(pcscf, cancel(branch));
    alice_phone.expect("SIP/2.0 487");
    EXPECT_FALSE(dave.has("CANCEL")) << "RFC 3261 9.1: not before a provisional response";
    net.advance(5'000);
    dave.answer(invite, 180, "Ringing", "d1", contact_of_dave);
    dave.answer(dave.expect("CANCEL"), 200, "OK", "d1");
    dave.answer(invite, 487, "Request Terminated", "d1");
    dave.expect("ACK");
    EXPECT_FALSE(alice_phone.has("SIP/2.0 180"));
}

TEST_P(InternetDialog, a_cancelled_call_to_a_silent_target_leaves_nothing_behind) {
    ready(policy::Mode::retry);
    net.advance(200'000);  // what the registration left
    net.silence("127.0.3.1:5060", true);
    const auto branch = call_rel5();
    alice_phone.send(pcscf, cancel(branch));
    alice_phone.expect("SIP/2.0 487");
    alice_phone.send(pcscf, "ACK sip:dave@isp.example SIP/2.0\nVia: SIP/2.0/UDP 127.0.2.1:5070;branch=" + branch +
                                "\nMax-Forwards: 70\n" + route +
                                "From: <sip:alice@home1.net>;tag=ua\nTo: <sip:dave@isp.example>;tag=x\nCall-ID: "
                                "u1\nCSeq: 7 ACK\n");
    net.advance(200'000);
    for (std::size_t i = 0; i < GetParam(); ++i) {
        EXPECT_EQ(scscf.core(i).client_transactions(), 0U);
        EXPECT_EQ(scscf.core(i).server_transactions(), 0U);
    }
}

TEST_P(InternetDialog, IW_ORG_08_each_200_is_acknowledged_again_when_it_comes_again) {
    connect();
    dave.answer(*first, 200, "OK", "d2", contact_of_dave, plain_sdp);
    EXPECT_EQ(dave.expect("ACK").to_tag(), "d2");
    dave.expect("BYE");
    dave.answer(*first, 200, "OK", "d1", contact_of_dave, plain_sdp);
    EXPECT_EQ(dave.expect("ACK").to_tag(), "d1");
    dave.answer(*first, 200, "OK", "d2", contact_of_dave, plain_sdp);
    EXPECT_EQ(dave.expect("ACK").to_tag(), "d2");
    EXPECT_FALSE(dave.has("BYE"));
    EXPECT_FALSE(alice_phone.has("SIP/2.0 200"));
}

TEST_P(InternetDialog, RFC3261_13_3_the_200_of_a_re_INVITE_was_lost_on_the_UE_leg) {
    const auto ok = connect();
    alice_phone.send(pcscf, from_alice(ok, "INVITE", 8) + with_offer());
    const auto again = dave.expect("INVITE");
    dave.answer(again, 200, "OK", "", contact_of_dave, plain_sdp);
    alice_phone.drop_all();
    dave.answer(again, 200, "OK", "", contact_of_dave, plain_sdp);
    const auto repeated = alice_phone.expect("SIP/2.0 200");
    EXPECT_EQ(repeated.cseq(), 8U);
    alice_phone.send(pcscf, from_alice(ok, "ACK", 8));
    dave.expect("ACK");
    dave.answer(again, 200, "OK", "", contact_of_dave, plain_sdp);
    EXPECT_EQ(dave.expect("ACK").cseq(), again.cseq());
}

TEST_P(InternetDialog, RFC3261_13_3_the_200_of_the_far_sides_re_INVITE_was_lost) {
    connect();
    const auto offer = std::string(contact_of_dave) + "\nContent-Type: application/sdp\n\n" + plain_sdp;
    dave.send(scscf, from_dave(*first, "INVITE", 1) + offer);
    const auto again = alice_phone.expect("INVITE");
    alice_phone.answer(again, 200, "OK", "", "Contact: <sip:alice@127.0.2.1:5070>", plain_sdp);
    dave.drop_all();
    alice_phone.answer(again, 200, "OK", "", "Contact: <sip:alice@127.0.2.1:5070>", plain_sdp);
    dave.expect("SIP/2.0 200");
    dave.send(scscf, from_dave(*first, "ACK", 1));
    EXPECT_EQ(alice_phone.expect("ACK").cseq(), again.cseq());
    alice_phone.answer(again, 200, "OK", "", "Contact: <sip:alice@127.0.2.1:5070>", plain_sdp);
    EXPECT_EQ(alice_phone.expect("ACK").cseq(), again.cseq());
}

TEST_P(InternetDialog, CANCEL_of_a_re_INVITE_is_sent_once) {
    const auto ok = connect();
    const auto branch = alice_phone.send(pcscf, from_alice(ok, "INVITE", 8) + with_offer());
    const auto again = dave.expect("INVITE");
    dave.answer(again, 180, "Ringing", "", contact_of_dave);
    auto text = from_alice(ok, "CANCEL", 8);
    text.replace(text.find("{via}"), 5, "SIP/2.0/UDP 127.0.2.1:5070;branch=" + branch);
    alice_phone.send(pcscf, text);
    dave.expect("CANCEL");
    dave.answer(again, 180, "Ringing", "", contact_of_dave);
    EXPECT_FALSE(dave.has("CANCEL"));
    dave.answer(again, 487, "Request Terminated", "");
    alice_phone.expect("SIP/2.0 487");
    alice_phone.send(pcscf, from_alice(ok, "BYE", 9));
    dave.expect("BYE");
}

TEST_P(InternetDialog, BYE_crosses_BYE) {
    const auto ok = connect();
    alice_phone.send(pcscf, from_alice(ok, "BYE", 8));
    const auto bye = dave.expect("BYE");
    dave.send(scscf, from_dave(*first, "BYE", 1));
    alice_phone.answer(alice_phone.expect("BYE"), 200, "OK", "");
    dave.expect("SIP/2.0 200");
    dave.answer(bye, 200, "OK", "");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(InternetDialog, IW_RET_06_a_proxied_first_attempt_then_our_own_dialog) {
    ready(policy::Mode::retry);
    alice_phone.send(pcscf, invite("Require: 100rel\n", plain_sdp));
    const auto proxied = dave.expect("INVITE");
    EXPECT_EQ(proxied.call_id(), "u1");
    dave.answer(proxied, 420, "Bad Extension", "x1", "Unsupported: 100rel");
    dave.expect("ACK");
    const auto own = dave.expect("INVITE");
    EXPECT_NE(own.call_id(), "u1");
    EXPECT_FALSE(own.has(HeaderId::record_route));
    EXPECT_EQ(own.values(HeaderId::via).size(), 1U);
    dave.answer(own, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    EXPECT_EQ(ok.call_id(), "u1");
    EXPECT_EQ(ok.values(HeaderId::record_route).size(), 1U) << "the P-CSCF's";
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    EXPECT_EQ(dave.expect("ACK").call_id(), own.call_id());
    alice_phone.send(pcscf, from_alice(ok, "BYE", 8));
    dave.answer(dave.expect("BYE"), 200, "OK", "");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(InternetDialog, IW_ORG_06_the_refusal_of_the_proxied_attempt_is_the_last_word) {
    ready(policy::Mode::retry);
    alice_phone.send(pcscf, invite("Require: 100rel\n", plain_sdp));
    dave.answer(dave.expect("INVITE"), 420, "Bad Extension", "x1", "Unsupported: 100rel");
    dave.answer(dave.expect("INVITE"), 420, "Bad Extension", "x2", "Unsupported: timer");
    const auto refused = alice_phone.expect("SIP/2.0 420");
    EXPECT_EQ(refused.value(HeaderId::unsupported), "100rel");
    EXPECT_EQ(refused.to_tag(), "x1");
    EXPECT_EQ(refused.call_id(), "u1");
    EXPECT_EQ(refused.cseq(), 7U);
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)), HasSubstr("Interworking attempts exhausted"));
}

TEST_P(InternetDialog, DG_SES_04_cancelled_while_the_directory_thinks_nothing_is_sent_to_the_Internet) {
    ready(policy::Mode::retry);
    shared.registrations.publish(directory.users[0].profile, "alice@home1.net", {});  // as after a restart
    directory.slow = true;
    const auto branch = call_rel5();
    alice_phone.send(pcscf, cancel(branch));
    directory.wake();
    net.settle();
    alice_phone.expect("SIP/2.0 487");
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(InternetDialog, IW_IDP_02_what_cannot_be_hidden_is_refused_and_forgotten) {
    ready(policy::Mode::retry);
    alice_phone.send(pcscf, invite(std::string(rel5_tags) + "Privacy: session;critical\n"));
    EXPECT_THAT(std::string(alice_phone.expect("SIP/2.0 500").value(HeaderId::warning)),
                HasSubstr("Requested privacy cannot be provided"));
    EXPECT_FALSE(dave.has("INVITE"));
    EXPECT_THAT(metrics.serialise(), HasSubstr("isthmus_internet_calls_total{mode=\"RETRY\",outcome=\"5xx\"} 1"));
}

TEST_P(InternetDialog, IW_TC_67_privacy_user_hides_the_caller_from_the_far_side) {
    ready(policy::Mode::retry);
    alice_phone.send(pcscf, invite(std::string(rel5_tags) + "Privacy: user;id\nReply-To: <sip:alice@home1.net>\n"));
    const auto invited = dave.expect("INVITE");
    EXPECT_EQ(invited.print().find("alice"), std::string::npos) << invited.print();
    dave.answer(invited, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    EXPECT_EQ(ok.value(HeaderId::from), "<sip:alice@home1.net>;tag=ua");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    EXPECT_EQ(dave.expect("ACK").print().find("alice"), std::string::npos);
    alice_phone.send(pcscf, from_alice(ok, "INVITE", 8) + with_offer());
    const auto again = dave.expect("INVITE");
    EXPECT_EQ(again.print().find("alice"), std::string::npos) << again.print();
}

TEST_P(InternetDialog, a_retransmitted_INVITE_makes_no_second_call) {
    ready(policy::Mode::retry);
    auto text = invite(rel5_tags);
    text.replace(text.find("{via}"), 5, "SIP/2.0/UDP 127.0.2.1:5070;branch=z9hG4bKsame");
    alice_phone.send(pcscf, text);
    const auto first_invite = dave.expect("INVITE");
    alice_phone.send(pcscf, text);
    dave.answer(first_invite, 420, "Bad Extension", "x1", "Unsupported: precondition");
    dave.expect("INVITE");
    alice_phone.send(pcscf, text);
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(InternetDialog, IW_ORG_09_the_UE_gets_487_once_whatever_the_far_side_says_then) {
    ready(policy::Mode::retry);
    const auto branch = call_rel5();
    const auto invited = dave.expect("INVITE");
    alice_phone.send(pcscf, cancel(branch));
    const auto gone = alice_phone.expect("SIP/2.0 487");
    alice_phone.send(pcscf, "ACK sip:dave@isp.example SIP/2.0\nVia: SIP/2.0/UDP 127.0.2.1:5070;branch=" + branch +
                                "\nMax-Forwards: 70\n" + route + "From: <sip:alice@home1.net>;tag=ua\nTo: " +
                                std::string(gone.value(HeaderId::to)) + "\nCall-ID: u1\nCSeq: 7 ACK\n");
    dave.answer(invited, 100, "Trying", "");
    const auto cancelled = dave.expect("CANCEL");
    dave.answer(cancelled, 200, "OK", "d1");
    dave.answer(invited, 180, "Ringing", "d1", contact_of_dave);
    dave.answer(invited, 200, "OK", "d1", contact_of_dave, plain_sdp);
    dave.expect("ACK");
    dave.answer(dave.expect("BYE"), 200, "OK", "");
    alice_phone.expect("SIP/2.0 200");  // of the CANCEL
    EXPECT_FALSE(alice_phone.has("SIP/2.0"));
    net.advance(200'000);
    for (std::size_t i = 0; i < GetParam(); ++i) {
        EXPECT_EQ(scscf.core(i).client_transactions(), 0U);
        EXPECT_EQ(scscf.core(i).server_transactions(), 0U);
    }
}

TEST_P(InternetDialog, IN_SES_06_identity_and_orig_of_an_outsider_open_nothing) {
    ready(policy::Mode::pass);
    dave.send(scscf,
              "INVITE sip:bob@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\nRoute: <sip:127.0.1.30:5060;lr;orig>\n"
              "P-Asserted-Identity: <sip:alice@home1.net>\nFrom: <sip:alice@home1.net>;tag=z\nTo: "
              "<sip:bob@home1.net>\nCall-ID: in8\nCSeq: 1 INVITE\nContact: <sip:dave@127.0.3.1:5060>\n");
    dave.expect("SIP/2.0 403");
    dave.send(icscf,
              "REGISTER sip:home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\nRoute: <sip:127.0.1.20:5060;lr>\nFrom: "
              "<sip:alice@home1.net>;tag=z\nTo: <sip:alice@home1.net>\nCall-ID: in7\nCSeq: 1 REGISTER\nContact: "
              "<sip:dave@127.0.3.1:5060>\n");
    dave.expect("SIP/2.0 403");
    EXPECT_EQ(directory.users[0].bindings.front().contact, "sip:alice@127.0.2.1:5070");
}

TEST_P(InternetDialog, TC_SES_44_Max_Forwards_ends_at_the_node_where_it_is_used_up) {
    ready(policy::Mode::retry);
    for (const std::string hops : {"0", "1"}) {
        auto text = invite(rel5_tags);
        text.replace(text.find("Max-Forwards: 70"), 16, "Max-Forwards: " + hops);
        text.replace(text.find("Call-ID: u1"), 11, "Call-ID: h" + hops);
        alice_phone.send(pcscf, text);
        alice_phone.expect("SIP/2.0 483");
    }
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(InternetDialog, IN_SES_01_a_token_of_ours_makes_no_way_in_for_a_new_request) {
    ready(policy::Mode::pass);
    call_rel5();
    const auto invited = dave.expect("INVITE");
    const auto record = std::string(invited.first(HeaderId::record_route));
    ASSERT_THAT(record, HasSubstr("127.0.1.30"));
    dave.send(scscf, "INVITE sip:alice@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\nRoute: " + record +
                         ", <sip:127.0.1.20:5060;lr>\nFrom: <sip:dave@isp.example>;tag=z\nTo: "
                         "<sip:alice@home1.net>\nCall-ID: in9\nCSeq: 1 INVITE\nContact: <sip:dave@127.0.3.1:5060>\n");
    dave.expect("SIP/2.0 403");
    EXPECT_FALSE(alice_phone.has("INVITE"));
}

TEST_P(InternetDialog, IW_RET_07_re_INVITEs_that_cross_are_491_for_both) {
    const auto ok = connect();
    alice_phone.send(pcscf, from_alice(ok, "INVITE", 8) + with_offer());
    const auto at_dave = dave.expect("INVITE");
    dave.send(scscf, from_dave(*first, "INVITE", 1) +
                         "Contact: <sip:dave@127.0.3.1:5060>\nContent-Type: " + "application/sdp\n\n" + plain_sdp);
    const auto at_alice = alice_phone.expect("INVITE");
    dave.answer(at_dave, 491, "Request Pending", "");
    alice_phone.answer(at_alice, 491, "Request Pending", "");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 491").cseq(), 8U);
    EXPECT_EQ(dave.expect("SIP/2.0 491").cseq(), 1U);
    // Neither ended the call.
    alice_phone.send(pcscf, from_alice(ok, "BYE", 9));
    EXPECT_EQ(dave.expect("BYE").to_tag(), "d1");
}

TEST_P(InternetDialog, IW_TC_62_IW_RTE_03_a_next_hop_is_a_Route_and_the_Request_URI_stays) {
    ready(policy::Mode::pass);
    call_rel5();
    const auto invite = dave.expect("INVITE");
    EXPECT_EQ(invite.request_uri(), "sip:dave@isp.example");
    EXPECT_EQ(invite.first(HeaderId::route), "<sip:127.0.3.1:5060;lr>");
}

TEST_P(InternetDialog, IW_TC_85_IW_POL_05_without_preconditions_the_first_attempt_is_proxied) {
    ready(policy::Mode::retry);
    alice_phone.send(pcscf, invite("", plain_sdp));
    const auto received = dave.expect("INVITE");
    EXPECT_EQ(received.call_id(), "u1");
    dave.answer(received, 488, "Not Acceptable Here", "d1");
    alice_phone.expect("SIP/2.0 488");
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(InternetDialog, IW_RTE_10_a_name_that_leads_back_to_us_is_treated_as_home) {
    adjust = [](policy::Parameters& row) { row.next_hop.reset(); };
    net.a("isp.example", "127.0.1.30");
    ready(policy::Mode::pass);
    call_rel5();
    alice_phone.expect("SIP/2.0 404");
}

}  // namespace
}  // namespace isthmus::flow
