// What an operator may write into the policy, and what he is told when he may not.
#include <gtest/gtest.h>

#include "tests/database/support.hpp"

namespace isthmus {
namespace {

using testing::ask_sql;
using testing::PostgresCluster;
using testing::refusal_of;
using testing::run_sql;

class PolicyRows : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        auto& cluster = PostgresCluster::shared();
        connection_ = cluster.connection_string(cluster.create_migrated_database(), "isthmus_admin");
    }

    static inline std::string connection_;
};

struct Refused {
    std::string sql;
    std::string message;
};

// clang-format off
const std::vector<Refused> refused{
    // modes (IW-TC-126, IW-POL-01)
    {"SELECT policy.allow_domain('a.test', mode => 'BRIDGE')", "mode BRIDGE is not available in this version: write STRICT, PASS or RETRY"},
    {"SELECT policy.allow_domain('a.test', mode => 'auto')", "mode AUTO is not available in this version: write STRICT, PASS or RETRY"},
    {"SELECT policy.allow_domain('a.test', mode => 'FORCE')", "mode \"FORCE\" is unknown for a.test: write STRICT, PASS or RETRY"},
    {"SELECT policy.allow_domain('a.test', mode => NULL)", "an allow row needs a mode for a.test: write STRICT, PASS or RETRY"},
    {"SELECT policy.allow_domain('a.test', mode => 'STRICT')", "mode STRICT needs required_caps for a.test: write what to insist on, as in ARRAY['precondition'], or mode PASS"},
    {"SELECT policy.allow_domain('a.test', 'RETRY', ARRAY['precondition'])", "mode RETRY cannot insist on precondition for a.test: write mode STRICT, or leave required_caps empty"},
    {"SELECT policy.allow_domain('a.test', 'PASS', ARRAY['100rel', 'update'])", "mode PASS cannot insist on 100rel, update for a.test: write mode STRICT, or leave required_caps empty"},
    {"SELECT policy.allow_domain('a.test', 'STRICT', ARRAY['min_class'])", "required_caps \"min_class\" is not available in this version: write precondition, 100rel, update or tls"},
    {"SELECT policy.allow_domain('a.test', 'STRICT', ARRAY['video'])", "required_caps \"video\" is unknown: write precondition, 100rel, update or tls"},
    {"INSERT INTO policy.domain_rule (pattern, access, mode) VALUES ('a.test', 'deny', 'PASS')", "a deny row carries no mode for a.test: leave mode out, or write access allow"},
    {"INSERT INTO policy.domain_rule (pattern, access, required_caps) VALUES ('a.test', 'deny', ARRAY['100rel'])", "a deny row carries no required_caps for a.test: leave them out, or write access allow with mode STRICT"},
    {"INSERT INTO policy.domain_rule (pattern, access) VALUES ('a.test', 'maybe')", "access \"maybe\" for a.test: write allow or deny"},
    {"INSERT INTO policy.domain_rule (pattern, access) VALUES ('a.test', NULL)", "access \"\" for a.test: write allow or deny"},
    // patterns (IW-RTE-02)
    {"SELECT policy.deny_domain('')", "the pattern is empty: write example.net, .example.net, *.net, * or ip:192.0.2.0/24"},
    {"SELECT policy.deny_domain(NULL)", "the pattern is empty: write example.net, .example.net, *.net, * or ip:192.0.2.0/24"},
    {"SELECT policy.deny_domain('sip:a.test')", "pattern \"sip:a.test\" is more than a domain: leave out scheme, user and port and write example.net"},
    {"SELECT policy.deny_domain('bob@a.test')", "pattern \"bob@a.test\" is more than a domain: leave out scheme, user and port and write example.net"},
    {"SELECT policy.deny_domain('a.test:5060')", "pattern \"a.test:5060\" is more than a domain: leave out scheme, user and port and write example.net"},
    {"SELECT policy.deny_domain('a.*.test')", "pattern \"a.*.test\" has a * that is not its first label: write *.example.net or .example.net"},
    {"SELECT policy.deny_domain('a..test')", "pattern \"a..test\" is no domain name: write example.net, .example.net, *.net, * or ip:192.0.2.0/24"},
    {"SELECT policy.deny_domain('a test')", "pattern \"a test\" is no domain name: write example.net, .example.net, *.net, * or ip:192.0.2.0/24"},
    {"SELECT policy.deny_domain('host.0x7f')", "pattern \"host.0x7f\" is no domain name: write example.net, .example.net, *.net, * or ip:192.0.2.0/24"},
    {"SELECT policy.deny_domain('b\u00fccher.test')", "pattern \"b\u00fccher.test\" is not ASCII: write the A-label of the name (xn--...)"},
    {"SELECT policy.deny_domain('192.0.2.1')", "pattern \"192.0.2.1\" is an address: write ip:192.0.2.1"},
    {"SELECT policy.deny_domain('10.0.0.0/8')", "pattern \"10.0.0.0/8\" is an address: write ip:10.0.0.0/8"},
    {"SELECT policy.deny_domain('[2001:db8::1]')", "pattern \"[2001:db8::1]\" is an address: write ip:2001:db8::1"},
    {"SELECT policy.deny_domain('ip:10.0.0.1/8')", "pattern \"ip:10.0.0.1/8\" has bits behind its prefix: write ip:10.0.0.0/8 for the network or ip:10.0.0.1 for the one address"},
    {"SELECT policy.deny_domain('ip:example.net')", "pattern \"ip:example.net\" is no address: write ip:192.0.2.1, ip:192.0.2.0/24 or ip:2001:db8::/32"},
    // numbers
    {"SELECT policy.allow_domain('a.test', max_attempts => 0)", "max_attempts 0 for a.test: write 1 to 4"},
    {"SELECT policy.allow_domain('a.test', max_attempts => 5)", "max_attempts 5 for a.test: write 1 to 4"},
    {"SELECT policy.allow_domain('a.test', setup_budget => '0 s')", "setup_budget 00:00:00 for a.test: write 1 s to 180 s, as in '20 s'"},
    {"SELECT policy.allow_domain('a.test', setup_budget => '4 min')", "setup_budget 00:04:00 for a.test: write 1 s to 180 s, as in '20 s'"},
    {"SELECT policy.allow_domain('a.test', target_timeout => '100 ms')", "target_timeout 00:00:00.1 for a.test: write 500 ms to the setup_budget (00:00:20), as in '3 s'"},
    {"SELECT policy.allow_domain('a.test', target_timeout => '30 s')", "target_timeout 00:00:30 for a.test: write 500 ms to the setup_budget (00:00:20), as in '3 s'"},
    {"SELECT policy.allow_domain('a.test', pai_to_internet => 'maybe')", "pai_to_internet \"maybe\" for a.test: write strip or keep"},
    // next hop (IW-RTE-03)
    {"SELECT policy.allow_domain('a.test', next_hop => '192.0.2.1')", "next_hop \"192.0.2.1\" is no SIP URI: write it like sip:192.0.2.1:5060, sip:border.example.net;transport=tcp, sips:border.example.net or sip:[2001:db8::1]"},
    {"SELECT policy.allow_domain('a.test', next_hop => 'sips:border.test;transport=udp')", "next_hop \"sips:border.test;transport=udp\" asks for TLS over UDP: write sips: without transport=udp"},
    // retries, redirections, rates (IW-RET-01, IW-RTE-11, IW-RES-07)
    {"SELECT policy.allow_domain('a.test', retry_role => 'bridge')", "retry_role \"bridge\" for a.test: write b2bua or proxy"},
    {"SELECT policy.allow_domain('a.test', 'PASS', retry_role => 'proxy')", "retry_role proxy is of no meaning with mode PASS for a.test: write mode RETRY, or leave retry_role out"},
    {"SELECT policy.allow_domain('a.test', proxy_may_rewrite_sdp => true)", "proxy_may_rewrite_sdp is of no meaning with retry_role b2bua for a.test: write retry_role proxy, or leave proxy_may_rewrite_sdp out"},
    {"SELECT policy.allow_domain('a.test', redirect => 'follow')", "redirect \"follow\" for a.test: write pass or recurse"},
    {"SELECT policy.allow_domain('a.test', calls_per_second => 0)", "calls_per_second 0 for a.test: write 1 to 100000, or NULL for no limit"},
    {"SELECT policy.allow_domain('a.test', calls_per_second_and_subscriber => 1001)", "calls_per_second_and_subscriber 1001 for a.test: write 1 to 1000, or NULL for no limit"},
    // credentials (T20)
    {"SELECT policy.set_peer_auth('a.test', 'isthmus', 'secret')", "there is no allow row for a.test: write it first with policy.allow_domain('a.test')"},
    {"SELECT policy.clear_peer_auth('a.test')", "there are no credentials for a.test: look at SELECT pattern FROM policy.peer_auth"},
    {"SELECT policy.allow_domain('a.test', next_hop => 'sip:bob@border.test')", "next_hop \"sip:bob@border.test\" is no SIP URI of a host: leave out the user, write it like sip:192.0.2.1:5060, sip:border.example.net;transport=tcp, sips:border.example.net or sip:[2001:db8::1]"},
    {"SELECT policy.allow_domain('a.test', next_hop => 'sip:border.test:70000')", "next_hop \"sip:border.test:70000\" is no SIP URI of a host: leave out the user, write it like sip:192.0.2.1:5060, sip:border.example.net;transport=tcp, sips:border.example.net or sip:[2001:db8::1]"},
    {"SELECT policy.allow_domain('a.test', next_hop => 'sip:[1:2]')", "next_hop \"sip:[1:2]\" has a wrong IPv6 address: write it like sip:192.0.2.1:5060, sip:border.example.net;transport=tcp, sips:border.example.net or sip:[2001:db8::1]"},
    {"SELECT policy.allow_domain('a.test', next_hop => 'sip:border.test;maddr=1.2.3.4')", "next_hop \"sip:border.test;maddr=1.2.3.4\" has parameters other than transport=udp, transport=tcp or transport=tls: write it like sip:192.0.2.1:5060, sip:border.example.net;transport=tcp, sips:border.example.net or sip:[2001:db8::1]"},
    {"SELECT policy.remove_domain('never.test')", "there is no row for never.test: look at SELECT pattern FROM policy.domain_rule"},
};
// clang-format on

