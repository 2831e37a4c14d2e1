#include "scscf/policy/decide.hpp"

#include <gtest/gtest.h>

#include "scscf/policy/snapshot.hpp"

namespace isthmus::policy {
namespace {

DomainRule row(std::int64_t id, std::string pattern, Access access, Mode mode = Mode::retry) {
    DomainRule rule;
    rule.id = id;
    rule.pattern = std::move(pattern);
    rule.access = access;
    rule.mode = mode;
    return rule;
}

Decision decide_for(const Snapshot& snapshot, std::string_view host) {
    return decide(snapshot, CallFacts{host});
}

TEST(PolicyDecision, IW_TC_60_deny_of_subdomains_beats_star_allow) {
    const Snapshot policy(7, {row(1, "*", Access::allow), row(2, ".bad.net", Access::deny)});
    const Decision denied = decide_for(policy, "a.bad.net");
    EXPECT_EQ(denied.access, Access::deny);
    ASSERT_TRUE(denied.row);
    EXPECT_EQ(denied.row->id, 2);
    EXPECT_EQ(denied.row->pattern, ".bad.net");
    EXPECT_EQ(denied.policy_version, 7);
    // The suffix names subdomains only (IW-RTE-02).
    EXPECT_EQ(decide_for(policy, "bad.net").access, Access::allow);
    EXPECT_EQ(decide_for(policy, "good.net").access, Access::allow);
}

TEST(PolicyDecision, IW_TC_61_star_does_not_open_addresses) {
    const Snapshot policy(1, {row(1, "*", Access::allow)});
    for (const char* host : {"127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.1.1", "224.0.0.1",
                             "198.51.100.7", "[::1]", "[fe80::1]", "[fd00::1]", "[ff02::1]", "[2001:db8::1]"}) {
        const Decision decision = decide_for(policy, host);
        EXPECT_EQ(decision.access, Access::deny) << host;
        EXPECT_EQ(decision.rule_id, "IW-RTE-02") << host;
        EXPECT_FALSE(decision.row) << host;
        ASSERT_TRUE(decision.refusal) << host;
        EXPECT_EQ(decision.refusal->status, 403) << host;
    }
}

TEST(PolicyDecision, IW_TC_118_deny_says_403_and_the_exact_warning) {
    const Snapshot policy(1, {row(9, "example.net", Access::deny)});
    const Decision decision = decide_for(policy, "example.net");
    ASSERT_TRUE(decision.refusal);
    EXPECT_EQ(decision.refusal->status, 403);
    EXPECT_EQ(decision.refusal->reason_phrase, "Forbidden");
    EXPECT_EQ(decision.refusal->warning_code, 399);
    EXPECT_EQ(decision.refusal->warning_text, "Destination domain not permitted");
    EXPECT_EQ(decision.rule_id, "IW-POL-01");
    EXPECT_NE(decision.explanation.find("row 9 'example.net'"), std::string::npos) << decision.explanation;
}

TEST(PolicyDecision, IW_POL_09_silence_is_not_permission) {
    const Snapshot policy(1, {row(1, "example.org", Access::allow)});
    const Decision decision = decide_for(policy, "example.net");
    EXPECT_EQ(decision.access, Access::deny);
    EXPECT_FALSE(decision.row);
    EXPECT_EQ(decision.rule_id, "IW-POL-09");
    EXPECT_EQ(decision.refusal->warning_text, "Destination domain not permitted");
}

TEST(PolicyDecision, IW_POL_01_allowed_row_gives_mode_and_parameters) {
    DomainRule rule = row(3, "isp.example", Access::allow, Mode::strict);
    rule.parameters.required.precondition = true;
    rule.parameters.max_attempts = 2;
    rule.parameters.next_hop = "sip:192.0.2.9:5070;transport=tcp";
    rule.parameters.asserted_identity = AssertedIdentity::keep;
    const Snapshot policy(1, {rule});
    const Decision decision = decide_for(policy, "ISP.Example.");
    EXPECT_EQ(decision.access, Access::allow);
    EXPECT_EQ(decision.mode, Mode::strict);
    EXPECT_TRUE(decision.parameters.required.precondition);
    EXPECT_EQ(decision.parameters.max_attempts, 2);
    EXPECT_EQ(decision.parameters.next_hop, "sip:192.0.2.9:5070;transport=tcp");  // IW-TC-62
    EXPECT_EQ(decision.parameters.asserted_identity, AssertedIdentity::keep);
    EXPECT_FALSE(decision.refusal);
}

TEST(PolicyDecision, IW_POL_04_emergency_and_priority_are_never_denied_nor_strict) {
    DomainRule strict = row(2, "strict.example", Access::allow, Mode::strict);
    strict.parameters.required.precondition = true;
    strict.parameters.next_hop = "sip:psap.example";
    const Snapshot policy(1, {row(1, "denied.example", Access::deny), strict});
    for (const bool emergency : {true, false}) {
        for (const char* host : {"denied.example", "strict.example", "unknown.example", "10.0.0.1"}) {
            const Decision decision = decide(policy, CallFacts{host, emergency, !emergency});
            EXPECT_EQ(decision.access, Access::allow) << host;
            EXPECT_EQ(decision.mode, Mode::pass) << host;
            EXPECT_FALSE(decision.parameters.required.any()) << host;
            EXPECT_EQ(decision.rule_id, "IW-POL-04") << host;
            EXPECT_FALSE(decision.refusal) << host;
        }
    }
    EXPECT_EQ(decide(policy, CallFacts{"strict.example", true}).parameters.next_hop, "sip:psap.example");
}

TEST(PolicyDecision, IW_RES_03_missing_capability_is_named) {
    EXPECT_EQ(lacks_required_capability("precondition").warning_text,
              "Destination lacks required capability: precondition");
    EXPECT_EQ(lacks_required_capability("100rel").status, 403);
}

}  // namespace
}  // namespace isthmus::policy
