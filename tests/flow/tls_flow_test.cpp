// Calls where TLS is asked for, by a URI or by sips: it is used on every hop, or the call ends in words (IW-RTE-06,
// -07).
#include <gmock/gmock.h>

#include "common/sip/headers.hpp"
#include "tests/flow/internet_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::Each;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using transport::Protocol;

class Tls : public InternetNetwork {
  protected:
    void ready_for(policy::Mode mode, const std::string& next_hop) {
        auto rule = allow("isp.example", mode);
        rule.parameters.next_hop = next_hop;
        set_policy({rule});
        if (route.empty()) route = route_of(pcscf, do_register(alice_phone, alice));
        net.ladder();
        net.by_tls.clear();
    }
    [[nodiscard]] std::string sips_invite(const std::string& whom = "dave@isp.example") const {
        auto text = invite("", rel5_sdp);
        for (auto at = text.find("sip:dave@isp.example"); at != std::string::npos;
             at = text.find("sip:dave@isp.example"))
            text.replace(at, 20, "sips:" + whom);
        return text;
    }
    static std::string values(const sip::Message& message, HeaderId id) {
        std::string all;
        for (const auto value : message.values(id)) all += std::string(value) + "\n";
        return all;
    }
    void expect_refusal(int status) {
        const auto refusal = alice_phone.expect("SIP/2.0 " + std::to_string(status));
        EXPECT_THAT(std::string(refusal.value(HeaderId::warning)), HasSubstr("\"Secure transport unavailable\""));
    }
};
INSTANTIATE_TEST_SUITE_P(With, Tls, testing::Values(1, 4), worker_count);

TEST_P(Tls, IW_RTE_04_a_next_hop_with_transport_tls_is_reached_by_TLS_under_its_name) {
    ready_for(policy::Mode::pass, "sip:127.0.3.1:5060;transport=tls");
    alice_phone.send(pcscf, invite("", plain_sdp));
    const auto received = dave.expect("INVITE");
    EXPECT_THAT(std::string(received.first(HeaderId::via)), StartsWith("SIP/2.0/TLS 127.0.1.30:5061;"));
    EXPECT_THAT(net.by_tls, ElementsAre("tls:127.0.3.1:5060 127.0.3.1"));
}

