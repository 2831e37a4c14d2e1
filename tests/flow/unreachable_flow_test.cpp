// ICMP errors: a request that nobody takes goes to the next target at once (IW-RTE-08, RFC 3261 18.4).
#include <gmock/gmock.h>

#include "tests/flow/internet_network.hpp"

namespace isthmus::flow {
namespace {

using testing::HasSubstr;

class Unreachable : public InternetNetwork {
  protected:
    Unreachable() {
        net.srv("_sip._udp.isp.example", 10, "one.isp.example");
        net.srv("_sip._udp.isp.example", 20, "two.isp.example");
        net.a("one.isp.example", "127.0.3.1");
        net.a("two.isp.example", "127.0.3.2");
        set_policy({allow("isp.example", policy::Mode::pass)});
        route = route_of(pcscf, do_register(alice_phone, alice));
        net.ladder();
        net.decisions.clear();
    }
    std::string call_plain() { return alice_phone.send(pcscf, invite("", plain_sdp)); }
    [[nodiscard]] transport::Quarantined standing_of(const Phone& target) {
        return scscf.quarantine().of({transport::Protocol::udp, target.address(), {}}, net.now());
    }
    Phone& first = dave;
    Phone second{net, "second", "127.0.3.2:5060"};
};
INSTANTIATE_TEST_SUITE_P(With, Unreachable, testing::Values(1, 4), worker_count);

TEST_P(Unreachable, IW_RTE_08_a_closed_port_is_followed_by_the_next_target_without_waiting) {
    net.close_port("127.0.3.1:5060");
    call_plain();
    const auto received = second.expect("INVITE");
    EXPECT_EQ(received.cseq(), 7U) << "the same attempt";
    EXPECT_EQ(standing_of(first), transport::Quarantined::avoided);
    EXPECT_THAT(net.decisions, testing::Contains(HasSubstr("IW-RTE-08 next target")));
    EXPECT_EQ(net.ladder(), R"(
alice -> pcscf INVITE
pcscf -> scscf INVITE
scscf -> dave INVITE
scscf -> second INVITE
)");
    second.answer(received, 200, "OK", "d1", "Contact: <sip:dave@127.0.3.2:5060>", plain_sdp);
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "d1");
}

TEST_P(Unreachable, T23_where_all_ports_are_closed_the_caller_hears_so_at_once) {
    net.close_port("127.0.3.1:5060");
    net.close_port("127.0.3.2:5060");
    call_plain();
    alice_phone.expect("SIP/2.0 500");
}

TEST_P(Unreachable, IW_RTE_08_other_methods_too) {
    net.close_port("127.0.3.1:5060");
    alice_phone.send(pcscf, "MESSAGE sip:dave@isp.example SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + route +
                                "From: <sip:alice@home1.net>;tag=ua\nTo: <sip:dave@isp.example>\nCall-ID: m1\n"
                                "CSeq: 1 MESSAGE\n");
    second.answer(second.expect("MESSAGE"), 200, "OK", "m");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Unreachable, IW_RTE_08_an_error_that_names_another_address_changes_nothing) {
    call_plain();
    const auto sent = first.expect("INVITE").print();
    for (const auto* other : {"127.0.3.1:5062", "127.0.3.2:5060"})
        scscf.undeliverable(transport::Address::parse_with_port(other, 5060).value(), sent);
    net.settle();
    EXPECT_FALSE(second.has("INVITE"));
    scscf.undeliverable(first.address(), sent);
    net.settle();
    second.expect("INVITE");
}

TEST_P(Unreachable, IW_RTE_08_an_error_after_the_first_response_changes_nothing) {
    call_plain();
    const auto received = first.expect("INVITE");
    first.answer(received, 180, "Ringing", "d1", contact_of_dave);
    scscf.undeliverable(first.address(), received.print());
    net.settle();
    EXPECT_FALSE(second.has("INVITE"));
    first.answer(received, 200, "OK", "d1", contact_of_dave, plain_sdp);
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Unreachable, IW_RTE_08_an_error_without_our_branch_changes_nothing) {
    call_plain();
    const auto sent = first.expect("INVITE").print();
    const auto branch = sent.find("branch=") + 7;
    auto guessed = sent;
    guessed[branch + 12] = guessed[branch + 12] == 'a' ? 'b' : 'a';
    for (const auto& octets : {guessed, sent.substr(0, branch + 20), sent.substr(0, 20), std::string("\r\n"),
                               std::string(), "ACK" + sent.substr(6), "SIP/2.0 200 OK" + sent.substr(sent.find('\r'))})
        scscf.undeliverable(first.address(), octets);
    net.settle();
    EXPECT_FALSE(second.has("INVITE"));
}

TEST_P(Unreachable, ST_SES_a_phone_that_is_gone_is_known_at_once) {
    do_register(bob_phone, bob);
    net.close_port(bob_phone.address().text());
    alice_phone.send(pcscf, "INVITE sip:bob@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + route +
                                "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>\nCall-ID: call1\n"
                                "CSeq: 1 INVITE\nContact: <sip:alice@127.0.2.1:5070>\n");
    EXPECT_FALSE(bob_phone.has("INVITE"));
    EXPECT_GE(alice_phone.expect("SIP/2.0 ").status(), 400);
}

}  // namespace
}  // namespace isthmus::flow
