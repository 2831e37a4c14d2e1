#include <gmock/gmock.h>

#include "common/sip/headers.hpp"
#include "tests/flow/core_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::HasSubstr;

class Call : public CoreNetwork {
  protected:
    void both_register() {
        alice_route = route_of(pcscf, do_register(alice_phone, alice));
        bob_route = route_of(pcscf, do_register(bob_phone, bob));
        net.ladder();
    }
    [[nodiscard]] std::string invite(const std::string& to = "sip:bob@home1.net", const std::string& extra = "") const {
        return "INVITE " + to + " SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + alice_route +
               "From: <sip:alice@home1.net>;tag=a1\nTo: <" + to + ">\nCall-ID: call1\nCSeq: 1 INVITE\n" +
               "Contact: <sip:alice@127.0.2.1:5070>\nContent-Type: application/sdp\n" + extra +
               "\nv=0\no=- 1 1 IN IP4 127.0.2.1\ns=-\nc=IN IP4 127.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n";
    }
    /// A request inside the dialog: the route set of `response` as alice, or of `request` as bob, sees it.
    static std::string routes(const sip::Message& message, bool reversed) {
        std::string lines;
        const auto values = message.values(HeaderId::record_route);
        for (std::size_t i = 0; i < values.size(); ++i)
            lines += "Route: " + std::string(values[reversed ? values.size() - 1 - i : i]) + "\n";
        return lines;
    }
    static std::string target(const sip::Message& message) {
        return sip::NameAddr::parse(message.value(HeaderId::contact))->uri.print();
    }
    static std::string from_alice(const sip::Message& ok, const std::string& method, int number) {
        return method + " " + target(ok) + " SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + routes(ok, true) +
               "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>;tag=" + std::string(ok.to_tag()) +
               "\nCall-ID: call1\nCSeq: " + std::to_string(number) + " " + method + "\n";
    }
    static std::string from_bob(const sip::Message& received, const std::string& method, int number) {
        return method + " " + target(received) + " SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + routes(received, false) +
               "From: <sip:bob@home1.net>;tag=b1\nTo: <sip:alice@home1.net>;tag=a1\nCall-ID: call1\nCSeq: " +
               std::to_string(number) + " " + method + "\n";
    }
    void deliver_by_tcp(const std::string& from, std::string text, const std::string& branch) {
        text.replace(text.find("{via}"), 5, "SIP/2.0/TCP 127.0.2.1:5070;branch=" + branch);
        std::string octets;
        for (char c : text) octets += c == '\n' ? std::string("\r\n") : std::string(1, c);
        pcscf.deliver({transport::Protocol::tcp, transport::Address::parse_with_port(from, 0).value()}, octets);
        net.settle();
    }
    static constexpr const char* contact_of_bob = "Contact: <sip:bob@127.0.2.2:5070>";

    std::string alice_route;
    std::string bob_route;
};
INSTANTIATE_TEST_SUITE_P(With, Call, testing::Values(1, 4), worker_count);

TEST_P(Call, SO_SES_31_between_two_users_of_one_scscf) {
    both_register();
    alice_phone.send(pcscf, invite());
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 180, "Ringing", "b1", contact_of_bob);
    bob_phone.answer(received, 200, "OK", "b1", contact_of_bob);
    alice_phone.expect("SIP/2.0 180");
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 1));
    bob_phone.expect("ACK");
    bob_phone.send(pcscf, from_bob(received, "BYE", 1));
    alice_phone.answer(alice_phone.expect("BYE"), 200, "OK", "");
    bob_phone.expect("SIP/2.0 200");
    EXPECT_EQ(net.ladder(), R"(
alice -> pcscf INVITE
pcscf -> scscf INVITE
scscf -> icscf INVITE
icscf -> scscf INVITE
scscf -> pcscf INVITE
pcscf -> bob INVITE
bob -> pcscf 180 Ringing
pcscf -> scscf 180 Ringing
scscf -> icscf 180 Ringing
icscf -> scscf 180 Ringing
scscf -> pcscf 180 Ringing
pcscf -> alice 180 Ringing
bob -> pcscf 200 OK
pcscf -> scscf 200 OK
scscf -> icscf 200 OK
icscf -> scscf 200 OK
scscf -> pcscf 200 OK
pcscf -> alice 200 OK
alice -> pcscf ACK
pcscf -> scscf ACK
scscf -> scscf ACK
scscf -> pcscf ACK
pcscf -> bob ACK
bob -> pcscf BYE
pcscf -> scscf BYE
scscf -> scscf BYE
scscf -> pcscf BYE
pcscf -> alice BYE
alice -> pcscf 200 OK
pcscf -> scscf 200 OK
scscf -> scscf 200 OK
scscf -> pcscf 200 OK
pcscf -> bob 200 OK
)");
}