TEST_F(PolicyRows, IW_TC_126_each_nonsense_is_refused_with_what_to_write) {
    for (const Refused& row : refused) {
        EXPECT_EQ(refusal_of(connection_, row.sql), "ERROR:  " + row.message) << row.sql;
    }
    EXPECT_EQ(ask_sql(connection_, "SELECT count(*) FROM policy.domain_rule WHERE pattern LIKE '%a.test%'"), "0");
}

TEST_F(PolicyRows, IW_TC_126_constraints_hold_without_the_triggers) {
    auto& cluster = PostgresCluster::shared();
    const std::string owner = cluster.connection_string(cluster.create_migrated_database());
    run_sql(owner, "ALTER TABLE policy.domain_rule DISABLE TRIGGER ALL");
    for (const char* values : {"'a.test', 'allow', 'BRIDGE', '{}', 3", "'a.test', 'allow', NULL, '{}', 3",
                               "'a.test', 'deny', 'PASS', '{}', 3", "'a.test', 'allow', 'STRICT', '{}', 3",
                               "'a.test', 'allow', 'PASS', '{100rel}', 3", "'a.test', 'allow', 'PASS', '{}', 5"}) {
        const std::string sql =
            "INSERT INTO policy.domain_rule (pattern, access, mode, required_caps, max_attempts) VALUES (";
        EXPECT_NE(refusal_of(owner, sql + values + ")").find("violates check constraint"), std::string::npos) << values;
    }
}

