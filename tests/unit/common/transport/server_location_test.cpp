// RFC 3263 as a dialogue: what is asked, what is answered, which targets come out.
#include "common/transport/server_location.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace isthmus::transport {
namespace {

using Outcome = DnsAnswer::Outcome;

/// A zone that answers everything; what it was asked stands in `asked`.
class Zone {
  public:
    Zone& naptr(const std::string& name, std::uint16_t order, std::uint16_t preference, const std::string& service,
                const std::string& replacement, const std::string& flags = "s") {
        record(RecordType::naptr, name).naptr.push_back({order, preference, flags, service, "", replacement});
        return *this;
    }
    Zone& srv(const std::string& name, std::uint16_t priority, std::uint16_t weight, const std::string& target,
              std::uint16_t port) {
        record(RecordType::srv, name).srv.push_back({priority, weight, port, target});
        return *this;
    }
    Zone& a(const std::string& name, const std::string& address) {
        const auto parsed = Address::parse(address, 0).value();
        record(parsed.v6 ? RecordType::aaaa : RecordType::a, name).addresses.push_back(parsed);
        return *this;
    }
    Zone& says(RecordType type, const std::string& name, Outcome outcome) {
        auto& row = records_[key(type, name)];
        row.outcome = outcome;
        return *this;
    }

    Located locate(const LocationFacts& facts, const LocationPolicy& policy = {}, std::uint64_t seed = 1) {
        ServerLocation location(facts, policy, seed);
        trail.clear();
        asked.clear();
        location.tell(&trail);
        location.start();
        for (int rounds = 0; !location.done() && rounds < 10; ++rounds) {
            const auto questions = location.questions();
            for (std::size_t i = 0; i < questions.size(); ++i) {
                const std::string name(questions[i].name.data(), questions[i].name.size());
                asked += std::string(asked.empty() ? "" : ", ") + std::string(transport::name(questions[i].type)) +
                         " " + name;
                location.answer(i, answer(questions[i].type, name));
            }
        }
        EXPECT_TRUE(location.done());
        return location.result();
    }

    std::string asked;
    std::vector<std::string> trail;

