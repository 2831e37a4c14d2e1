// What RFC 3261 asks of any proxy and registrar, on the way between two users of the home network.
#include <gmock/gmock.h>

#include "common/sip/headers.hpp"
#include "tests/flow/internet_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::HasSubstr;
using testing::Not;

class Standards : public InternetNetwork {
  protected:
    void both_register() {
        route = route_of(pcscf, do_register(alice_phone, alice));
        do_register(bob_phone, bob);
        net.ladder();
    }
    /// bob's phone takes its contact back; a nonce of his is not asked for again.
    void leave() {
        bob_phone.send(pcscf, register_text(bob_phone, bob, 100, no_answer(bob), "0"));
        bob_phone.expect("SIP/2.0 200");
        ASSERT_EQ(shared.registrations.find(std::string("sip:bob@home1.net")), nullptr);
    }
    [[nodiscard]] std::string to_bob(const std::string& method, const std::string& extra = "", int hops = 70) const {
        return method + " sip:bob@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: " + std::to_string(hops) + "\n" + route +
               "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>\nCall-ID: s1\nCSeq: 1 " + method + "\n" +
               extra;
    }
    static std::string routes_of_callee(const sip::Message& received) {
        std::string lines;
        for (const auto value : received.values(HeaderId::record_route)) lines += "Route: " + std::string(value) + "\n";
        return lines;
    }
    static constexpr const char* contact_of_alice = "Contact: <sip:alice@127.0.2.1:5070>\n";
    static constexpr const char* contact_of_bob = "Contact: <sip:bob@127.0.2.2:5070>";
};
INSTANTIATE_TEST_SUITE_P(With, Standards, testing::Values(1, 4), worker_count);

TEST_P(Standards, RFC3428_a_MESSAGE_between_two_users_arrives_and_is_answered) {
    both_register();
    alice_phone.send(pcscf, to_bob("MESSAGE", "Content-Type: text/plain\n\nWatson, come here."));
    const auto received = bob_phone.expect("MESSAGE");
    EXPECT_EQ(received.body(), "Watson, come here.");
    EXPECT_THAT(std::string(received.value(HeaderId::p_asserted_identity)), HasSubstr("sip:alice@home1.net"));
    bob_phone.answer(received, 200, "OK", "b1");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Standards, RFC6665_a_SUBSCRIBE_between_two_users_makes_a_dialog_that_NOTIFY_goes_back_by) {
    both_register();
    alice_phone.send(pcscf, to_bob("SUBSCRIBE", std::string("Event: presence\nExpires: 600\n") + contact_of_alice));
    const auto received = bob_phone.expect("SUBSCRIBE");
    ASSERT_TRUE(received.has(HeaderId::record_route));
    bob_phone.answer(received, 200, "OK", "b1", std::string(contact_of_bob) + "\nExpires: 600");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "b1");
    bob_phone.send(pcscf, "NOTIFY sip:alice@127.0.2.1:5070 SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" +
                              routes_of_callee(received) +
                              "From: <sip:bob@home1.net>;tag=b1\nTo: <sip:alice@home1.net>;tag=a1\nCall-ID: s1\n"
                              "CSeq: 1 NOTIFY\nEvent: presence\nSubscription-State: active\n" +
                              contact_of_bob + "\n");
    const auto notified = alice_phone.expect("NOTIFY");
    EXPECT_EQ(notified.to_tag(), "a1");
    alice_phone.answer(notified, 200, "OK", "");
    bob_phone.expect("SIP/2.0 200");
}

TEST_P(Standards, ER_REG_21_DG_SES_06_no_hops_left_at_the_icscf_is_483) {
    both_register();
    Phone neighbour(net, "neighbour", "127.0.1.40:5060");
    const auto ask = [&](int hops) {
        neighbour.send(icscf, "INVITE sip:bob@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: " + std::to_string(hops) +
                                  "\nFrom: <sip:n@home1.net>;tag=n\nTo: <sip:bob@home1.net>\nCall-ID: n" +
                                  std::to_string(hops) + "\nCSeq: 1 INVITE\nContact: <sip:n@127.0.1.40:5060>\n");
    };
    ask(0);
    neighbour.expect("SIP/2.0 483");
    EXPECT_EQ(net.ladder().find("icscf -> scscf"), std::string::npos);
    ask(70);
    bob_phone.expect("INVITE");
}

TEST_P(Standards, DG_SES_06_hops_that_run_out_on_the_way_are_483_to_the_caller) {
    both_register();
    alice_phone.send(pcscf, to_bob("INVITE", contact_of_alice, 3));
    alice_phone.expect("SIP/2.0 483");
    EXPECT_FALSE(bob_phone.has("INVITE"));
}