TEST_P(Tls, RFC5658_5_each_side_gets_a_route_it_can_reach) {
    ready_for(policy::Mode::pass, "sip:127.0.3.1:5060;transport=tls");
    alice_phone.send(pcscf, invite("", plain_sdp));
    const auto received = dave.expect("INVITE");
    EXPECT_THAT(std::string(received.first(HeaderId::record_route)), EndsWith("@127.0.1.30:5061;transport=tls;lr>"));
    dave.answer(received, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    dave.expect("ACK");
    std::string routes;
    for (const auto value : received.values(HeaderId::record_route)) routes += "Route: " + std::string(value) + "\n";
    dave.protocol = Protocol::tls;
    auto bye = from_dave(received, "BYE", 1);
    dave.send(scscf, bye.insert(bye.find("From:"), routes));
    alice_phone.answer(alice_phone.expect("BYE"), 200, "OK", "");
    dave.expect("SIP/2.0 200");
}

TEST_P(Tls, RFC3261_8_1_1_8_the_contact_of_the_net_leg_is_one_that_TLS_reaches) {
    ready_for(policy::Mode::retry, "sip:127.0.3.1:5060;transport=tls");
    alice_phone.send(pcscf, invite("", rel5_sdp));
    const auto received = dave.expect("INVITE");
    EXPECT_THAT(std::string(received.value(HeaderId::contact)), EndsWith("@127.0.1.30:5061;transport=tls>"));
    dave.answer(received, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    EXPECT_THAT(std::string(ok.value(HeaderId::contact)), EndsWith("@127.0.1.30:5060>"));
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    dave.expect("ACK");
    dave.protocol = Protocol::tls;
    dave.send(scscf, from_dave(received, "BYE", 1));
    alice_phone.answer(alice_phone.expect("BYE"), 200, "OK", "");
    dave.expect("SIP/2.0 200");
}

TEST_P(Tls, IW_RTE_06_no_TLS_with_the_target_ends_the_call_at_once_and_in_words) {
    for (const auto mode : {policy::Mode::pass, policy::Mode::retry}) {
        ready_for(mode, "sip:127.0.3.1:5060;transport=tls");
        net.refuse_tls("127.0.3.1:5060");
        alice_phone.send(pcscf, invite("", rel5_sdp));  // no time passes
        expect_refusal(480);
        EXPECT_FALSE(dave.has("INVITE")) << "nothing in clear text instead";
    }
}

TEST_P(Tls, IW_RTE_06_a_request_other_than_INVITE_ends_likewise) {
    ready_for(policy::Mode::pass, "sip:127.0.3.1:5060;transport=tls");
    net.refuse_tls("127.0.3.1:5060");
    alice_phone.send(pcscf, "MESSAGE sip:dave@isp.example SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + route +
                                "From: <sip:alice@home1.net>;tag=ua\nTo: <sip:dave@isp.example>\nCall-ID: m1\nCSeq: 1 "
                                "MESSAGE\n");
    expect_refusal(480);
    EXPECT_FALSE(dave.has("MESSAGE"));
}

TEST_P(Tls, IW_TC_66_sips_over_the_access_without_TLS_is_refused_there) {
    ready_for(policy::Mode::pass, "sip:127.0.3.1:5060");
    alice_phone.send(pcscf, sips_invite());
    expect_refusal(416);
    EXPECT_EQ(net.ladder(), "\nalice -> pcscf INVITE\npcscf -> alice 416 Unsupported URI Scheme\n");
}

TEST_P(Tls, IW_TC_66_a_target_that_only_has_UDP_gets_nothing) {
    alice_phone.protocol = Protocol::tls;
    ready_for(policy::Mode::pass, "sip:127.0.3.1:5060");
    net.refuse_tls("127.0.3.1:5060");
    alice_phone.send(pcscf, sips_invite());
    expect_refusal(480);
    EXPECT_FALSE(dave.has("INVITE"));
}

TEST_P(Tls, IW_RTE_07_sips_goes_by_TLS_on_every_hop_and_stays_sips) {
    alice_phone.protocol = Protocol::tls;
    for (const auto mode : {policy::Mode::pass, policy::Mode::retry}) {
        ready_for(mode, "sip:127.0.3.1:5060");
        alice_phone.send(pcscf, sips_invite());
        const auto received = dave.expect("INVITE");
        EXPECT_EQ(received.request_uri(), "sips:dave@isp.example");
        EXPECT_THAT(values(received, HeaderId::via), Not(HasSubstr("UDP")));
        if (mode == policy::Mode::pass)
            EXPECT_THAT(values(received, HeaderId::record_route), Not(HasSubstr("<sip:")));
        else
            EXPECT_THAT(std::string(received.value(HeaderId::contact)), StartsWith("<sips:"));
        EXPECT_THAT(net.by_tls, testing::Contains(StartsWith("tls:127.0.1.30:5060")));
        dave.answer(received, 486, "Busy Here", "d1");
        alice_phone.expect("SIP/2.0 486");
    }
}

TEST_P(Tls, IW_RTE_07_a_callee_without_a_sips_contact_cannot_be_called_by_sips) {
    do_register(bob_phone, bob);
    alice_phone.protocol = Protocol::tls;
    ready_for(policy::Mode::pass, "sip:127.0.3.1:5060");
    alice_phone.send(pcscf, sips_invite("bob@home1.net"));
    expect_refusal(480);
    EXPECT_FALSE(bob_phone.has("INVITE"));
}

TEST_P(Tls, PR_REG_08_what_the_core_hears_of_a_REGISTER_by_TLS) {
    alice_phone.protocol = Protocol::tls;
    Phone home{net, "icscf", "127.0.1.21:5060"};  // in the place of the I-CSCF
    pcscf_settings.icscf = "sip:127.0.1.21:5060";
    const auto credentials = [](const std::string& response) {
        return "Digest username=\"alice@home1.net\",realm=\"home1.net\",nonce=\"n\",uri=\"sip:home1.net\",response=\"" +
               response + "\"";
    };
    alice_phone.send(pcscf, register_text(alice_phone, alice, 1, credentials("")));
    auto seen = home.expect("REGISTER");
    EXPECT_THAT(std::string(seen.value(HeaderId::authorization)), Not(HasSubstr("integrity-protected")));
    home.answer(seen, 401, "Unauthorized", "h1");
    alice_phone.send(pcscf, register_text(alice_phone, alice, 2, credentials("0123456789abcdef0123456789abcdef")));
    seen = home.expect("REGISTER");
    EXPECT_THAT(std::string(seen.value(HeaderId::authorization)), HasSubstr("integrity-protected=\"tls-pending\""));
    home.answer(seen, 200, "OK", "h2",
                "Contact: <sip:alice@127.0.2.1:5070>;expires=600\nP-Associated-URI: <sip:alice@home1.net>");
    alice_phone.send(pcscf, register_text(alice_phone, alice, 3, credentials("")));
    seen = home.expect("REGISTER");
    EXPECT_THAT(std::string(seen.value(HeaderId::authorization)), HasSubstr("integrity-protected=\"tls-yes\""));
}

TEST_P(Tls, PO_SES_07_a_UE_on_TLS_is_called_and_hangs_up_on_its_connection) {
    bob_phone.protocol = Protocol::tls;
    do_register(bob_phone, bob);
    ready_for(policy::Mode::pass, "sip:127.0.3.1:5060");
    auto text = invite("", plain_sdp);
    for (auto at = text.find("dave@isp.example"); at != std::string::npos; at = text.find("dave@isp.example"))
        text.replace(at, 16, "bob@home1.net");
    alice_phone.send(pcscf, text);
    const auto received = bob_phone.expect("INVITE");
    EXPECT_THAT(net.by_tls, Each(StartsWith("tls:127.0.2.2:5070")));
    EXPECT_THAT(std::string(received.first(HeaderId::record_route)), EndsWith("@127.0.1.10:5061;transport=tls;lr>"));
    bob_phone.answer(received, 200, "OK", "b1", "Contact: <sip:bob@127.0.2.2:5070;transport=tls>", plain_sdp);
    alice_phone.expect("SIP/2.0 200");
    std::string routes;
    for (const auto value : received.values(HeaderId::record_route)) routes += "Route: " + std::string(value) + "\n";
    bob_phone.send(pcscf, "BYE sip:alice@127.0.2.1:5070 SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + routes +
                              "From: <sip:bob@home1.net>;tag=b1\nTo: <sip:alice@home1.net>;tag=ua\nCall-ID: u1\nCSeq: "
                              "1 BYE\n");
    alice_phone.answer(alice_phone.expect("BYE"), 200, "OK", "");
    bob_phone.expect("SIP/2.0 200");
}

}  // namespace
}  // namespace isthmus::flow
