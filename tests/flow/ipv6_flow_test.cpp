// Nodes and phones that have IPv6 only: a dialogue from REGISTER to BYE, calls to the Internet, and what a caller hears
// when the other side can only be reached by IPv4 (IW-RTE-04, IW-RTE-08).
#include <gmock/gmock.h>

#include "common/sip/headers.hpp"
#include "tests/flow/core_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Ipv6 : public CoreNetwork {
  protected:
    Ipv6() : CoreNetwork(on_ipv6()) {}
    void alice_registers() {
        route = route_of(pcscf, do_register(alice_phone, alice));
        net.ladder();
    }
    [[nodiscard]] std::string invite(const std::string& whom) const {
        return "INVITE " + whom + " SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + route +
               "From: <sip:alice@home1.net>;tag=a1\nTo: <" + whom +
               ">\nCall-ID: call1\nCSeq: 1 INVITE\nContact: <sip:alice@[fd00:2::1]:5070>\nContent-Type: "
               "application/sdp\n\nv=0\no=- 1 1 IN IP6 fd00:2::1\ns=-\nc=IN IP6 fd00:2::1\nt=0 0\n"
               "m=audio 4000 RTP/AVP 0\n";
    }
    /// A request of the caller inside the dialog, or of the callee.
    static std::string inside(const sip::Message& message, bool caller, const std::string& method, int number) {
        std::string routes;
        const auto values = message.values(HeaderId::record_route);
        for (std::size_t i = 0; i < values.size(); ++i)
            routes += "Route: " + std::string(values[caller ? values.size() - 1 - i : i]) + "\n";
        const std::string from(message.value(caller ? HeaderId::from : HeaderId::to));
        const std::string to(message.value(caller ? HeaderId::to : HeaderId::from));
        return method + " " + sip::NameAddr::parse(message.value(HeaderId::contact))->uri.print() +
               " SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + routes + "From: " + from + (caller ? "" : ";tag=c1") +
               "\nTo: " + to + "\nCall-ID: " + std::string(message.call_id()) + "\nCSeq: " + std::to_string(number) +
               " " + method + "\n";
    }
    /// INVITE, 180, 200, ACK, and BYE by the callee; what it received.
    sip::Message call(Phone& callee, const std::string& whom, const std::string& contact) {
        alice_phone.send(pcscf, invite(whom));
        auto received = callee.expect("INVITE");
        callee.answer(received, 180, "Ringing", "c1", contact);
        callee.answer(received, 200, "OK", "c1", contact);
        alice_phone.expect("SIP/2.0 180");
        const auto ok = alice_phone.expect("SIP/2.0 200");
        alice_phone.send(pcscf, inside(ok, true, "ACK", 1));
        callee.expect("ACK");
        const Host& next = &callee == &bob_phone ? pcscf : scscf;
        callee.send(next, inside(received, false, "BYE", 1));
        alice_phone.answer(alice_phone.expect("BYE"), 200, "OK", "");
        callee.expect("SIP/2.0 200");
        return received;
    }
    void expect_refusal(const std::string& text) {
        const auto refusal = alice_phone.expect("SIP/2.0 504");
        EXPECT_THAT(std::string(refusal.value(HeaderId::warning)), HasSubstr(text));
        EXPECT_THAT(net.ladder(), Not(HasSubstr("-> dave")));
    }
    static constexpr const char* dave_uri = "sip:dave@isp.example";
    static constexpr const char* contact_of_dave = "Contact: <sip:dave@[2001:db8::1]:5060>";

    std::string route;
    Phone dave{net, "dave", "[2001:db8::1]:5060"};
    Phone dave_of_old{net, "dave_of_old", "192.0.2.1:5060"};
};
INSTANTIATE_TEST_SUITE_P(With, Ipv6, testing::Values(1, 4), worker_count);

TEST_P(Ipv6, a_call_between_two_users_from_REGISTER_to_BYE) {
    alice_registers();
    do_register(bob_phone, bob);
    net.ladder();
    const auto received = call(bob_phone, "sip:bob@home1.net", "Contact: <sip:bob@[fd00:2::2]:5070>");
    EXPECT_EQ(received.request_uri(), "sip:bob@[fd00:2::2]:5070");
    EXPECT_THAT(std::string(received.first(HeaderId::via)), StartsWith("SIP/2.0/UDP [fd00:1::10]:5060;"));
    EXPECT_THAT(std::string(received.first(HeaderId::record_route)), EndsWith("@[fd00:1::10]:5060;lr>"));
    EXPECT_THAT(net.ladder(), HasSubstr(R"(
alice -> pcscf INVITE
pcscf -> scscf INVITE
scscf -> icscf INVITE
icscf -> scscf INVITE
scscf -> pcscf INVITE
pcscf -> bob INVITE
)"));
}

TEST_P(Ipv6, IW_RTE_04_a_domain_with_addresses_of_both_families_is_called_by_ours) {
    net.srv("_sip._udp.isp.example", 10, "sip.isp.example");
    net.a("sip.isp.example", "192.0.2.1");
    net.aaaa("sip.isp.example", "2001:db8::1");
    set_policy({allow("isp.example", policy::Mode::pass)});
    alice_registers();
    const auto received = call(dave, dave_uri, contact_of_dave);
    EXPECT_THAT(std::string(received.first(HeaderId::via)), StartsWith("SIP/2.0/UDP [fd00:1::30]:5060;"));
    EXPECT_FALSE(dave_of_old.has("INVITE"));
}

TEST_P(Ipv6, IW_POL_01_a_numeric_host_is_judged_by_its_ip_row) {
    auto denied = allow("ip:2001:db8::/64", policy::Mode::pass);
    denied.access = policy::Access::deny;
    set_policy({allow("ip:2001:db8::/32", policy::Mode::pass), denied});
    alice_registers();
    alice_phone.send(pcscf, invite("sip:dave@[2001:db8::1]"));
    alice_phone.expect("SIP/2.0 403");
    EXPECT_THAT(net.ladder(), Not(HasSubstr("-> dave")));
    set_policy({allow("ip:2001:db8::/32", policy::Mode::pass)});
    call(dave, "sip:dave@[2001:db8::1]", contact_of_dave);
}

TEST_P(Ipv6, IW_RTE_08_a_domain_that_only_has_IPv4_gives_504_in_words) {
    net.srv("_sip._udp.isp.example", 10, "sip.isp.example");
    net.a("sip.isp.example", "192.0.2.1");
    set_policy({allow("isp.example", policy::Mode::pass)});
    alice_registers();
    alice_phone.send(pcscf, invite(dave_uri));
    expect_refusal("Domain has no address that can be reached");
}

TEST_P(Ipv6, IW_RTE_08_a_next_hop_that_is_an_IPv4_address_gives_504_in_words) {
    auto rule = allow("isp.example", policy::Mode::pass);
    rule.parameters.next_hop = "sip:192.0.2.1:5060";
    set_policy({rule});
    alice_registers();
    alice_phone.send(pcscf, invite(dave_uri));
    expect_refusal("Domain has no address that can be reached");
}

}  // namespace
}  // namespace isthmus::flow
