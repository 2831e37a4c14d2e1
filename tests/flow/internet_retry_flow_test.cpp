// Mode RETRY beyond the levels: PRACK refused, 421, 513, the proxy role, redirections, credentials, rates.
#include <gmock/gmock.h>

#include "common/sip/digest.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/option_tags.hpp"
#include "tests/flow/internet_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::HasSubstr;
using testing::Not;

class Retry : public InternetNetwork {
  protected:
    /// Reliable progress with an answer, and the UE's PRACK for it as dave gets it.
    sip::Message up_to_prack(const sip::Message& first) {
        dave.answer(first, 183, "Session Progress", "d1", std::string(contact_of_dave) + "\nRequire: 100rel\nRSeq: 55",
                    plain_sdp);
        progress.emplace(alice_phone.expect("SIP/2.0 183"));
        alice_phone.send(pcscf, from_alice(*progress, "PRACK", 8) + "RAck: 55 7 INVITE\n");
        return dave.expect("PRACK");
    }
    /// Rows for isp.example and others, each through a phone of ours.
    void also_allow(const std::string& pattern, const std::string& next_hop) {
        auto rule = allow(pattern, policy::Mode::retry);
        rule.id = 8;
        rule.parameters.next_hop = next_hop;
        auto first = allow("isp.example", policy::Mode::retry);
        first.parameters.next_hop = "sip:127.0.3.1:5060";
        adjust(first.parameters);
        set_policy({first, rule});
    }

    std::optional<sip::Message> progress;
    Phone erin{net, "erin", "127.0.3.2:5060"};
};
INSTANTIATE_TEST_SUITE_P(With, Retry, testing::Values(1, 4), worker_count);

TEST_P(Retry, IW_TC_16_a_refused_PRACK_is_hidden_and_the_next_attempt_is_another_early_dialog) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    const auto prack = up_to_prack(first);
    net.ladder();
    dave.answer(prack, 501, "Not Implemented", "");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").cseq_method(), "PRACK");
    const auto cancel = dave.expect("CANCEL");
    dave.answer(cancel, 200, "OK", "");
    EXPECT_FALSE(dave.has("INVITE")) << "not before the first one has ended";
    dave.answer(first, 487, "Request Terminated", "d1");
    dave.expect("ACK");
    const auto second = dave.expect("INVITE");
    EXPECT_EQ(second.cseq(), 3U) << "the PRACK was 2";
    EXPECT_EQ(second.call_id(), first.call_id());
    EXPECT_TRUE(second.to_tag().empty());
    EXPECT_FALSE(has_qos(second));
    dave.answer(second, 420, "Bad Extension", "d2");
    dave.expect("ACK");
    const auto third = dave.expect("INVITE");
    EXPECT_EQ(third.cseq(), 4U);
    dave.answer(third, 200, "OK", "d2", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    EXPECT_EQ(ok.cseq_method(), "INVITE");
    EXPECT_NE(ok.to_tag(), progress->to_tag()) << "IW-RET-06: an answer was shown under the old one";
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    EXPECT_EQ(dave.expect("ACK").cseq(), 4U);
    alice_phone.send(pcscf, from_alice(ok, "BYE", 9));
    EXPECT_EQ(dave.expect("BYE").to_tag(), "d2");
    EXPECT_EQ(net.ladder(), R"(
dave -> scscf 501 Not Implemented
scscf -> dave CANCEL
scscf -> pcscf 200 OK
pcscf -> alice 200 OK
dave -> scscf 200 OK
dave -> scscf 487 Request Terminated
scscf -> dave ACK
scscf -> dave INVITE
dave -> scscf 420 Bad Extension
scscf -> dave ACK
scscf -> dave INVITE
dave -> scscf 200 OK
scscf -> pcscf 200 OK
pcscf -> alice 200 OK
alice -> pcscf ACK
pcscf -> scscf ACK
scscf -> dave ACK
alice -> pcscf BYE
pcscf -> scscf BYE
scscf -> dave BYE
)");
}