TEST_P(Standards, RFC3261_16_4_a_strict_router_before_us_is_put_right) {
    both_register();
    alice_phone.send(pcscf, to_bob("INVITE", contact_of_alice));
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 200, "OK", "b1", contact_of_bob);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    // As a strict router leaves it: the next proxy in the Request-URI, the phone at the end of Route.
    const auto values = ok.values(HeaderId::record_route);
    ASSERT_GE(values.size(), 2U);
    const auto top = sip::NameAddr::parse(values.back())->uri.print();
    std::string routes;
    for (auto value = values.rbegin() + 1; value != values.rend(); ++value)
        routes += "Route: " + std::string(*value) + "\n";
    alice_phone.send(pcscf, "ACK " + top + " SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + routes +
                                "Route: <sip:bob@127.0.2.2:5070>\nFrom: <sip:alice@home1.net>;tag=a1\n"
                                "To: <sip:bob@home1.net>;tag=b1\nCall-ID: s1\nCSeq: 1 ACK\n");
    const auto ack = bob_phone.expect("ACK");
    EXPECT_EQ(ack.request_uri(), "sip:bob@127.0.2.2:5070");
    EXPECT_FALSE(ack.has(HeaderId::route));
}

TEST_P(Standards, SR_REG_30_deregistered_while_his_phone_rings_the_call_goes_on) {
    both_register();
    alice_phone.send(pcscf, to_bob("INVITE", contact_of_alice));
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 180, "Ringing", "b1", contact_of_bob);
    alice_phone.expect("SIP/2.0 180");
    leave();
    bob_phone.answer(received, 486, "Busy Here", "b1");
    alice_phone.expect("SIP/2.0 486");
    // A new call finds nobody.
    auto again = to_bob("INVITE", contact_of_alice);
    again.replace(again.find("Call-ID: s1"), 11, "Call-ID: s2");
    alice_phone.send(pcscf, again);
    alice_phone.expect("SIP/2.0 480");
}

TEST_P(Standards, PR_REG_26_a_Path_whose_binding_is_gone_leads_to_nobody) {
    both_register();
    alice_phone.send(pcscf, to_bob("INVITE", contact_of_alice));
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 486, "Busy Here", "b1");
    alice_phone.expect("SIP/2.0 486");
    const auto found = shared.registrations.find(std::string("sip:bob@home1.net"));
    ASSERT_NE(found, nullptr);
    ASSERT_FALSE(found->bindings.empty());
    std::string path;
    for (const auto& value : found->bindings.front().path) path += "Route: " + std::string(value) + "\n";
    leave();
    Phone neighbour(net, "neighbour", "127.0.1.40:5060");
    neighbour.send(pcscf, "INVITE sip:bob@127.0.2.2:5070 SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + path +
                              "From: <sip:n@home1.net>;tag=n\nTo: <sip:bob@home1.net>\nCall-ID: n1\nCSeq: 1 INVITE\n"
                              "Contact: <sip:n@127.0.1.40:5060>\n");
    EXPECT_GE(neighbour.expect("SIP/2.0 4").status(), 400);
    EXPECT_FALSE(bob_phone.has("INVITE"));
}

TEST_P(Standards, RFC3261_10_3_two_contacts_in_one_REGISTER) {
    const auto two = [&](int number, const std::string& authorization) {
        auto text = register_text(alice_phone, alice, number, authorization);
        text.replace(text.find(";expires=3600"), 13, ";expires=3600, <sip:alice@127.0.2.1:5072>;expires=600;q=0.5");
        return text;
    };
    alice_phone.send(pcscf, two(1, no_answer(alice)));
    alice_phone.send(pcscf, two(2, answer_to(alice_phone.expect("SIP/2.0 401"), alice)));
    const auto ok = alice_phone.expect("SIP/2.0 200");
    const auto found = shared.registrations.find(std::string("sip:alice@home1.net"));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->bindings.size(), ok.values(HeaderId::contact).size())
        << "the answer lists what is bound (RFC 3261 10.3 item 8)";
    EXPECT_EQ(directory.users[0].bindings.size(), found->bindings.size()) << "and so does the store";
}

TEST_P(Standards, IW_TC_68_privacy_none_keeps_the_asserted_identity) {
    adjust = [](policy::Parameters&) {};
    ready(policy::Mode::pass);
    alice_phone.send(pcscf, invite("Privacy: none\n", plain_sdp));
    EXPECT_THAT(std::string(dave.expect("INVITE").value(HeaderId::p_asserted_identity)),
                HasSubstr("sip:alice@home1.net"));
    auto without = invite("", plain_sdp);
    without.replace(without.find("Call-ID: u1"), 11, "Call-ID: u2");
    alice_phone.send(pcscf, without);
    EXPECT_FALSE(dave.expect("INVITE").has(HeaderId::p_asserted_identity)) << "stripped by default";
}

}  // namespace
}  // namespace isthmus::flow
