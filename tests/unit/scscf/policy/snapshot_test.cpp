#include "scscf/policy/snapshot.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace isthmus::policy {
namespace {

DomainRule row(std::int64_t id, std::string pattern, Access access = Access::allow) {
    DomainRule rule;
    rule.id = id;
    rule.pattern = std::move(pattern);
    rule.access = access;
    return rule;
}

std::int64_t row_for(const Snapshot& snapshot, std::string_view host) {
    const Match match = snapshot.find(host);
    return match.rule == nullptr ? 0 : match.rule->id;
}

TEST(PolicySnapshot, IW_RTE_02_most_specific_wins) {
    const Snapshot policy(
        1, {row(1, "*"), row(2, "*.net"), row(3, ".example.net"), row(4, "example.net"), row(5, "*.deep.example.net")});
    EXPECT_EQ(row_for(policy, "example.net"), 4);
    EXPECT_EQ(row_for(policy, "a.example.net"), 3);
    EXPECT_EQ(row_for(policy, "b.a.example.net"), 3);
    EXPECT_EQ(row_for(policy, "x.deep.example.net"), 5);  // more labels, more specific
    EXPECT_EQ(row_for(policy, "deep.example.net"), 3);
    EXPECT_EQ(row_for(policy, "other.net"), 2);
    EXPECT_EQ(row_for(policy, "net"), 1);
    EXPECT_EQ(row_for(policy, "example.org"), 1);
    EXPECT_EQ(row_for(policy, "notexample.net"), 2);
}

TEST(PolicySnapshot, IW_RTE_02_deny_beats_allow_at_equal_specificity) {
    const Snapshot first(1, {row(1, ".x.net", Access::allow), row(2, "*.x.net", Access::deny)});
    EXPECT_EQ(row_for(first, "a.x.net"), 2);
    const Snapshot second(1, {row(1, ".x.net", Access::deny), row(2, "*.x.net", Access::allow)});
    EXPECT_EQ(row_for(second, "a.x.net"), 1);
    const Snapshot both(1, {row(1, ".x.net"), row(2, "*.x.net")});
    EXPECT_EQ(row_for(both, "a.x.net"), 1);
    // An exact allow is more specific than a deny of the whole domain.
    const Snapshot exact(1, {row(1, "a.x.net"), row(2, ".x.net", Access::deny)});
    EXPECT_EQ(row_for(exact, "a.x.net"), 1);
}

TEST(PolicySnapshot, IW_RTE_02_hosts_are_compared_in_normal_form) {
    const Snapshot policy(1, {row(1, "example.net"), row(2, ".xn--bcher-kva.example")});
    EXPECT_EQ(row_for(policy, "EXAMPLE.Net"), 1);
    EXPECT_EQ(row_for(policy, "example.net."), 1);
    EXPECT_EQ(row_for(policy, "sip.XN--BCHER-KVA.example"), 2);
}

TEST(PolicySnapshot, IW_RTE_02_addresses_need_ip_rows_and_the_longest_prefix_wins) {
    const Snapshot policy(1, {row(1, "*"), row(2, "ip:198.51.100.0/24"), row(3, "ip:198.51.100.128/25", Access::deny),
                              row(4, "ip:2001:db8::/32"), row(5, "ip:198.51.100.200")});
    EXPECT_EQ(row_for(policy, "198.51.100.7"), 2);
    EXPECT_EQ(row_for(policy, "198.51.100.129"), 3);
    EXPECT_EQ(row_for(policy, "198.51.100.200"), 5);
    EXPECT_EQ(row_for(policy, "[2001:db8::7]"), 4);
    EXPECT_EQ(row_for(policy, "[::ffff:198.51.100.7]"), 2);
    EXPECT_EQ(policy.find("203.0.113.1").reason, Match::Reason::address_needs_row);
}

TEST(PolicySnapshot, IW_RTE_02_special_ranges_open_only_by_a_row_inside_them) {
    const Snapshot wide(1, {row(1, "ip:0.0.0.0/0"), row(2, "ip:::/0")});
    EXPECT_EQ(row_for(wide, "203.0.113.1"), 1);
    for (const char* host : {"127.0.0.1", "10.9.8.7", "192.168.0.1", "[::1]", "[fe80::5]", "[::ffff:127.0.0.1]"}) {
        EXPECT_EQ(wide.find(host).reason, Match::Reason::address_special) << host;
    }
    const Snapshot narrow(1, {row(1, "ip:127.0.0.0/8"), row(2, "ip:10.1.0.0/16"), row(3, "ip:::1")});
    EXPECT_EQ(row_for(narrow, "127.0.0.1"), 1);
    EXPECT_EQ(row_for(narrow, "10.1.2.3"), 2);
    EXPECT_EQ(row_for(narrow, "[::1]"), 3);
    EXPECT_EQ(narrow.find("10.2.0.1").reason, Match::Reason::address_special);
    EXPECT_EQ(narrow.find("10.2.0.1").special_range, "private");
}

TEST(PolicySnapshot, IW_RTE_02_what_a_resolver_might_take_for_an_address_is_no_name) {
    const Snapshot policy(1, {row(1, "*")});
    for (const char* host : {"127.1", "2130706433", "0x7f000001", "0x7f.1", "127.0.0.01", "a..b", "", "a b", "[::1",
                             "[1.2.3.4]", "1:2:3", "::1:", "1::2::3", "1.2.3.4.5", "256.1.1.1"}) {
        EXPECT_EQ(policy.find(host).reason, Match::Reason::malformed_host) << host;
    }
}

TEST(PolicySnapshot, rows_that_do_not_compile_leave_the_others_in_force) {
    const Snapshot policy(1,
                          {row(1, "Upper.example"), row(2, "good.example"), row(3, "ip:10.0.0.1/8"), row(4, "a..b")});
    EXPECT_EQ(policy.rejected(), (std::vector<std::string>{"Upper.example", "ip:10.0.0.1/8", "a..b"}));
    EXPECT_EQ(row_for(policy, "good.example"), 2);
}

TEST(PolicySnapshot, IW_RTE_02_cost_does_not_grow_with_the_rows) {
    const std::vector<std::string> hosts{"host77.d5.example", "a.b.c.d5.example", "no.such.domain.test", "198.18.3.7"};
    auto steps = [&hosts](std::size_t count) {
        std::vector<DomainRule> rules;
        for (std::size_t i = 0; i < count; ++i) {
            const std::string n = std::to_string(i);
            const std::string octets = std::to_string(i / 256 % 256) + "." + std::to_string(i % 256);
            switch (i % 4) {
                case 0:
                    rules.push_back(row(1, "host" + n + ".d5.example"));
                    break;
                case 1:
                    rules.push_back(row(1, ".d" + n + ".example"));
                    break;
                case 2:
                    rules.push_back(row(1, "*.w" + n + ".example"));
                    break;
                default:
                    rules.push_back(row(1, "ip:198." + std::to_string(i / 65536) + "." + octets));
                    break;
            }
        }
        const Snapshot policy(1, std::move(rules));
        EXPECT_TRUE(policy.rejected().empty());
        std::vector<std::size_t> result;
        for (const std::string& host : hosts) result.push_back(policy.find(host).steps);
        return result;
    };
    const std::vector<std::size_t> few = steps(100);
    EXPECT_EQ(steps(100'000), few);
    EXPECT_LE(*std::max_element(few.begin(), few.end()), 12U);
}

TEST(PolicySnapshot, changes_go_before_the_base_and_survive_merging) {
    const Snapshot base(1, {row(1, "a.net"), row(2, "b.net"), row(3, ".c.net"), row(4, "ip:198.51.100.0/24")});
    // 2 is denied now, 3 has another pattern, 1 and the address row are gone, 5 is new.
    const Snapshot changed =
        base.changed(2, {row(2, "b.net", Access::deny), row(3, ".d.net"), row(5, "*.net")}, {1, 4});
    const Snapshot merged = changed.merged();
    for (const Snapshot* policy : {&changed, &merged}) {
        EXPECT_EQ(policy->version(), 2);
        EXPECT_EQ(policy->size(), 3U);
        EXPECT_EQ(policy->find("b.net").rule->access, Access::deny);
        EXPECT_EQ(row_for(*policy, "a.net"), 5);
        EXPECT_EQ(row_for(*policy, "x.c.net"), 5);
        EXPECT_EQ(row_for(*policy, "x.d.net"), 3);
        EXPECT_EQ(row_for(*policy, "198.51.100.1"), 0);
    }
    EXPECT_EQ(changed.pending(), 5U);
    EXPECT_EQ(merged.pending(), 0U);
    // A second change over the first: the row of the first is replaced, removed rows stay removed, ids come back.
    const Snapshot again = changed.changed(3, {row(5, "*.org"), row(1, "a.net")}, {2});
    EXPECT_EQ(row_for(again, "a.net"), 1);
    EXPECT_EQ(row_for(again, "b.net"), 0);
    EXPECT_EQ(row_for(again, "x.org"), 5);
    EXPECT_EQ(again.size(), 3U);
    // The older snapshots are what they were.
    EXPECT_EQ(base.find("b.net").rule->access, Access::allow);
    EXPECT_EQ(row_for(changed, "x.org"), 0);
}

TEST(PolicyAddress, text_forms) {
    EXPECT_EQ(parse_address("::ffff:1.2.3.4"), parse_address("1.2.3.4"));
    EXPECT_EQ(parse_address("1:2:3:4:5:6:7:8"), parse_address("[0001:2:3:4:5:6:7:8]"));
    EXPECT_EQ(parse_address("1::8"), parse_address("1:0:0:0:0:0:0:8"));
    EXPECT_FALSE(parse_address("1:2:3:4:5:6:7:8:9"));
    EXPECT_FALSE(parse_address("1.2.3"));
    EXPECT_EQ(parse_network("::ffff:10.0.0.0/104")->prefix, 8);
    EXPECT_FALSE(parse_network("10.0.0.0/33"));
    EXPECT_FALSE(parse_network("10.0.0.0/"));
    EXPECT_FALSE(parse_network("10.0.0.1/8"));
}

}  // namespace
}  // namespace isthmus::policy
