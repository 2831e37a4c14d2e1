// What follows when a target fails (IW-RTE-08), and the table of targets that are left alone.
#include "common/transport/failover.hpp"

#include <gtest/gtest.h>

namespace isthmus::transport {
namespace {

Peer target(int number) {
    return {Protocol::udp, Address::parse("192.0.2." + std::to_string(number), 5060).value(), {}};
}

Located targets(int count) {
    Located located;
    for (int i = 1; i <= count; ++i) located.targets.push_back(target(i));
    return located;
}

std::string order(const Located& located) {
    std::string text;
    for (const auto& peer : located.targets) text += (text.empty() ? "" : " ") + std::to_string(peer.address.octets[3]);
    return text;
}

TEST(Failover, IW_RTE_08_the_next_target_until_four_were_tried) {
    Failover sequence(6, 20'000);
    EXPECT_TRUE(sequence.next_after(TargetEnd::silent, 3'000, false));
    EXPECT_TRUE(sequence.next_after(TargetEnd::broken, 3'000, false));
    EXPECT_TRUE(sequence.next_after(TargetEnd::overloaded, 3'000, false));
    EXPECT_EQ(sequence.current(), 3U);
    EXPECT_FALSE(sequence.more());
    EXPECT_FALSE(sequence.next_after(TargetEnd::silent, 3'000, false));
}

TEST(Failover, IW_RTE_08_no_target_is_tried_after_the_set_up_budget_or_a_CANCEL) {
    Failover late(2, 20'000);
    EXPECT_FALSE(late.next_after(TargetEnd::silent, 20'000, false));
    Failover cancelled(2, 20'000);
    EXPECT_FALSE(cancelled.next_after(TargetEnd::silent, 3'000, true));
}

TEST(Failover, IW_RTE_08_silence_gives_504_and_anything_else_500) {
    Failover silent(2, 20'000);
    silent.next_after(TargetEnd::silent, 1, false);
    silent.next_after(TargetEnd::broken, 2, false);
    EXPECT_EQ(silent.final_status(), 504);
    Failover broken(1, 20'000);
    broken.next_after(TargetEnd::broken, 1, false);
    EXPECT_EQ(broken.final_status(), 500);
    EXPECT_EQ(verdict(LocationFailure::no_such_domain).status, 404);
    EXPECT_EQ(verdict(LocationFailure::dns_timed_out).status, 504);
    EXPECT_EQ(verdict(LocationFailure::not_secure).status, 480);
}

TEST(Failover, IW_TC_63_how_long_a_target_is_left_alone) {
    EXPECT_EQ(quarantine_after(TargetEnd::overloaded, 20).ms, 20'000U);
    EXPECT_EQ(quarantine_after(TargetEnd::overloaded, 20).why, Quarantined::asked);
    EXPECT_EQ(quarantine_after(TargetEnd::overloaded, 4'000'000'000U).ms, 300'000U);
    EXPECT_EQ(quarantine_after(TargetEnd::overloaded, std::nullopt).ms, 30'000U);
    EXPECT_EQ(quarantine_after(TargetEnd::silent, std::nullopt).ms, 30'000U) << "IR-REG-12";
    EXPECT_EQ(quarantine_after(TargetEnd::silent, std::nullopt).why, Quarantined::avoided);
}

TEST(Failover, OV_SES_03_those_in_quarantine_come_last_and_those_that_asked_for_it_not_at_all) {
    using Q = Quarantined;
    const std::array<Q, max_located> standing = {Q::asked, Q::avoided, Q::no, Q::avoided, Q::no};
    auto located = targets(5);
    respect_quarantine(located, standing, false);
    EXPECT_EQ(order(located), "3 5 2 4");
    located = targets(5);
    respect_quarantine(located, standing, true);
    EXPECT_EQ(order(located), "3 5 2 4 1") << "a BYE goes out all the same";
}

TEST(Quarantine, ends_with_its_time_or_with_an_answer) {
    Quarantine table;
    EXPECT_EQ(table.of(target(1), 0), Quarantined::no);
    table.put(target(1), Quarantined::avoided, 1'000, 30'000);
    EXPECT_EQ(table.of(target(1), 30'999), Quarantined::avoided);
    EXPECT_EQ(table.of(target(2), 1'000), Quarantined::no);
    EXPECT_EQ(table.of(target(1), 31'000), Quarantined::no);
    EXPECT_EQ(table.size(), 0U);
    table.put(target(1), Quarantined::avoided, 40'000, 30'000);
    table.answered(target(1));
    EXPECT_EQ(table.of(target(1), 40'001), Quarantined::no);
    table.put(target(1), Quarantined::asked, 40'000, 30'000);
    table.answered(target(1));
    EXPECT_EQ(table.of(target(1), 40'001), Quarantined::asked) << "what it asked for stays";
}

TEST(Quarantine, a_shorter_one_does_not_end_a_longer_one) {
    Quarantine table;
    table.put(target(1), Quarantined::asked, 0, 300'000);
    table.put(target(1), Quarantined::avoided, 0, 30'000);
    EXPECT_NE(table.of(target(1), 200'000), Quarantined::no);
}

TEST(Quarantine, OV_SES_03_a_short_Retry_After_does_not_last_as_long_as_an_earlier_silence) {
    Quarantine table;
    table.put(target(1), Quarantined::avoided, 0, 30'000);
    table.put(target(1), Quarantined::asked, 1'000, 1'000);
    EXPECT_EQ(table.of(target(1), 1'999), Quarantined::asked);
    EXPECT_EQ(table.of(target(1), 2'000), Quarantined::avoided) << "tried again where nothing else is left";
    table.put(target(1), Quarantined::asked, 2'000, 1'000);
    table.answered(target(1));
    EXPECT_EQ(table.of(target(1), 2'999), Quarantined::asked);
    EXPECT_EQ(table.of(target(1), 3'000), Quarantined::no);
}

TEST(Quarantine, bad_input_a_wrong_certificate_for_one_domain_says_nothing_of_another_at_the_same_address) {
    Quarantine table;
    const auto address = Address::parse("192.0.2.1", 5061).value();
    table.put({Protocol::tls, address, "evil.example"}, Quarantined::avoided, 0, 30'000);
    EXPECT_EQ(table.of({Protocol::tls, address, "evil.example"}, 1), Quarantined::avoided);
    EXPECT_EQ(table.of({Protocol::tls, address, "isp.example"}, 1), Quarantined::no);
}

TEST(Quarantine, bad_input_any_number_of_targets_takes_a_bounded_place) {
    Quarantine table;
    for (int i = 0; i < 100'000; ++i) {
        Address address = Address::parse("10.0.0.0", 5060).value();
        address.octets[1] = static_cast<std::uint8_t>(i >> 16);
        address.octets[2] = static_cast<std::uint8_t>(i >> 8);
        address.octets[3] = static_cast<std::uint8_t>(i);
        table.put({Protocol::udp, address, {}}, Quarantined::avoided, 0, 30'000);
    }
    EXPECT_LE(table.size(), 8U * Quarantine::shard_entries);
    table.put(target(1), Quarantined::avoided, 40'000, 30'000);
    EXPECT_EQ(table.of(target(1), 40'001), Quarantined::avoided) << "the old ones make room";
}

}  // namespace
}  // namespace isthmus::transport
