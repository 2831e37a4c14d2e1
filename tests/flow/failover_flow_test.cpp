// The next hop is found by name, and one of its targets does not serve (IW-RTE-04..08).
#include <gmock/gmock.h>

#include "common/sip/headers.hpp"
#include "tests/flow/internet_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::Contains;
using testing::HasSubstr;

/// isp.example has two servers by SRV: the first is to be tried first.
class Failover : public InternetNetwork {
  protected:
    Failover() {
        net.srv("_sip._udp.isp.example", 10, "one.isp.example");
        net.srv("_sip._udp.isp.example", 20, "two.isp.example");
        net.a("one.isp.example", "127.0.3.1");
        net.a("two.isp.example", "127.0.3.2");
    }
    void by_name(policy::Mode mode) {
        set_policy({allow("isp.example", mode)});
        route = route_of(pcscf, do_register(alice_phone, alice));
        net.ladder();
        net.decisions.clear();
        net.dns_queries.clear();
    }
    std::string call_plain() { return alice_phone.send(pcscf, invite("", plain_sdp)); }
    void silence(bool silent = true) { net.silence("127.0.3.1:5060", silent); }
    [[nodiscard]] transport::Quarantined standing_of(const Phone& target) {
        return scscf.quarantine().of({transport::Protocol::udp, target.address(), {}}, net.now());
    }
    [[nodiscard]] std::uint64_t failovers() {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < scscf.node().workers; ++i) sum += scscf.core(i).counters().failovers;
        return sum;
    }
    Phone& first = dave;
    Phone second{net, "second", "127.0.3.2:5060"};
    static constexpr const char* contact = "Contact: <sip:dave@127.0.3.2:5060>";
};
INSTANTIATE_TEST_SUITE_P(With, Failover, testing::Values(1, 4), worker_count);

TEST_P(Failover, IW_RTE_04_NAPTR_SRV_and_addresses_lead_to_the_first_server) {
    by_name(policy::Mode::pass);
    call_plain();
    EXPECT_EQ(first.expect("INVITE").request_uri(), "sip:dave@isp.example") << "IW-RTE-03: not altered";
    EXPECT_THAT(net.dns_queries,
                testing::ElementsAre("NAPTR isp.example", "SRV _sip._udp.isp.example", "SRV _sip._tcp.isp.example",
                                     "SRV _sips._tcp.isp.example", "A one.isp.example", "A two.isp.example"));
    EXPECT_EQ(net.ladder(), R"(
alice -> pcscf INVITE
pcscf -> scscf INVITE
scscf -> dave INVITE
)");
}