TEST_P(Call, TC_SES_26_what_the_callee_sees) {
    both_register();
    alice_phone.send(pcscf, invite("sip:bob@home1.net",
                                   "P-Asserted-Identity: <sip:forged@home1.net>\nP-Charging-Vector: icid-value=x\n"));
    const auto received = bob_phone.expect("INVITE");
    EXPECT_EQ(received.request_uri(), "sip:bob@127.0.2.2:5070");
    EXPECT_EQ(received.value(HeaderId::p_called_party_id), "<sip:bob@home1.net>");
    EXPECT_THAT(std::string(received.value(HeaderId::p_asserted_identity)), HasSubstr("<sip:alice@home1.net>"))
        << "TC-SES-05";
    EXPECT_FALSE(received.has(HeaderId::p_charging_vector)) << "PT-SES-03";
    EXPECT_EQ(received.values(HeaderId::record_route).size(), 4U);
    EXPECT_EQ(received.values(HeaderId::via).size(), 6U);
    EXPECT_EQ(received.number(HeaderId::max_forwards), 65U);
}

TEST_P(Call, TC_SES_03_a_preferred_identity_of_the_set_is_asserted) {
    both_register();
    alice_phone.send(pcscf, invite("sip:bob@home1.net", "P-Preferred-Identity: <sip:alice.home@home1.net>\n"));
    const auto received = bob_phone.expect("INVITE");
    EXPECT_THAT(std::string(received.value(HeaderId::p_asserted_identity)), HasSubstr("<sip:alice.home@home1.net>"));
    EXPECT_FALSE(received.has(HeaderId::p_preferred_identity));
}

TEST_P(Call, TC_SES_04_a_foreign_preferred_identity_gives_the_default) {
    both_register();
    alice_phone.send(pcscf, invite("sip:bob@home1.net", "P-Preferred-Identity: <sip:bob@home1.net>\n"));
    EXPECT_THAT(std::string(bob_phone.expect("INVITE").value(HeaderId::p_asserted_identity)),
                HasSubstr("<sip:alice@home1.net>"));
}

TEST_P(Call, TC_SES_46_privacy_id_hides_the_identity_from_the_callee) {
    both_register();
    alice_phone.send(pcscf, invite("sip:bob@home1.net", "Privacy: id\n"));
    EXPECT_FALSE(bob_phone.expect("INVITE").has(HeaderId::p_asserted_identity));
}

TEST_P(Call, TC_SES_01_unregistered_phone_is_403) {
    alice_route = "Route: <sip:127.0.1.10:5060;lr>\n";
    alice_phone.send(pcscf, invite());
    alice_phone.expect("SIP/2.0 403");
}

TEST_P(Call, PR_REG_01_a_long_request_by_TCP_comes_from_another_port_of_a_registered_address) {
    both_register();
    deliver_by_tcp("127.0.2.99:41000", invite(), "z9hG4bKtcp1");
    EXPECT_FALSE(bob_phone.has("INVITE")) << "nobody registered from that address";
    deliver_by_tcp("127.0.2.1:41000", invite(), "z9hG4bKtcp2");
    EXPECT_THAT(std::string(bob_phone.expect("INVITE").value(HeaderId::p_asserted_identity)),
                HasSubstr("<sip:alice@home1.net>"));
}

TEST_P(Call, PR_REG_01_by_TCP_nobody_is_taken_for_another_user_of_the_address) {
    both_register();
    auto text = invite();
    text.replace(text.find("From: <sip:alice@"), 17, "From: <sip:mallory@");
    deliver_by_tcp("127.0.2.1:41000", text, "z9hG4bKtcp3");
    EXPECT_FALSE(bob_phone.has("INVITE"));
}

TEST_P(Call, TC_SES_02_a_wrong_Route_is_replaced_or_refused) {
    both_register();
    alice_route = "Route: <sip:127.0.1.10:5060;lr>, <sip:elsewhere.example;lr>\n";
    alice_phone.send(pcscf, invite());
    bob_phone.expect("INVITE");
    pcscf_settings.route_check = pcscf::RouteCheck::reject;
    auto second = invite();
    second.replace(second.find("call1"), 5, "call2");
    alice_phone.send(pcscf, second);
    EXPECT_THAT(std::string(alice_phone.expect("SIP/2.0 400").value(HeaderId::warning)),
                HasSubstr("Route does not match Service-Route"));
}

TEST_P(Call, TC_SES_27_unknown_user_404_unregistered_480) {
    alice_route = route_of(pcscf, do_register(alice_phone, alice));
    alice_phone.send(pcscf, invite("sip:nobody@home1.net"));
    alice_phone.expect("SIP/2.0 404");
    auto second = invite();
    second.replace(second.find("call1"), 5, "call2");
    alice_phone.send(pcscf, second);
    alice_phone.expect("SIP/2.0 480");
}