TEST_F(PolicyRows, IW_RTE_02_patterns_and_next_hops_are_stored_in_normal_form) {
    auto written = [](const std::string& pattern) {
        const std::string id = ask_sql(connection_, "SELECT policy.deny_domain('" + pattern + "')");
        return ask_sql(connection_, "SELECT pattern FROM policy.domain_rule WHERE id = " + id);
    };
    EXPECT_EQ(written(" Example.NET. "), "example.net");
    EXPECT_EQ(written(".Example.net"), ".example.net");
    EXPECT_EQ(written("*.Example.net."), "*.example.net");
    EXPECT_EQ(written("*"), "*");
    EXPECT_EQ(written("IP:192.0.2.0/24"), "ip:192.0.2.0/24");
    EXPECT_EQ(written("ip:[2001:DB8::1]"), "ip:2001:db8::1/128");
    auto hop = [](const std::string& next_hop) {
        const std::string id =
            ask_sql(connection_, "SELECT policy.allow_domain('hop.test', next_hop => '" + next_hop + "')");
        return ask_sql(connection_, "SELECT next_hop FROM policy.domain_rule WHERE id = " + id);
    };
    EXPECT_EQ(hop("<sip:192.0.2.1:5070;lr;transport=TCP>"), "sip:192.0.2.1:5070;transport=tcp");
    EXPECT_EQ(hop("sip:Border.test."), "sip:border.test");
    EXPECT_EQ(hop("sip:[2001:db8::1]:5060;transport=udp;lr"), "sip:[2001:db8::1]:5060;transport=udp");
    EXPECT_EQ(hop("sips:Border.test:5071;lr"), "sips:border.test:5071");
    EXPECT_EQ(hop("sip:border.test;transport=TLS"), "sip:border.test;transport=tls");
    EXPECT_EQ(hop(""), "");
}