  private:
    static std::string key(RecordType type, const std::string& name) {
        return std::string(transport::name(type)) + " " + name;
    }
    DnsAnswer& record(RecordType type, const std::string& name) {
        auto& row = records_[key(type, name)];
        row.outcome = Outcome::found;
        row.ttl_s = 60;
        return row;
    }
    AnswerPtr answer(RecordType type, const std::string& name) {
        const auto found = records_.find(key(type, name));
        if (found != records_.end()) return std::make_shared<const DnsAnswer>(found->second);
        DnsAnswer none;
        none.outcome = Outcome::no_name;
        for (const auto& [row, record] : records_)
            if (row.substr(row.find(' ') + 1) == name) none.outcome = Outcome::no_data;
        return std::make_shared<const DnsAnswer>(none);
    }
    std::map<std::string, DnsAnswer> records_;
};

std::string text(const Located& located) {
    std::string out;
    for (const auto& peer : located.targets) out += (out.empty() ? "" : " ") + peer.text();
    return out.empty() ? std::string(words(located.failure)) : out;
}

LocationPolicy with_tls(Security security = Security::open) {
    LocationPolicy policy;
    policy.supported.tls = true;
    policy.security = security;
    return policy;
}

TEST(ServerLocation, IW_RTE_04_a_numeric_host_is_asked_by_UDP_and_nobody_is_asked) {
    Zone zone;
    EXPECT_EQ(text(zone.locate({"192.0.2.1"})), "udp:192.0.2.1:5060");
    EXPECT_EQ(text(zone.locate({"192.0.2.1", 5070})), "udp:192.0.2.1:5070");
    EXPECT_EQ(text(zone.locate({"192.0.2.1", 0, "tcp"})), "tcp:192.0.2.1:5060");
    EXPECT_EQ(zone.asked, "");
}

TEST(ServerLocation, IW_RTE_04_a_numeric_host_of_a_sips_URI_is_asked_by_TLS) {
    Zone zone;
    EXPECT_EQ(text(zone.locate({"192.0.2.1", 0, {}, true}, with_tls())), "tls:192.0.2.1:5061");
    EXPECT_EQ(text(zone.locate({"192.0.2.1", 0, "tcp", true}, with_tls())), "tls:192.0.2.1:5061");
}

TEST(ServerLocation, IW_TC_66_a_sips_URI_never_goes_by_UDP) {
    Zone zone;
    EXPECT_EQ(text(zone.locate({"192.0.2.1", 0, "udp", true}, with_tls())), "Secure transport unavailable");
    zone.naptr("example.net", 10, 10, "SIP+D2U", "_sip._udp.example.net")
        .srv("_sip._udp.example.net", 1, 1, "a.example.net", 5060)
        .a("a.example.net", "192.0.2.1");
    EXPECT_EQ(text(zone.locate({"example.net", 0, {}, true}, with_tls())), "Secure transport unavailable");
    EXPECT_EQ(text(zone.locate({"example.net", 0, {}, true})), "Secure transport unavailable");
}

TEST(ServerLocation, IW_RTE_04_a_port_asks_for_addresses_only) {
    Zone zone;
    zone.a("example.net", "192.0.2.1").srv("_sip._udp.example.net", 1, 1, "other.example.net", 5099);
    EXPECT_EQ(text(zone.locate({"example.net", 5070})), "udp:192.0.2.1:5070");
    EXPECT_EQ(zone.asked, "A example.net");
}

TEST(ServerLocation, IW_RTE_04_a_transport_asks_for_its_SRV_records) {
    Zone zone;
    zone.srv("_sip._tcp.example.net", 1, 1, "a.example.net", 5099).a("a.example.net", "192.0.2.1");
    EXPECT_EQ(text(zone.locate({"example.net", 0, "tcp"})), "tcp:192.0.2.1:5099");
    EXPECT_EQ(zone.asked, "SRV _sip._tcp.example.net, A a.example.net");
}

TEST(ServerLocation, IW_RTE_04_NAPTR_then_SRV_then_addresses) {
    Zone zone;
    zone.naptr("example.net", 20, 10, "SIP+D2U", "_sip._udp.example.net")
        .naptr("example.net", 10, 20, "SIP+D2T", "_sip._tcp.example.net")
        .naptr("example.net", 5, 10, "SIPS+D2T", "_sips._tcp.example.net")
        .srv("_sip._udp.example.net", 1, 1, "u.example.net", 5060)
        .srv("_sip._tcp.example.net", 1, 1, "t.example.net", 5070)
        .srv("_sips._tcp.example.net", 1, 1, "s.example.net", 5061)
        .a("u.example.net", "192.0.2.1")
        .a("t.example.net", "192.0.2.2")
        .a("s.example.net", "192.0.2.3");
    // What we do not speak is left out; then order goes before preference.
    EXPECT_EQ(text(zone.locate({"example.net"})), "tcp:192.0.2.2:5070 udp:192.0.2.1:5060");
    EXPECT_EQ(text(zone.locate({"example.net"}, with_tls())),
              "tls:192.0.2.3:5061 tcp:192.0.2.2:5070 udp:192.0.2.1:5060");
}

TEST(ServerLocation, IW_RTE_04_preference_decides_within_an_order) {
    Zone zone;
    zone.naptr("example.net", 10, 20, "SIP+D2U", "_sip._udp.example.net")
        .naptr("example.net", 10, 10, "SIP+D2T", "_sip._tcp.example.net")
        .srv("_sip._udp.example.net", 1, 1, "a.example.net", 5060)
        .srv("_sip._tcp.example.net", 1, 1, "a.example.net", 5060)
        .a("a.example.net", "192.0.2.1");
    EXPECT_EQ(text(zone.locate({"example.net"})), "tcp:192.0.2.1:5060 udp:192.0.2.1:5060");
    // The host is looked up once.
    EXPECT_EQ(zone.asked, "NAPTR example.net, SRV _sip._tcp.example.net, SRV _sip._udp.example.net, A a.example.net");
}

TEST(ServerLocation, IW_RTE_04_NAPTR_records_of_other_services_do_not_count) {
    Zone zone;
    zone.naptr("example.net", 10, 10, "E2U+sip", "_sip._udp.example.net", "u")
        .naptr("example.net", 10, 10, "SIP+D2U", "_wrong.example.net", "")
        .srv("_sip._udp.example.net", 1, 1, "a.example.net", 5062)
        .a("a.example.net", "192.0.2.1");
    EXPECT_NE(text(zone.locate({"example.net"})), "udp:192.0.2.1:5062") << "a record for SIP without the flag s";
    Zone other;
    other.naptr("example.net", 10, 10, "E2U+sip", "_sip._udp.example.net", "u")
        .srv("_sip._udp.example.net", 1, 1, "a.example.net", 5062)
        .a("a.example.net", "192.0.2.1");
    EXPECT_EQ(text(other.locate({"example.net"})), "udp:192.0.2.1:5062");
}

TEST(ServerLocation, IW_RTE_04_without_NAPTR_the_SRV_records_of_our_transports) {
    Zone zone;
    zone.srv("_sip._tcp.example.net", 1, 1, "a.example.net", 5062).a("a.example.net", "192.0.2.1");
    EXPECT_EQ(text(zone.locate({"example.net"}, with_tls())), "tcp:192.0.2.1:5062");
    EXPECT_EQ(zone.asked,
              "NAPTR example.net, SRV _sip._udp.example.net, SRV _sip._tcp.example.net, SRV _sips._tcp.example.net, "
              "A a.example.net");
}

TEST(ServerLocation, IW_RTE_04_without_SRV_the_addresses_and_the_default_port) {
    Zone zone;
    zone.a("example.net", "192.0.2.1").a("example.net", "192.0.2.2");
    EXPECT_EQ(text(zone.locate({"example.net"})), "udp:192.0.2.1:5060 udp:192.0.2.2:5060");
    EXPECT_EQ(text(zone.locate({"example.net", 0, {}, true}, with_tls())), "tls:192.0.2.1:5061 tls:192.0.2.2:5061");
}

TEST(ServerLocation, IW_RTE_06_TLS_is_checked_against_the_domain_that_was_looked_up) {
    Zone zone;
    zone.srv("_sips._tcp.example.net", 1, 1, "farm7.hoster.example", 5061).a("farm7.hoster.example", "192.0.2.7");
    const auto located = zone.locate({"Example.NET."}, with_tls(Security::required));
    ASSERT_EQ(text(located), "tls:192.0.2.7:5061");
    EXPECT_EQ(located.targets.front().domain, "example.net");
}

TEST(ServerLocation, IW_TC_65_TLS_required_and_not_to_be_had) {
    Zone zone;
    zone.naptr("example.net", 10, 10, "SIP+D2U", "_sip._udp.example.net").a("example.net", "192.0.2.1");
    EXPECT_EQ(zone.locate({"example.net"}, with_tls(Security::required)).failure, LocationFailure::not_secure);
    EXPECT_EQ(zone.asked, "NAPTR example.net");
}

TEST(ServerLocation, IW_RTE_06_TLS_preferred_comes_first_and_falls_back) {
    Zone zone;
    zone.srv("_sip._udp.example.net", 1, 1, "a.example.net", 5060)
        .srv("_sips._tcp.example.net", 1, 1, "a.example.net", 5061)
        .a("a.example.net", "192.0.2.1");
    EXPECT_EQ(text(zone.locate({"example.net"}, with_tls(Security::preferred))),
              "tls:192.0.2.1:5061 udp:192.0.2.1:5060");
}

TEST(ServerLocation, IW_RTE_05_the_lowest_priority_comes_first) {
    Zone zone;
    zone.srv("_sip._udp.example.net", 20, 100, "b.example.net", 5060)
        .srv("_sip._udp.example.net", 10, 1, "a.example.net", 5060)
        .a("a.example.net", "192.0.2.1")
        .a("b.example.net", "192.0.2.2");
    for (std::uint64_t seed = 0; seed < 50; ++seed)
        EXPECT_EQ(text(zone.locate({"example.net", 0, "udp"}, {}, seed)), "udp:192.0.2.1:5060 udp:192.0.2.2:5060");
}

int share_of_first(Zone& zone, const std::string& first) {
    int count = 0;
    for (std::uint64_t seed = 0; seed < 4000; ++seed)
        if (text(zone.locate({"example.net", 0, "udp"}, {}, seed * 7919)).rfind(first, 0) == 0) ++count;
    return count;
}

TEST(ServerLocation, IW_RTE_05_weights_share_the_calls) {
    Zone zone;
    zone.srv("_sip._udp.example.net", 10, 30, "a.example.net", 5060)
        .srv("_sip._udp.example.net", 10, 10, "b.example.net", 5060)
        .a("a.example.net", "192.0.2.1")
        .a("b.example.net", "192.0.2.2");
    EXPECT_NEAR(share_of_first(zone, "udp:192.0.2.1"), 3000, 150);
}

TEST(ServerLocation, IW_RTE_05_no_weight_beside_a_weight_is_rarely_chosen_and_without_any_all_are_equal) {
    Zone zone;
    zone.srv("_sip._udp.example.net", 10, 99, "a.example.net", 5060)
        .srv("_sip._udp.example.net", 10, 0, "b.example.net", 5060)
        .a("a.example.net", "192.0.2.1")
        .a("b.example.net", "192.0.2.2");
    EXPECT_NEAR(share_of_first(zone, "udp:192.0.2.2"), 40, 35);
    Zone equal;
    equal.srv("_sip._udp.example.net", 10, 0, "a.example.net", 5060)
        .srv("_sip._udp.example.net", 10, 0, "b.example.net", 5060)
        .a("a.example.net", "192.0.2.1")
        .a("b.example.net", "192.0.2.2");
    EXPECT_NEAR(share_of_first(equal, "udp:192.0.2.1"), 2000, 150);
}

TEST(ServerLocation, RFC_2782_a_dot_says_that_there_is_no_service) {
    Zone zone;
    zone.srv("_sip._udp.example.net", 0, 0, "", 0).a("example.net", "192.0.2.1");
    EXPECT_EQ(zone.locate({"example.net", 0, "udp"}).failure, LocationFailure::not_offered);
}

TEST(ServerLocation, bad_input_a_server_at_port_0_is_no_server) {
    Zone zone;
    zone.srv("_sip._udp.example.net", 0, 0, "a.example.net", 0).a("a.example.net", "192.0.2.1");
    EXPECT_EQ(zone.locate({"example.net", 0, "udp"}).failure, LocationFailure::not_offered);
    zone.srv("_sip._udp.example.net", 1, 0, "a.example.net", 5062);
    EXPECT_EQ(text(zone.locate({"example.net", 0, "udp"})), "udp:192.0.2.1:5062");
}

TEST(ServerLocation, IW_RTE_04_addresses_of_families_that_we_send_from) {
    Zone zone;
    zone.a("example.net", "192.0.2.1").a("example.net", "2001:db8::1");
    LocationPolicy both;
    both.ipv6 = true;
    EXPECT_EQ(text(zone.locate({"example.net", 5060}, both)), "udp:[2001:db8::1]:5060 udp:192.0.2.1:5060");
    EXPECT_EQ(text(zone.locate({"example.net", 5060})), "udp:192.0.2.1:5060");
    EXPECT_EQ(zone.asked, "A example.net");
    LocationPolicy only_v6;
    only_v6.ipv4 = false;
    only_v6.ipv6 = true;
    EXPECT_EQ(zone.locate({"192.0.2.1"}, only_v6).failure, LocationFailure::no_address);
    EXPECT_EQ(text(zone.locate({"[2001:db8::2]"}, only_v6)), "udp:[2001:db8::2]:5060");
}

TEST(ServerLocation, IW_RTE_08_a_domain_that_does_not_exist) {
    Zone zone;
    EXPECT_EQ(zone.locate({"nowhere.example"}).failure, LocationFailure::no_such_domain);
    EXPECT_EQ(zone.locate({"nowhere.example", 5060}).failure, LocationFailure::no_such_domain);
    // A server without address is another thing: its domain exists.
    zone.srv("_sip._udp.example.net", 1, 1, "gone.example.net", 5060);
    EXPECT_EQ(zone.locate({"example.net", 0, "udp"}).failure, LocationFailure::no_address);
}

TEST(ServerLocation, IW_RTE_08_a_silent_name_server_is_asked_one_step_only) {
    Zone zone;
    zone.says(RecordType::naptr, "example.net", Outcome::timed_out).a("example.net", "192.0.2.1");
    EXPECT_EQ(zone.locate({"example.net"}).failure, LocationFailure::dns_timed_out);
    EXPECT_EQ(zone.asked, "NAPTR example.net");
}

TEST(ServerLocation, IW_RTE_04_a_server_that_fails_on_NAPTR_is_asked_for_the_rest) {
    Zone zone;
    zone.says(RecordType::naptr, "example.net", Outcome::failed).a("example.net", "192.0.2.1");
    EXPECT_EQ(text(zone.locate({"example.net"})), "udp:192.0.2.1:5060");
}

TEST(ServerLocation, IW_RTE_04_one_SRV_question_in_silence_does_not_spoil_the_other) {
    Zone zone;
    zone.says(RecordType::srv, "_sip._udp.example.net", Outcome::timed_out)
        .srv("_sip._tcp.example.net", 1, 1, "a.example.net", 5060)
        .a("a.example.net", "192.0.2.1");
    EXPECT_EQ(text(zone.locate({"example.net"})), "tcp:192.0.2.1:5060");
}

TEST(ServerLocation, bad_input_hundreds_of_records_and_impossible_names_are_bounded) {
    Zone zone;
    for (int i = 0; i < 500; ++i) {
        const auto host = "h" + std::to_string(i) + ".example.net";
        zone.srv("_sip._udp.example.net", static_cast<std::uint16_t>(i), 1, host, 5060);
        for (int j = 0; j < 20; ++j) zone.a(host, "192.0." + std::to_string(j) + "." + std::to_string(i % 250));
    }
    const auto located = zone.locate({"example.net", 0, "udp"});
    EXPECT_EQ(located.targets.size(), max_located);
    EXPECT_LE(std::count(zone.asked.begin(), zone.asked.end(), ','), 8);
    EXPECT_EQ(zone.locate({std::string(300, 'a')}).failure, LocationFailure::no_such_domain);
    EXPECT_EQ(zone.locate({""}).failure, LocationFailure::no_such_domain);
    EXPECT_EQ(zone.locate({"192.0.2.1", 0, "sctp"}).failure, LocationFailure::not_supported);
    // Long, but a name; with _sip._udp. in front it is none any more.
    EXPECT_EQ(zone.locate({std::string(250, 'a')}).failure, LocationFailure::not_supported);
}

TEST(ServerLocation, the_trail_tells_every_step) {
    Zone zone;
    zone.naptr("example.net", 10, 10, "SIPS+D2T", "_sips._tcp.example.net")
        .naptr("example.net", 20, 10, "SIP+D2U", "_sip._udp.example.net")
        .srv("_sip._udp.example.net", 10, 60, "a.example.net", 5060)
        .a("a.example.net", "192.0.2.1");
    zone.locate({"example.net"});
    EXPECT_EQ(zone.trail, (std::vector<std::string>{
                              "neither port nor transport is given: NAPTR records of example.net",
                              "NAPTR example.net: found",
                              "left out, we do not use it: SIPS+D2T _sips._tcp.example.net",
                              "NAPTR 20 10 SIP+D2U _sip._udp.example.net",
                              "SRV _sip._udp.example.net: found",
                              "SRV 10 60 a.example.net port 5060, UDP",
                              "A a.example.net: found",
                              "target 1: udp:192.0.2.1:5060",
                          }));
}

}  // namespace
}  // namespace isthmus::transport