TEST_P(Retry, IW_TC_16_in_the_proxy_role_the_refusal_goes_on) {
    adjust = [](policy::Parameters& row) { row.retry_role = policy::RetryRole::proxy; };
    ready(policy::Mode::retry);
    call_rel5();
    const auto prack = up_to_prack(dave.expect("INVITE"));
    dave.answer(prack, 501, "Not Implemented", "");
    alice_phone.expect("SIP/2.0 501");
    EXPECT_FALSE(dave.has("CANCEL"));
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(Retry, T14_a_silent_PRACK_counts_as_refused) {
    adjust = [](policy::Parameters& row) { row.setup_budget = std::chrono::seconds(60); };
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    up_to_prack(first);
    net.advance(32'100);  // Timer F
    dave.expect("CANCEL");
    dave.answer(first, 487, "Request Terminated", "d1");
    EXPECT_FALSE(has_qos(dave.expect("INVITE")));
}

TEST_P(Retry, IW_ENG_03_a_PRACK_that_fails_after_the_setup_budget_is_no_reason_to_begin_anew) {
    ready(policy::Mode::retry);
    call_rel5();
    up_to_prack(dave.expect("INVITE"));
    net.advance(32'100);
    EXPECT_FALSE(dave.has("CANCEL"));
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(Retry, IW_TC_17_a_refused_UPDATE_reaches_the_UE) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(up_to_prack(first), 200, "OK", "");
    alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(*progress, "UPDATE", 9) + "Contact: <sip:alice@127.0.2.1:5070>\n");
    dave.answer(dave.expect("UPDATE"), 405, "Method Not Allowed", "", "Allow: INVITE, ACK, BYE");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 405").value(HeaderId::allow), "INVITE, ACK, BYE");
    EXPECT_FALSE(dave.has("CANCEL"));
}

TEST_P(Retry, IW_RES_05_STRICT_ends_the_call_over_a_refused_UPDATE) {
    required.update = true;
    ready(policy::Mode::strict);
    call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(up_to_prack(first), 200, "OK", "");
    alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(*progress, "UPDATE", 9) + "Contact: <sip:alice@127.0.2.1:5070>\n");
    dave.answer(dave.expect("UPDATE"), 405, "Method Not Allowed", "");
    EXPECT_THAT(std::string(dave.expect("CANCEL").value(HeaderId::reason)), HasSubstr("cause=403"));
    EXPECT_THAT(std::string(alice_phone.expect("SIP/2.0 403").value(HeaderId::warning)),
                HasSubstr("Destination lacks required capability: update"));
}

TEST_P(Retry, IW_TC_19_421_is_met_with_what_the_UE_supports) {
    ready(policy::Mode::retry);
    alice_phone.send(pcscf, invite("Supported: 100rel, precondition\n"));
    const auto first = dave.expect("INVITE");
    EXPECT_FALSE(first.has(HeaderId::require));
    dave.answer(first, 421, "Extension Required", "x1", "Require: 100rel");
    const auto second = dave.expect("INVITE");
    EXPECT_EQ(second.value(HeaderId::require), "100rel");
    EXPECT_EQ(second.value(HeaderId::supported), "precondition");
    EXPECT_EQ(second.body(), first.body());
}

TEST_P(Retry, IW_TC_18_a_multipart_body_is_reduced_once_after_400) {
    ready(policy::Mode::retry);
    const std::string body =
        "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 127.0.2.1\r\ns=-\r\nc=IN IP4 127.0.2.1\r\n"
        "t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n\r\n--b\r\nContent-Type: application/x-other\r\n\r\nzz\r\n--b--\r\n";
    auto text = invite("Supported: timer\n", "");
    const std::string plain = "Content-Type: application/sdp";
    text.replace(text.find(plain), plain.size(), "Content-Type: multipart/mixed;boundary=b");
    alice_phone.send(pcscf, text + body);
    const auto first = dave.expect("INVITE");
    EXPECT_THAT(std::string(first.body()), HasSubstr("x-other"));
    dave.answer(first, 400, "Bad Request", "x1");
    const auto second = dave.expect("INVITE");
    EXPECT_EQ(second.value(HeaderId::content_type), "application/sdp");
    EXPECT_THAT(std::string(second.body()), Not(HasSubstr("x-other")));
    dave.answer(second, 400, "Bad Request", "x2");
    alice_phone.expect("SIP/2.0 400");
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(Retry, IW_TC_121_513_over_UDP_goes_by_TCP_at_the_same_level) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    EXPECT_THAT(std::string(first.first(HeaderId::via)), HasSubstr("SIP/2.0/UDP"));
    dave.answer(first, 513, "Message Too Large", "x1");
    const auto second = dave.expect("INVITE");
    EXPECT_THAT(std::string(second.first(HeaderId::via)), HasSubstr("SIP/2.0/TCP"));
    EXPECT_TRUE(has_qos(second));
    dave.answer(second, 513, "Message Too Large", "x2");
    const auto third = dave.expect("INVITE");
    EXPECT_THAT(std::string(third.first(HeaderId::via)), HasSubstr("SIP/2.0/TCP"));
    EXPECT_FALSE(has_qos(third));
    dave.answer(third, 513, "Message Too Large", "x3");
    alice_phone.expect("SIP/2.0 513");
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(Retry, IW_TC_23_in_the_proxy_role_only_the_header_changes) {
    adjust = [](policy::Parameters& row) { row.retry_role = policy::RetryRole::proxy; };
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    EXPECT_EQ(first.call_id(), "u1");
    dave.answer(first, 420, "Bad Extension", "x1", "Unsupported: precondition");
    dave.expect("ACK");
    const auto second = dave.expect("INVITE");
    EXPECT_EQ(second.call_id(), "u1");
    EXPECT_EQ(second.cseq(), 7U);
    EXPECT_EQ(second.from_tag(), "ua");
    EXPECT_NE(second.branch(), first.branch());
    EXPECT_FALSE(second.has(HeaderId::require));
    EXPECT_EQ(second.body(), first.body());
    EXPECT_EQ(second.value(HeaderId::contact), first.value(HeaderId::contact));
    EXPECT_EQ(second.value(HeaderId::max_forwards), first.value(HeaderId::max_forwards));
    dave.answer(second, 200, "OK", "d1", contact_of_dave, plain_sdp);
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "d1");
}

TEST_P(Retry, IW_TC_22_a_merged_retry_goes_on_in_a_dialog_of_our_own) {
    adjust = [](policy::Parameters& row) { row.retry_role = policy::RetryRole::proxy; };
    ready(policy::Mode::retry);
    call_rel5();
    dave.answer(dave.expect("INVITE"), 420, "Bad Extension", "x1", "Unsupported: precondition");
    dave.answer(dave.expect("INVITE"), 482, "Loop Detected", "x2");
    const auto third = dave.expect("INVITE");
    EXPECT_NE(third.call_id(), "u1");
    EXPECT_EQ(third.cseq(), 1U);
    EXPECT_FALSE(third.has(HeaderId::require));
    dave.answer(third, 200, "OK", "d1", contact_of_dave, plain_sdp);
    EXPECT_NE(alice_phone.expect("SIP/2.0 200").to_tag(), "d1");
}

TEST_P(Retry, IW_TC_26_forks_of_the_net_leg_end_in_one_retry) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(first, 183, "Session Progress", "d1", contact_of_dave);
    dave.answer(first, 183, "Session Progress", "d2", contact_of_dave);
    EXPECT_NE(alice_phone.expect("SIP/2.0 183").to_tag(), alice_phone.expect("SIP/2.0 183").to_tag());
    dave.answer(first, 420, "Bad Extension", "x1", "Unsupported: precondition");
    dave.answer(dave.expect("INVITE"), 200, "OK", "d3", contact_of_dave, plain_sdp);
    alice_phone.expect("SIP/2.0 200");
    EXPECT_FALSE(alice_phone.has("SIP/2.0 4"));
}