TEST_F(PolicyRows, allow_and_deny_replace_each_other_on_one_row) {
    const std::string first = ask_sql(connection_,
                                      "SELECT policy.allow_domain('swap.test', 'STRICT', ARRAY['UPDATE', "
                                      "'100rel', '100rel'], max_attempts => 2, note => 'trial')");
    EXPECT_EQ(ask_sql(connection_,
                      "SELECT (access, mode, required_caps, max_attempts, note)::text FROM "
                      "policy.domain_rule WHERE pattern = 'swap.test'"),
              "(allow,STRICT,\"{100rel,update}\",2,trial)");
    EXPECT_EQ(ask_sql(connection_, "SELECT policy.deny_domain('SWAP.test', 'fraud')"), first);
    EXPECT_EQ(ask_sql(connection_,
                      "SELECT (access, mode, required_caps, max_attempts, note)::text FROM "
                      "policy.domain_rule WHERE pattern = 'swap.test'"),
              "(deny,,{},3,fraud)");
    EXPECT_EQ(ask_sql(connection_, "SELECT policy.allow_domain('swap.test')"), first);
    EXPECT_EQ(ask_sql(connection_, "SELECT (access, mode)::text FROM policy.domain_rule WHERE pattern = 'swap.test'"),
              "(allow,RETRY)");
}

TEST_F(PolicyRows, versions_count_statements_and_a_rollback_takes_none) {
    auto version = [] { return std::stoll(ask_sql(connection_, "SELECT version FROM policy.version")); };
    const auto before = version();
    run_sql(connection_,
            "INSERT INTO policy.domain_rule (pattern, access) SELECT 'n' || i || '.test', 'deny' FROM "
            "generate_series(1, 50) i");
    EXPECT_EQ(version(), before + 1);
    EXPECT_NE(refusal_of(connection_, "SELECT policy.allow_domain('x.test', 'BRIDGE')"), "");
    EXPECT_EQ(version(), before + 1);
    run_sql(connection_, "DELETE FROM policy.domain_rule WHERE pattern LIKE 'n%.test'");
    EXPECT_EQ(version(), before + 2);
}

TEST_F(PolicyRows, T20_credentials_are_live_at_once_and_only_the_core_reads_the_password) {
    auto& cluster = PostgresCluster::shared();
    const std::string database = cluster.create_migrated_database();
    const std::string admin = cluster.connection_string(database, "isthmus_admin");
    auto version = [&] { return std::stoll(ask_sql(admin, "SELECT version FROM policy.version")); };
    run_sql(admin, "SELECT policy.allow_domain('trunk.test')");
    const auto before = version();
    run_sql(admin, "SELECT policy.set_peer_auth('Trunk.test', 'isthmus', 'secret')");
    EXPECT_GT(version(), before);
    EXPECT_NE(refusal_of(admin, "SELECT policy.set_peer_auth('trunk.test', 'a\"b', 'x')").find("quotes"),
              std::string::npos);
    EXPECT_NE(refusal_of(admin, "SELECT policy.set_peer_auth('trunk.test', 'a', '')").find("the password is empty"),
              std::string::npos);
    EXPECT_EQ(ask_sql(admin, "SELECT username FROM policy.peer_auth"), "isthmus");
    EXPECT_NE(refusal_of(admin, "SELECT password FROM policy.peer_auth"), "");
    EXPECT_NE(
        refusal_of(cluster.connection_string(database, "isthmus_reader"), "SELECT username FROM policy.peer_auth"), "");
    EXPECT_EQ(ask_sql(cluster.connection_string(database, "isthmus_core"), "SELECT password FROM policy.peer_auth"),
              "secret");
    run_sql(admin, "SELECT policy.remove_domain('trunk.test')");
    EXPECT_EQ(ask_sql(admin, "SELECT count(*) FROM policy.peer_auth"), "0");
}

}  // namespace
}  // namespace isthmus
