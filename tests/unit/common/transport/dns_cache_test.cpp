// The cache of name server answers, and that finding what is known costs no allocation.
#include "common/transport/dns_cache.hpp"

#include <gtest/gtest.h>

#include "common/transport/server_location.hpp"
#include "tests/unit/common/transport/allocations.hpp"

namespace isthmus::transport {
namespace {

using Outcome = DnsAnswer::Outcome;

AnswerPtr address_answer(const char* address, std::uint32_t ttl_s) {
    DnsAnswer answer;
    answer.outcome = Outcome::found;
    answer.ttl_s = ttl_s;
    answer.addresses.push_back(Address::parse(address, 0).value());
    return std::make_shared<const DnsAnswer>(answer);
}

AnswerPtr negative(Outcome outcome, std::uint32_t ttl_s) {
    DnsAnswer answer;
    answer.outcome = outcome;
    answer.ttl_s = ttl_s;
    return std::make_shared<const DnsAnswer>(answer);
}

Question question(RecordType type, std::string_view name) {
    return {type, dns_name(name)};
}

TEST(DnsCache, keeps_an_answer_for_its_time_to_live_and_no_longer) {
    DnsCache cache(100);
    cache.store(question(RecordType::a, "a.example"), address_answer("192.0.2.1", 10), 1'000);
    EXPECT_NE(cache.find(RecordType::a, "a.example", 10'999), nullptr);
    EXPECT_EQ(cache.find(RecordType::a, "a.example", 11'000), nullptr);
    EXPECT_EQ(cache.find(RecordType::aaaa, "a.example", 1'000), nullptr) << "another record of the same name";
    EXPECT_EQ(cache.counts().hits, 1U);
    EXPECT_EQ(cache.counts().misses, 2U);
}

TEST(DnsCache, times_to_live_are_bounded) {
    EXPECT_EQ(believed_s(*address_answer("192.0.2.1", 0)), 1U);
    EXPECT_EQ(believed_s(*address_answer("192.0.2.1", 1'000'000)), 3'600U);
    EXPECT_EQ(believed_s(*negative(Outcome::no_name, 1'000'000)), 300U);
    EXPECT_EQ(believed_s(*negative(Outcome::no_data, 7)), 7U);
    EXPECT_EQ(believed_s(*negative(Outcome::timed_out, 1'000)), 5U);
}

TEST(DnsCache, bad_input_any_number_of_names_takes_a_bounded_place) {
    DnsCache cache(160);
    for (int i = 0; i < 10'000; ++i)
        cache.store(question(RecordType::a, "h" + std::to_string(i) + ".example"), address_answer("192.0.2.1", 60), 0);
    EXPECT_LE(cache.size(), 160U);
    EXPECT_GE(cache.size(), 150U);
    EXPECT_NE(cache.find(RecordType::a, "h9999.example", 1), nullptr) << "the newest is there";
}

TEST(DnsCache, a_newer_answer_takes_the_place_of_the_older) {
    DnsCache cache(100);
    cache.store(question(RecordType::a, "a.example"), address_answer("192.0.2.1", 10), 0);
    cache.store(question(RecordType::a, "a.example"), address_answer("192.0.2.2", 10), 5'000);
    const auto found = cache.find(RecordType::a, "a.example", 14'000);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->addresses.front().ip(), "192.0.2.2");
    EXPECT_EQ(cache.size(), 1U);
}

TEST(DnsCache, a_domain_that_is_remembered_is_located_without_any_allocation) {
    DnsCache cache(100);
    const std::string domain = "a-domain-with-a-long-name.example.net";
    const std::string service = "_sip._udp." + domain;
    const std::string host = "a-server-with-a-long-name." + domain;
    DnsAnswer naptr;
    naptr.outcome = Outcome::found;
    naptr.ttl_s = 60;
    naptr.naptr.push_back({10, 10, "s", "SIP+D2U", "", service});
    DnsAnswer srv;
    srv.outcome = Outcome::found;
    srv.ttl_s = 60;
    srv.srv.push_back({10, 60, 5060, host});
    srv.srv.push_back({10, 40, 5061, host});
    cache.store(question(RecordType::naptr, domain), std::make_shared<const DnsAnswer>(naptr), 0);
    cache.store(question(RecordType::srv, service), std::make_shared<const DnsAnswer>(srv), 0);
    cache.store(question(RecordType::a, host), address_answer("192.0.2.1", 60), 0);

    tests::count_allocations();
    ServerLocation location({domain}, {}, 1);
    location.start();
    while (!location.done()) {
        const auto count = location.questions().size();
        const auto step = location.step();
        for (std::size_t i = 0; i < count && location.step() == step; ++i) {
            const auto& asked = location.questions()[i];
            location.answer(i, cache.find(asked.type, {asked.name.data(), asked.name.size()}, 1));
        }
    }
    EXPECT_EQ(tests::counted_allocations(), 0U);
    EXPECT_EQ(location.result().targets.size(), 2U);

    tests::count_allocations();
    const auto copied = std::make_unique<std::string>(domain);
    EXPECT_GT(tests::counted_allocations(), 0U) << "the counter counts";
}

}  // namespace
}  // namespace isthmus::transport