TEST_P(Retry, IW_TC_82_contacts_are_followed_each_at_its_own_level) {
    adjust = [](policy::Parameters& row) { row.redirect = policy::Redirect::recurse; };
    ready(policy::Mode::retry);
    also_allow("other.example", "sip:127.0.3.2:5060");
    call_rel5();
    dave.answer(
        dave.expect("INVITE"), 302, "Moved Temporarily", "x1",
        "Contact: <sip:later@other.example>;q=0.1, <sip:dave@away.isp.example>, <sip:dave@other.example>;q=0.8");
    const auto first = erin.expect("INVITE");
    EXPECT_EQ(first.request_uri(), "sip:dave@other.example") << "away.isp.example has no row; the best q of the others";
    EXPECT_TRUE(has_qos(first));
    erin.answer(first, 420, "Bad Extension", "y1", "Unsupported: precondition, 100rel");
    erin.expect("ACK");
    const auto second = erin.expect("INVITE");
    EXPECT_FALSE(has_qos(second));
    erin.answer(second, 404, "Not Found", "y2");
    erin.expect("ACK");
    const auto third = erin.expect("INVITE");
    EXPECT_EQ(third.request_uri(), "sip:later@other.example");
    EXPECT_TRUE(has_qos(third)) << "IW-ORG-07: another target begins at its own level";
    erin.answer(third, 200, "OK", "e1", "Contact: <sip:later@127.0.3.2:5060>", plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    EXPECT_EQ(erin.expect("ACK").to_tag(), "e1");
    EXPECT_THAT(net.decisions, testing::Contains(testing::AllOf(HasSubstr("IW-RTE-11"), HasSubstr("policy row 8"))));
}

TEST_P(Retry, IW_RTE_11_by_default_a_302_passes_without_what_policy_denies) {
    ready(policy::Mode::retry);
    also_allow("other.example", "sip:127.0.3.2:5060");
    call_rel5();
    dave.answer(dave.expect("INVITE"), 302, "Moved Temporarily", "x1",
                "Contact: <sip:dave@evil.example>, <sip:dave@other.example>, <sip:bob@home1.net>");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 302").value(HeaderId::contact),
              "<sip:dave@other.example>, <sip:bob@home1.net>");
    call_rel5();
}