TEST_P(Call, a_busy_callee_is_486_and_acknowledged_hop_by_hop) {
    both_register();
    alice_phone.send(pcscf, invite());
    bob_phone.answer(bob_phone.expect("INVITE"), 486, "Busy Here", "b1");
    bob_phone.expect("ACK");
    alice_phone.expect("SIP/2.0 486");
}

TEST_P(Call, DG_SES_04_CANCEL_reaches_the_callee_and_gives_487) {
    both_register();
    const auto branch = alice_phone.send(pcscf, invite());
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 180, "Ringing", "b1");
    auto cancel = "CANCEL sip:bob@home1.net SIP/2.0\nVia: SIP/2.0/UDP 127.0.2.1:5070;branch=" + branch +
                  "\nMax-Forwards: 70\n" + alice_route +
                  "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>\nCall-ID: call1\nCSeq: 1 CANCEL\n"
                  "Reason: SIP;cause=487;text=\"gone\"\n";
    alice_phone.send(pcscf, cancel);
    alice_phone.expect("SIP/2.0 200");
    const auto cancelled = bob_phone.expect("CANCEL");
    EXPECT_EQ(cancelled.value(HeaderId::reason), "SIP;cause=487;text=\"gone\"");
    EXPECT_FALSE(cancelled.has(HeaderId::require));
    bob_phone.answer(cancelled, 200, "OK", "b1");
    bob_phone.answer(received, 487, "Request Terminated", "b1");
    bob_phone.expect("ACK");
    alice_phone.expect("SIP/2.0 487");
}

TEST_P(Call, TC_SES_34_CANCEL_without_transaction_is_481) {
    both_register();
    alice_phone.send(
        pcscf,
        "CANCEL sip:bob@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\nFrom: <sip:alice@home1.net>;tag=a1\n"
        "To: <sip:bob@home1.net>\nCall-ID: nocall\nCSeq: 1 CANCEL\n");
    alice_phone.expect("SIP/2.0 481");
}

TEST_P(Call, TC_SES_23_two_contacts_ring_the_first_200_wins) {
    both_register();
    auto& user = directory.users[1];
    user.profile.private_identities.push_back({"bob2@home1.net", std::nullopt});
    user.ha1["bob2@home1.net"] = sip::digest_ha1("bob2@home1.net", "home1.net", "x");
    Phone second(net, "bob2", "127.0.2.9:5070");
    const Account account{"bob2", "x"};
    const auto as_bob = [](std::string one) {
        for (const auto* field : {"From: <sip:bob2@", "To: <sip:bob2@"})
            one.replace(one.find(field), std::string(field).size(),
                        std::string(field).substr(0, std::string(field).size() - 2) + "@");
        return one;
    };
    second.send(pcscf, as_bob(register_text(second, account, 1, no_answer(account))));
    second.send(pcscf, as_bob(register_text(second, account, 2, answer_to(second.expect("SIP/2.0 401"), account))));
    second.expect("SIP/2.0 200");
    alice_phone.send(pcscf, invite());
    const auto first_ring = bob_phone.expect("INVITE");
    const auto second_ring = second.expect("INVITE");
    bob_phone.answer(first_ring, 180, "Ringing", "b1", contact_of_bob);
    second.answer(second_ring, 180, "Ringing", "b2", "Contact: <sip:bob2@127.0.2.9:5070>");
    second.answer(second_ring, 200, "OK", "b2", "Contact: <sip:bob2@127.0.2.9:5070>");
    bob_phone.answer(bob_phone.expect("CANCEL"), 200, "OK", "b1");
    bob_phone.answer(first_ring, 487, "Request Terminated", "b1");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "b2");
    EXPECT_FALSE(alice_phone.has("SIP/2.0 487"));
}

TEST_P(Call, in_dialog_requests_pass_both_ways) {
    both_register();
    alice_phone.send(pcscf, invite());
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 200, "OK", "b1", contact_of_bob);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 1));
    bob_phone.expect("ACK");
    for (const std::string method : {"UPDATE", "INFO", "PRACK"}) {
        alice_phone.send(pcscf, from_alice(ok, method, 2));
        bob_phone.answer(bob_phone.expect(method), 200, "OK", "");
        alice_phone.expect("SIP/2.0 200");
        bob_phone.send(pcscf, from_bob(received, method, 2));
        alice_phone.answer(alice_phone.expect(method), 200, "OK", "");
        bob_phone.expect("SIP/2.0 200");
    }
}