TEST_P(Failover, IW_TC_122_a_silent_target_is_followed_by_the_next_after_three_seconds) {
    by_name(policy::Mode::pass);
    silence();
    call_plain();
    net.advance(2'900);
    EXPECT_FALSE(second.has("INVITE"));
    net.advance(200);
    const auto received = second.expect("INVITE");
    EXPECT_EQ(received.cseq(), 7U) << "the same attempt";
    EXPECT_EQ(received.call_id(), "u1");
    EXPECT_EQ(failovers(), 1U);
    EXPECT_EQ(standing_of(first), transport::Quarantined::avoided);
    EXPECT_THAT(net.decisions, Contains(HasSubstr("IW-RTE-08 next target")));
    second.answer(received, 200, "OK", "d1", contact, plain_sdp);
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "d1");
    // The silent one is not asked any more.
    net.ladder();
    net.advance(40'000);
    EXPECT_EQ(net.ladder().find("-> dave INVITE"), std::string::npos);
}

TEST_P(Failover, IW_RTE_08_the_branch_of_the_next_target_is_new) {
    by_name(policy::Mode::pass);
    call_plain();
    const auto to_first = first.expect("INVITE");
    net.advance(3'100);
    const auto to_second = second.expect("INVITE");
    EXPECT_NE(to_first.branch(), to_second.branch());
    EXPECT_EQ(to_first.values(HeaderId::via).size(), to_second.values(HeaderId::via).size());
    EXPECT_EQ(to_first.value(HeaderId::max_forwards), to_second.value(HeaderId::max_forwards));
    EXPECT_EQ(to_first.body(), to_second.body());
}

TEST_P(Failover, IW_TC_63_a_503_with_Retry_After_puts_its_target_in_quarantine) {
    by_name(policy::Mode::pass);
    call_plain();
    first.answer(first.expect("INVITE"), 503, "Service Unavailable", "x", "Retry-After: 20");
    first.expect("ACK");
    second.answer(second.expect("INVITE"), 486, "Busy Here", "d1");
    alice_phone.expect("SIP/2.0 486");
    EXPECT_EQ(standing_of(first), transport::Quarantined::asked);
    net.advance(19'000);
    EXPECT_EQ(standing_of(first), transport::Quarantined::asked);
    net.advance(2'000);
    EXPECT_EQ(standing_of(first), transport::Quarantined::no);
}

TEST_P(Failover, OV_SES_03_calls_pass_by_a_target_in_quarantine) {
    by_name(policy::Mode::pass);
    scscf.quarantine().put({transport::Protocol::udp, first.address(), {}}, transport::Quarantined::avoided, net.now(),
                           30'000);
    call_plain();
    second.expect("INVITE");
    EXPECT_FALSE(first.has("INVITE"));
}

TEST_P(Failover, IW_RTE_08_where_all_are_avoided_the_first_is_tried_all_the_same_and_an_answer_frees_it) {
    by_name(policy::Mode::pass);
    for (const auto* target : {&first, &second})
        scscf.quarantine().put({transport::Protocol::udp, target->address(), {}}, transport::Quarantined::avoided,
                               net.now(), 30'000);
    call_plain();
    first.answer(first.expect("INVITE"), 180, "Ringing", "d1", contact);
    EXPECT_EQ(standing_of(first), transport::Quarantined::no);
    EXPECT_EQ(standing_of(second), transport::Quarantined::avoided);
}

TEST_P(Failover, OV_SES_03_where_all_asked_to_be_left_alone_nothing_new_is_sent) {
    by_name(policy::Mode::pass);
    for (const auto* target : {&first, &second})
        scscf.quarantine().put({transport::Protocol::udp, target->address(), {}}, transport::Quarantined::asked,
                               net.now(), 30'000);
    call_plain();
    const auto refused = alice_phone.expect("SIP/2.0 500");
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)), HasSubstr("Next hop asked to be left alone"));
    EXPECT_FALSE(first.has("INVITE") || second.has("INVITE"));
}

TEST_P(Failover, IW_TC_64_all_targets_503) {
    by_name(policy::Mode::pass);
    call_plain();
    first.answer(first.expect("INVITE"), 503, "Service Unavailable", "x", "Retry-After: 20");
    second.answer(second.expect("INVITE"), 503, "Service Unavailable", "y");
    const auto final = alice_phone.expect("SIP/2.0 5");
    EXPECT_EQ(final.status(), 500);
    EXPECT_FALSE(final.has(HeaderId::retry_after));
    EXPECT_EQ(standing_of(first), transport::Quarantined::asked);
    EXPECT_EQ(standing_of(second), transport::Quarantined::avoided) << "it did not say for how long";
}

TEST_P(Failover, IW_RTE_08_all_silent_gives_504_after_each_had_its_time) {
    by_name(policy::Mode::pass);
    silence();
    net.silence("127.0.3.2:5060", true);
    call_plain();
    net.advance(5'900);
    EXPECT_FALSE(alice_phone.has("SIP/2.0 504"));
    net.advance(300);
    alice_phone.expect("SIP/2.0 504");
}

TEST_P(Failover, IW_RTE_08_at_most_four_targets_are_tried) {
    for (int i = 3; i < 8; ++i) {
        const auto host = "t" + std::to_string(i) + ".isp.example";
        net.srv("_sip._udp.isp.example", static_cast<std::uint16_t>(10 * i), host);
        net.a(host, "127.0.3." + std::to_string(i));
    }
    by_name(policy::Mode::pass);
    silence();
    net.silence("127.0.3.2:5060", true);
    call_plain();
    net.advance(12'200);
    alice_phone.expect("SIP/2.0 504");
    const auto ladder = net.ladder();
    EXPECT_NE(ladder.find("-> 127.0.3.4:5060 INVITE"), std::string::npos);
    EXPECT_EQ(ladder.find("-> 127.0.3.5:5060 INVITE"), std::string::npos) << ladder;
}

TEST_P(Failover, IW_RTE_08_a_target_that_said_100_has_all_the_time_of_its_callee) {
    by_name(policy::Mode::pass);
    call_plain();
    first.answer(first.expect("INVITE"), 100, "Trying", "");
    net.advance(60'000);
    EXPECT_FALSE(second.has("INVITE"));
}

TEST_P(Failover, IW_TC_122_a_late_1xx_of_an_abandoned_target_gets_a_CANCEL) {
    by_name(policy::Mode::retry);
    call_rel5();
    const auto to_first = first.expect("INVITE");
    net.advance(3'100);
    const auto to_second = second.expect("INVITE");
    first.answer(to_first, 180, "Ringing", "late", contact_of_dave);
    EXPECT_FALSE(alice_phone.has("SIP/2.0 180")) << "the UE hears of the second only";
    first.answer(first.expect("CANCEL"), 200, "OK", "late");
    first.answer(to_first, 487, "Request Terminated", "late");
    first.expect("ACK");
    second.answer(to_second, 200, "OK", "d1", contact, plain_sdp);
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Failover, IW_TC_122_a_late_200_of_an_abandoned_target_is_hung_up_on_by_the_b2bua) {
    by_name(policy::Mode::retry);
    call_rel5();
    const auto to_first = first.expect("INVITE");
    net.advance(3'100);
    const auto to_second = second.expect("INVITE");
    EXPECT_EQ(to_second.cseq(), to_first.cseq()) << "the same attempt";
    first.answer(to_first, 200, "OK", "late", contact_of_dave, plain_sdp);
    EXPECT_EQ(first.expect("ACK").to_tag(), "late");
    const auto bye = first.expect("BYE");
    EXPECT_EQ(bye.to_tag(), "late");
    EXPECT_THAT(std::string(bye.value(HeaderId::reason)), HasSubstr("cause=504"));
    EXPECT_FALSE(alice_phone.has("SIP/2.0 200"));
    first.answer(bye, 200, "OK", "");
    second.answer(to_second, 200, "OK", "d1", contact, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    EXPECT_EQ(second.expect("ACK").to_tag(), "d1");
}

TEST_P(Failover, IW_TC_122_a_late_200_of_an_abandoned_target_is_forwarded_by_the_proxy) {
    by_name(policy::Mode::pass);
    call_plain();
    const auto to_first = first.expect("INVITE");
    net.advance(3'100);
    const auto to_second = second.expect("INVITE");
    second.answer(to_second, 180, "Ringing", "d1", contact);
    first.answer(to_first, 200, "OK", "late", contact_of_dave, plain_sdp);
    alice_phone.expect("SIP/2.0 180");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "late");
    second.expect("CANCEL");
}

TEST_P(Failover, IW_RTE_05_CANCEL_and_ACK_stay_on_the_target_that_was_chosen) {
    by_name(policy::Mode::pass);
    silence();
    const auto branch = call_plain();
    net.advance(3'100);
    const auto to_second = second.expect("INVITE");
    second.answer(to_second, 180, "Ringing", "d1", contact);
    alice_phone.send(pcscf, cancel(branch));
    const auto cancelled = second.expect("CANCEL");
    EXPECT_EQ(cancelled.branch(), to_second.branch());
    second.answer(cancelled, 200, "OK", "d1");
    second.answer(to_second, 487, "Request Terminated", "d1");
    EXPECT_EQ(second.expect("ACK").branch(), to_second.branch());
    alice_phone.expect("SIP/2.0 487");
}

TEST_P(Failover, IW_ORG_09_after_the_UE_cancelled_no_further_target_is_tried) {
    by_name(policy::Mode::pass);
    silence();
    const auto branch = call_plain();
    net.advance(1'000);
    alice_phone.send(pcscf, cancel(branch));
    net.advance(10'000);
    EXPECT_FALSE(second.has("INVITE"));
    EXPECT_FALSE(second.has("CANCEL"));
}

TEST_P(Failover, IW_ORG_09_cancelled_while_the_name_server_thinks_nothing_is_sent) {
    by_name(policy::Mode::pass);
    net.name_server_silent = true;
    const auto branch = call_plain();
    net.advance(500);
    alice_phone.send(pcscf, cancel(branch));
    net.advance(10'000);
    alice_phone.expect("SIP/2.0 487");
    EXPECT_EQ(net.ladder().find("-> dave"), std::string::npos);
}

TEST_P(Failover, IW_RTE_08_a_domain_that_does_not_exist_gives_404) {
    set_policy({allow("nowhere.example", policy::Mode::pass)});
    route = route_of(pcscf, do_register(alice_phone, alice));
    auto text = invite("", plain_sdp);
    for (auto at = text.find("isp.example"); at != std::string::npos; at = text.find("isp.example"))
        text.replace(at, 11, "nowhere.example");
    alice_phone.send(pcscf, text);
    const auto refused = alice_phone.expect("SIP/2.0 404");
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)), HasSubstr("\"No such domain\""));
}

TEST_P(Failover, IW_RTE_08_a_dead_name_server_costs_a_call_at_most_two_seconds) {
    by_name(policy::Mode::pass);
    net.name_server_silent = true;
    call_plain();
    net.advance(1'800);
    EXPECT_FALSE(alice_phone.has("SIP/2.0 504"));
    net.advance(200);
    const auto refused = alice_phone.expect("SIP/2.0 504");
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)), HasSubstr("Name server does not answer"));
    EXPECT_THAT(net.dns_queries, testing::ElementsAre("NAPTR isp.example")) << "one step, no further";
}

TEST_P(Failover, IW_TC_118_a_denied_domain_is_not_even_looked_up) {
    policy::DomainRule rule = allow("isp.example", policy::Mode::pass);
    rule.access = policy::Access::deny;
    set_policy({rule});
    route = route_of(pcscf, do_register(alice_phone, alice));
    net.dns_queries.clear();
    call_plain();
    alice_phone.expect("SIP/2.0 403");
    EXPECT_THAT(net.dns_queries, testing::IsEmpty());
}

TEST_P(Failover, IW_RTE_08_other_methods_have_four_seconds_a_target) {
    by_name(policy::Mode::pass);
    silence();
    alice_phone.send(pcscf, "MESSAGE sip:dave@isp.example SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + route +
                                "From: <sip:alice@home1.net>;tag=ua\nTo: <sip:dave@isp.example>\nCall-ID: m1\n"
                                "CSeq: 1 MESSAGE\n");
    net.advance(3'900);
    EXPECT_FALSE(second.has("MESSAGE"));
    net.advance(200);
    second.answer(second.expect("MESSAGE"), 200, "OK", "m");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Failover, RFC_4320_a_neighbour_hears_that_we_live_before_it_would_go_elsewhere) {
    by_name(policy::Mode::pass);
    silence();
    net.silence("127.0.3.2:5060", true);
    alice_phone.send(pcscf, "MESSAGE sip:dave@isp.example SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + route +
                                "From: <sip:alice@home1.net>;tag=ua\nTo: <sip:dave@isp.example>\nCall-ID: m1\n"
                                "CSeq: 1 MESSAGE\n");
    net.advance(7'000);
    EXPECT_FALSE(alice_phone.has("SIP/2.0 5")) << "the P-CSCF waits for the S-CSCF, which goes on trying";
    net.advance(1'500);
    alice_phone.expect("SIP/2.0 504");
}

TEST_P(Failover, IW_RTE_05_the_answers_are_remembered) {
    by_name(policy::Mode::pass);
    call_plain();
    first.answer(first.expect("INVITE"), 486, "Busy Here", "d1");
    alice_phone.expect("SIP/2.0 486");
    net.dns_queries.clear();
    auto again = invite("", plain_sdp);
    again.replace(again.find("Call-ID: u1"), 11, "Call-ID: u2");
    alice_phone.send(pcscf, again);
    first.expect("INVITE");
    EXPECT_THAT(net.dns_queries, testing::IsEmpty());
    net.advance(61'000);  // their time to live
    again.replace(again.find("Call-ID: u2"), 11, "Call-ID: u3");
    alice_phone.send(pcscf, again);
    EXPECT_THAT(net.dns_queries, testing::Not(testing::IsEmpty()));
}

/// The home network's I-CSCF is named, and has two nodes; nobody is at home at the first.
class CoreFailover : public CoreNetwork {
  protected:
    CoreFailover() {
        net.srv("_sip._udp.icscf.home1.net", 10, "one.home1.net");
        net.srv("_sip._udp.icscf.home1.net", 20, "two.home1.net");
        net.a("one.home1.net", "127.0.1.29");
        net.a("two.home1.net", "127.0.1.20");
        shared.settings.icscf = "sip:icscf.home1.net";
        route = route_of(pcscf, do_register(alice_phone, alice));
        do_register(bob_phone, bob);
        net.ladder();
    }
    std::string call_bob() {
        return alice_phone.send(
            pcscf, "INVITE sip:bob@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + route +
                       "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>\nCall-ID: call1\nCSeq: 1 INVITE\n"
                       "Contact: <sip:alice@127.0.2.1:5070>\n");
    }
    std::string route;
};
INSTANTIATE_TEST_SUITE_P(With, CoreFailover, testing::Values(1, 4), worker_count);

TEST_P(CoreFailover, IW_RTE_08_a_call_inside_the_home_network_gets_through_the_second_node) {
    call_bob();
    EXPECT_FALSE(bob_phone.has("INVITE"));
    net.advance(3'100);
    bob_phone.expect("INVITE");
    EXPECT_EQ(net.ladder(), R"(
alice -> pcscf INVITE
pcscf -> scscf INVITE
scscf -> 127.0.1.29:5060 INVITE
scscf -> 127.0.1.29:5060 INVITE
scscf -> 127.0.1.29:5060 INVITE
scscf -> icscf INVITE
icscf -> scscf INVITE
scscf -> pcscf INVITE
pcscf -> bob INVITE
)") << "two retransmissions, then the other node";
}

TEST_P(CoreFailover, DG_SES_04_a_call_that_was_cancelled_goes_to_no_further_node) {
    const auto branch = call_bob();
    net.advance(1'000);
    alice_phone.send(pcscf, "CANCEL sip:bob@home1.net SIP/2.0\nVia: SIP/2.0/UDP 127.0.2.1:5070;branch=" + branch +
                                "\nMax-Forwards: 70\n" + route +
                                "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>\nCall-ID: call1\n"
                                "CSeq: 1 CANCEL\n");
    alice_phone.expect("SIP/2.0 200");
    net.advance(3'000);
    EXPECT_FALSE(bob_phone.has("INVITE"));
    alice_phone.expect("SIP/2.0 487");
}

}  // namespace
}  // namespace isthmus::flow