TEST_P(Retry, IW_RTE_11_a_302_with_nothing_permitted_is_480_and_380_passes) {
    ready(policy::Mode::pass);
    call_rel5();
    dave.answer(dave.expect("INVITE"), 302, "Moved Temporarily", "x1", "Contact: <sip:dave@evil.example>");
    EXPECT_THAT(std::string(alice_phone.expect("SIP/2.0 480").value(HeaderId::warning)),
                HasSubstr("No permitted redirection target"));
}

TEST_P(Retry, IW_RTE_11_380_is_for_the_caller) {
    adjust = [](policy::Parameters& row) { row.redirect = policy::Redirect::recurse; };
    ready(policy::Mode::retry);
    call_rel5();
    dave.answer(dave.expect("INVITE"), 380, "Alternative Service", "x1", "Contact: <sip:dave@isp.example>");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 380").value(HeaderId::contact), "<sip:dave@isp.example>");
}

TEST_P(Retry, T20_a_trunk_that_challenges_gets_the_credentials_of_its_row) {
    adjust = [](policy::Parameters& row) { row.peer_auth = {"isthmus", "trunk-secret"}; };
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    EXPECT_FALSE(first.has(HeaderId::proxy_authorization));
    dave.answer(first, 407, "Proxy Authentication Required", "x1",
                "Proxy-Authenticate: Digest realm=\"isp.example\", nonce=\"n1\", qop=\"auth\", algorithm=MD5");
    const auto second = dave.expect("INVITE");
    const auto shown = sip::DigestCredentials::parse(second.value(HeaderId::proxy_authorization));
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->username, "isthmus");
    EXPECT_TRUE(sip::digest_matches(sip::digest_ha1("isthmus", "isp.example", "trunk-secret"), *shown, "INVITE"));
    EXPECT_TRUE(has_qos(second)) << "the level is not touched";
    dave.answer(second, 407, "Proxy Authentication Required", "x2",
                "Proxy-Authenticate: Digest realm=\"isp.example\", nonce=\"n2\", qop=\"auth\", algorithm=MD5");
    alice_phone.expect("SIP/2.0 407");
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(Retry, T20_a_trunk_may_challenge_the_BYE_as_well) {
    adjust = [](policy::Parameters& row) { row.peer_auth = {"isthmus", "trunk-secret"}; };
    ready(policy::Mode::retry);
    call_rel5();
    dave.answer(dave.expect("INVITE"), 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    dave.expect("ACK");
    alice_phone.send(pcscf, from_alice(ok, "BYE", 8));
    const std::string challenge = "Proxy-Authenticate: Digest realm=\"isp.example\", nonce=\"n1\", algorithm=MD5";
    const auto first = dave.expect("BYE");
    dave.answer(first, 407, "Proxy Authentication Required", "", challenge);
    const auto second = dave.expect("BYE");
    EXPECT_EQ(second.cseq(), first.cseq() + 1);
    EXPECT_EQ(second.to_tag(), "d1");
    EXPECT_TRUE(sip::digest_matches(sip::digest_ha1("isthmus", "isp.example", "trunk-secret"),
                                    *sip::DigestCredentials::parse(second.value(HeaderId::proxy_authorization)),
                                    "BYE"));
    EXPECT_FALSE(alice_phone.has("SIP/2.0 407"));
    dave.answer(second, 200, "OK", "");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Retry, IW_RES_07_one_call_too_many_is_480_with_retry_after) {
    adjust = [](policy::Parameters& row) { row.calls_per_second_and_subscriber = 1; };
    ready(policy::Mode::retry);
    call_rel5();
    dave.expect("INVITE");
    auto second = invite(rel5_tags);
    second.replace(second.find("Call-ID: u1"), 11, "Call-ID: u2");
    alice_phone.send(pcscf, second);
    const auto refused = alice_phone.expect("SIP/2.0 480");
    EXPECT_EQ(refused.value(HeaderId::retry_after), "1");
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)), HasSubstr("Too many calls of this subscriber"));
    EXPECT_FALSE(dave.has("INVITE"));
    EXPECT_THAT(net.decisions, testing::Contains(HasSubstr("IW-RES-07")));
    net.advance(1'000);
    second.replace(second.find("Call-ID: u2"), 11, "Call-ID: u3");
    alice_phone.send(pcscf, second);
    dave.expect("INVITE");
}

}  // namespace
}  // namespace isthmus::flow