TEST_P(Call, PO_SES_03_nobody_asserts_for_himself_inside_a_dialog_either) {
    both_register();
    alice_phone.send(pcscf, invite());
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 200, "OK", "b1", contact_of_bob);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    const std::string forged =
        "P-Asserted-Identity: <sip:boss@home1.net>\nP-Preferred-Identity: <sip:boss@home1.net>\n";
    alice_phone.send(pcscf, from_alice(ok, "ACK", 1) + forged);
    alice_phone.send(pcscf, from_alice(ok, "UPDATE", 2) + forged);
    for (const auto* method : {"ACK", "UPDATE"}) {
        const auto seen = bob_phone.expect(method);
        EXPECT_FALSE(seen.has(HeaderId::p_asserted_identity)) << method;
        EXPECT_FALSE(seen.has(HeaderId::p_preferred_identity)) << method;
    }
}

TEST_P(Call, PO_SES_01_two_users_behind_one_address_are_told_apart_by_what_they_say) {
    both_register();
    Phone& shared_phone = alice_phone;
    const Account account{"carol", "c-secret"};
    directory.add("carol", "home1.net", "c-secret");
    do_register(shared_phone, account);
    shared_phone.send(pcscf, invite());
    EXPECT_THAT(std::string(bob_phone.expect("INVITE").value(HeaderId::p_asserted_identity)),
                HasSubstr("<sip:alice@home1.net>"));
    auto second = invite("sip:bob@home1.net", "P-Preferred-Identity: <sip:carol@home1.net>\n");
    second.replace(second.find("call1"), 5, "call2");
    shared_phone.send(pcscf, second);
    EXPECT_THAT(std::string(bob_phone.expect("INVITE").value(HeaderId::p_asserted_identity)),
                HasSubstr("<sip:carol@home1.net>"));
}

TEST_P(Call, PO_SES_13_inside_a_dialog_after_registering_again) {
    both_register();
    alice_phone.send(pcscf, invite());
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 200, "OK", "b1", contact_of_bob);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 1));
    alice_phone.send(pcscf, register_text(alice_phone, alice, 90, no_answer(alice)));
    alice_phone.expect("SIP/2.0 200");
    bob_phone.send(pcscf, register_text(bob_phone, bob, 90, no_answer(bob)));
    bob_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "UPDATE", 2));
    bob_phone.answer(bob_phone.expect("UPDATE"), 200, "OK", "");
    alice_phone.expect("SIP/2.0 200");
    bob_phone.send(pcscf, from_bob(received, "BYE", 1));
    alice_phone.answer(alice_phone.expect("BYE"), 200, "OK", "");
    bob_phone.expect("SIP/2.0 200");
}

TEST_P(Call, RFC6026_a_retransmitted_200_is_forwarded) {
    both_register();
    alice_phone.send(pcscf, invite());
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 200, "OK", "b1", contact_of_bob);
    bob_phone.answer(received, 200, "OK", "b1", contact_of_bob);
    alice_phone.expect("SIP/2.0 200");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Call, TC_SES_77_directory_unreachable_calls_go_on) {
    both_register();
    directory.reachable = false;
    alice_phone.send(pcscf, invite());
    bob_phone.answer(bob_phone.expect("INVITE"), 180, "Ringing", "b1");
    alice_phone.expect("SIP/2.0 180");
}

TEST_P(Call, TC_SES_78_directory_unreachable_and_the_callee_not_remembered_is_504) {
    alice_route = route_of(pcscf, do_register(alice_phone, alice));
    directory.reachable = false;
    alice_phone.send(pcscf, invite());
    alice_phone.expect("SIP/2.0 504");
}

TEST_P(Call, the_far_phone_is_silent_408) {
    both_register();
    net.silence("127.0.2.2:5070", true);
    alice_phone.send(pcscf, invite());
    net.advance(130'000);  // 64*T1 of the radio leg
    alice_phone.expect("SIP/2.0 408");
}

TEST_P(Call, SO_SES_03_a_barred_identity_cannot_be_called) {
    directory.users[1].profile.identities.push_back({"sip:bob.secret@home1.net", true});
    both_register();
    alice_phone.send(pcscf, invite("sip:bob.secret@home1.net"));
    alice_phone.expect("SIP/2.0 404");
}

TEST_P(Call, NU_SES_06_a_number_of_our_own_user) {
    both_register();
    bob_phone.send(pcscf, "INVITE tel:+1-555-1001 SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + bob_route +
                              "From: <sip:bob@home1.net>;tag=b7\nTo: <tel:+15551001>\nCall-ID: call9\nCSeq: 1 INVITE\n"
                              "Contact: <sip:bob@127.0.2.2:5070>\n");
    alice_phone.expect("INVITE");
}

}  // namespace
}  // namespace isthmus::flow
