#include "scscf/policy_loader.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/subscriber/postgres_directory.hpp"
#include "scscf/policy/decide.hpp"
#include "tests/database/support.hpp"

namespace isthmus::scscf {
namespace {

using std::chrono::milliseconds;
using testing::ask_sql;
using testing::PostgresCluster;
using testing::Received;
using testing::run_sql;
using Clock = PolicyStore::Clock;

struct Heard {
    PolicyEvent event;
    Clock::time_point at;
};

/// A store with its loader, as an S-CSCF has them.
class Node {
  public:
    explicit Node(const std::string& connection_string)
        : loader_(
              options(connection_string), store,
              [this](const PolicyEvent& event) {
                  heard.push({event, Clock::now()});
              },
              milliseconds(100)) {}

    bool wait_for(PolicyEvent::Kind kind) {
        return heard.wait([kind](const Heard& one) { return one.event.kind == kind; }).has_value();
    }
    /// When the decisions were made by this version at the earliest.
    std::optional<Clock::time_point> wait_for_version(std::int64_t version) {
        const auto found = heard.wait([version](const Heard& one) { return one.event.version >= version; });
        return found ? std::optional{found->at} : std::nullopt;
    }
    policy::Decision decide(std::string_view host) const {
        return policy::decide(*store.current(), policy::CallFacts{host});
    }

    PolicyStore store;
    Received<Heard> heard;

  private:
    static database::ConnectionOptions options(const std::string& connection_string) {
        database::ConnectionOptions result;
        result.connection_string = connection_string;
        result.application = "isthmus-policy";
        return result;
    }
    PolicyLoader loader_;
};

class PolicyLoading : public ::testing::Test {
  protected:
    void SetUp() override {
        auto& cluster = PostgresCluster::shared();
        name_ = cluster.create_migrated_database();
        admin_ = cluster.connection_string(name_, "isthmus_admin");
        core_ = cluster.connection_string(name_, "isthmus_core");
    }

    [[nodiscard]] std::int64_t version() const {
        return std::stoll(ask_sql(admin_, "SELECT version FROM policy.version"));
    }
    void change(const std::string& sql) const { run_sql(admin_, sql); }

    std::string name_;
    std::string admin_;
    std::string core_;
};

TEST_F(PolicyLoading, one_statement_denies_and_another_allows_again) {
    change(
        "SELECT policy.allow_domain('isp.test', 'STRICT', ARRAY['precondition'], 'sip:192.0.2.1;transport=tcp', 2, "
        "'8 s', '1500 ms', 'keep', 'partner')");
    Node node(core_);
    ASSERT_TRUE(node.store.wait_until_loaded(testing::patience));
    const policy::Decision strict = node.decide("isp.test");
    EXPECT_EQ(strict.mode, policy::Mode::strict);
    EXPECT_TRUE(strict.parameters.required.update);  // precondition includes it (IW-CAP-04)
    EXPECT_EQ(strict.parameters.max_attempts, 2);
    EXPECT_EQ(strict.parameters.setup_budget, std::chrono::seconds(8));
    EXPECT_EQ(strict.parameters.target_timeout, milliseconds(1500));
    EXPECT_EQ(strict.parameters.next_hop, "sip:192.0.2.1;transport=tcp");
    EXPECT_EQ(strict.parameters.asserted_identity, policy::AssertedIdentity::keep);
    EXPECT_NE(strict.explanation.find("partner"), std::string::npos);

    EXPECT_EQ(strict.parameters.retry_role, policy::RetryRole::b2bua);
    EXPECT_EQ(strict.parameters.redirect, policy::Redirect::pass);
    EXPECT_FALSE(strict.parameters.peer_auth);
    EXPECT_EQ(strict.parameters.calls_per_second, 0U);

    change(
        "SELECT policy.allow_domain('isp.test', retry_role => 'proxy', proxy_may_rewrite_sdp => true, redirect => "
        "'recurse', calls_per_second => 50, calls_per_second_and_subscriber => 2)");
    change("SELECT policy.set_peer_auth('isp.test', 'isthmus', 'secret')");
    ASSERT_TRUE(node.wait_for_version(version()));
    const policy::Parameters more = node.decide("isp.test").parameters;
    EXPECT_EQ(more.retry_role, policy::RetryRole::proxy);
    EXPECT_TRUE(more.proxy_may_rewrite_sdp);
    EXPECT_EQ(more.redirect, policy::Redirect::recurse);
    EXPECT_EQ(more.calls_per_second, 50U);
    EXPECT_EQ(more.calls_per_second_and_subscriber, 2U);
    ASSERT_TRUE(more.peer_auth);
    EXPECT_EQ(more.peer_auth->username, "isthmus");
    EXPECT_EQ(more.peer_auth->password, "secret");
    change("SELECT policy.clear_peer_auth('isp.test')");
    ASSERT_TRUE(node.wait_for_version(version()));
    EXPECT_FALSE(node.decide("isp.test").parameters.peer_auth);

    change("SELECT policy.deny_domain('isp.test', 'fraud')");
    ASSERT_TRUE(node.wait_for_version(version()));
    const policy::Decision denied = node.decide("isp.test");
    EXPECT_EQ(denied.access, policy::Access::deny);
    EXPECT_EQ(denied.policy_version, version());
    EXPECT_NE(denied.explanation.find("fraud"), std::string::npos);

    change("SELECT policy.allow_domain('isp.test')");
    ASSERT_TRUE(node.wait_for_version(version()));
    EXPECT_EQ(node.decide("isp.test").mode, policy::Mode::retry);
    change("SELECT policy.remove_domain('isp.test')");
    ASSERT_TRUE(node.wait_for_version(version()));
    EXPECT_EQ(node.decide("isp.test").rule_id, "IW-POL-09");
}

TEST_F(PolicyLoading, many_changes_end_in_the_same_policy_as_reading_everything) {
    Node node(core_);
    ASSERT_TRUE(node.store.wait_until_loaded(testing::patience));
    for (int round = 0; round < 3; ++round) {  // more than the loader lets pend
        change("INSERT INTO policy.domain_rule (pattern, access) SELECT 'r" + std::to_string(round) +
               "n' || i || '.test', 'deny' FROM generate_series(1, 300) i");
        ASSERT_TRUE(node.wait_for_version(version()));
    }
    change("UPDATE policy.domain_rule SET access = 'allow', mode = 'PASS' WHERE pattern LIKE 'r1%'");
    change("DELETE FROM policy.domain_rule WHERE pattern LIKE 'r2%'");
    change("UPDATE policy.domain_rule SET pattern = 'moved.test' WHERE pattern = 'r0n7.test'");
    ASSERT_TRUE(node.wait_for_version(version()));
    EXPECT_EQ(node.store.current()->size(), 600U);
    EXPECT_EQ(node.decide("r0n1.test").rule_id, "IW-POL-01");
    EXPECT_EQ(node.decide("r0n7.test").rule_id, "IW-POL-09");
    EXPECT_EQ(node.decide("moved.test").rule_id, "IW-POL-01");
    EXPECT_EQ(node.decide("r1n300.test").access, policy::Access::allow);
    EXPECT_EQ(node.decide("r2n1.test").rule_id, "IW-POL-09");
    run_sql(PostgresCluster::shared().connection_string(name_), "TRUNCATE policy.domain_rule");
    ASSERT_TRUE(node.wait_for_version(version()));
    EXPECT_EQ(node.store.current()->size(), 0U);
}

TEST_F(PolicyLoading, a_row_written_round_the_triggers_is_reported_and_left_out) {
    run_sql(
        PostgresCluster::shared().connection_string(name_),
        "ALTER TABLE policy.domain_rule DISABLE TRIGGER check_rule; INSERT INTO policy.domain_rule (pattern, access)"
        " VALUES ('Not Normal', 'deny'), ('fine.test', 'deny')");
    Node node(core_);
    const auto rejected =
        node.heard.wait([](const Heard& one) { return one.event.kind == PolicyEvent::Kind::rejected; });
    ASSERT_TRUE(rejected);
    EXPECT_EQ(rejected->event.text, "Not Normal");
    EXPECT_EQ(node.decide("fine.test").rule_id, "IW-POL-01");
}

TEST_F(PolicyLoading, IW_POL_08_without_a_database_it_waits_and_says_why_then_loads) {
    auto& cluster = PostgresCluster::shared();
    const std::string name = "later_" + name_;
    Node node(cluster.connection_string(name));
    const auto waiting = node.heard.wait_any();
    ASSERT_TRUE(waiting);
    EXPECT_EQ(waiting->event.kind, PolicyEvent::Kind::waiting);
    EXPECT_NE(waiting->event.text.find("does not exist"), std::string::npos) << waiting->event.text;
    EXPECT_EQ(node.store.current(), nullptr);
    EXPECT_FALSE(node.store.wait_until_loaded(milliseconds(0)));

    run_sql(cluster.connection_string("postgres"), "SELECT 1");
    {
        pqxx::connection connection(cluster.connection_string("postgres"));
        pqxx::nontransaction(connection).exec("CREATE DATABASE " + name);
    }
    const auto no_schema =
        node.heard.wait([](const Heard& one) { return one.event.text.find("run schema/apply") != std::string::npos; });
    ASSERT_TRUE(no_schema);
    const auto applied = testing::run_command(std::string(ISTHMUS_SOURCE_DIR) + "/schema/apply '" +
                                              cluster.connection_string(name) + "'");
    ASSERT_EQ(applied.status, 0) << applied.output;
    EXPECT_TRUE(node.store.wait_until_loaded(testing::patience));
}

TEST_F(PolicyLoading, resyncs_by_version_after_its_session_was_ended) {
    change("SELECT policy.allow_domain('isp.test')");
    Node node(core_);
    ASSERT_TRUE(node.store.wait_until_loaded(testing::patience));
    const std::string terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name_ +
                                  "' AND application_name = 'isthmus-policy'";
    const std::string owner = PostgresCluster::shared().connection_string(name_);
    node.heard.clear();
    // The change comes between the end of the session and the new one: no notification of it is ever seen.
    run_sql(owner, terminate + "; SELECT policy.deny_domain('isp.test')");
    ASSERT_TRUE(node.wait_for_version(version()));
    EXPECT_EQ(node.decide("isp.test").access, policy::Access::deny);
    EXPECT_TRUE(node.wait_for(PolicyEvent::Kind::lost));

    // Nothing changed: the snapshot stays the very same.
    const auto before = node.store.current();
    node.heard.clear();
    run_sql(owner, terminate);
    ASSERT_TRUE(node.wait_for(PolicyEvent::Kind::regained));
    EXPECT_EQ(node.store.current(), before);
}

TEST_F(PolicyLoading, IW_TC_128_the_last_snapshot_decides_while_the_database_is_gone) {
    PostgresCluster cluster{PostgresCluster::Options{}};
    const std::string name = cluster.create_migrated_database();
    const std::string owner = cluster.connection_string(name);
    run_sql(owner, "SELECT policy.allow_domain('isp.test')");
    Node node(owner);
    ASSERT_TRUE(node.store.wait_until_loaded(testing::patience));
    EXPECT_LT(node.store.status().age(Clock::now()), std::chrono::seconds(2));
    cluster.kill_hard();
    ASSERT_TRUE(node.wait_for(PolicyEvent::Kind::lost));
    EXPECT_EQ(node.decide("isp.test").access, policy::Access::allow);
    const PolicyStore::Status status = node.store.status();
    EXPECT_FALSE(status.connected);
    EXPECT_EQ(status.rows, 1U);
    // The age grows with the clock, an hour from now by an hour.
    const auto now = Clock::now();
    EXPECT_GE(status.age(now + std::chrono::hours(1)), std::chrono::hours(1));
    EXPECT_EQ(status.age(now + std::chrono::hours(1)) - status.age(now), std::chrono::hours(1));
    node.heard.clear();
    cluster.start();
    run_sql(owner, "SELECT policy.deny_domain('isp.test')");
    ASSERT_TRUE(node.wait_for_version(std::stoll(ask_sql(owner, "SELECT version FROM policy.version"))));
    EXPECT_EQ(node.decide("isp.test").access, policy::Access::deny);
    EXPECT_TRUE(node.store.status().connected);
    EXPECT_GT(node.store.status().confirmed, status.confirmed);
}

/// Registers and de-registers as fast as the database takes it, `width` at a time.
class RegistrationLoad {
  public:
    RegistrationLoad(const std::string& connection_string, int width) : directory_(options(connection_string)) {
        for (int i = 0; i < width; ++i) step(i, 1);
    }
    ~RegistrationLoad() { stopping_ = true; }

    [[nodiscard]] int written() const { return written_; }

  private:
    static database::PoolOptions options(const std::string& connection_string) {
        database::PoolOptions result;
        result.connection.connection_string = connection_string;
        return result;
    }
    void step(int user, std::uint32_t cseq) {
        const std::string name = "user" + std::to_string(user);
        subscriber::Binding binding;
        binding.contact = "sip:" + name + "@192.0.2.1";
        binding.expires = std::chrono::system_clock::now() + std::chrono::hours(1);
        binding.call_id = name;
        binding.cseq = cseq;
        binding.private_identity = name + "@home.test";
        binding.registered_identity = "sip:" + name + "@home.test";
        subscriber::ServerAssignment query;
        query.public_identity = binding.registered_identity;
        query.private_identity = binding.private_identity;
        query.server_name = "sip:scscf.home.test";
        query.store = {binding};
        directory_.assign(query, [this, user, cseq](const subscriber::AssignmentAnswer& answer) {
            if (answer.result == subscriber::Result::success) ++written_;
            if (!stopping_) step(user, cseq + 1);
        });
    }

    std::atomic<bool> stopping_{false};
    std::atomic<int> written_{0};
    subscriber::PostgresDirectory directory_;
};

TEST_F(PolicyLoading, from_commit_to_decision_p99_of_100_changes_in_two_nodes_under_load) {
    constexpr int changes = 100;
    const std::string owner = PostgresCluster::shared().connection_string(name_);
    run_sql(owner,
            "INSERT INTO policy.domain_rule (pattern, access) SELECT 'n' || i || '.test', 'deny' FROM "
            "generate_series(1, 20000) i");
    run_sql(owner,
            "SELECT subscriber.add_home_domain('home.test'); SELECT subscriber.add('user' || i, 'home.test', 'x')"
            " FROM generate_series(0, 49) i");
    Node one(core_);
    Node two(core_);
    ASSERT_TRUE(one.store.wait_until_loaded(testing::patience));
    ASSERT_TRUE(two.store.wait_until_loaded(testing::patience));
    const RegistrationLoad load(core_, 50);

    pqxx::connection operators(admin_);
    std::vector<Clock::duration> delays;
    for (int i = 0; i < changes; ++i) {
        pqxx::work transaction(operators);
        const std::string function = i % 2 == 0 ? "deny_domain" : "allow_domain";
        transaction.exec("SELECT policy." + function + "('n" + std::to_string(1 + i / 2) + ".test')");
        const auto wanted = transaction.exec1("SELECT version FROM policy.version")[0].as<std::int64_t>();
        const auto start = Clock::now();  // before COMMIT, so that its own time counts as well
        transaction.commit();
        for (Node* node : {&one, &two}) {
            const auto seen = node->wait_for_version(wanted);
            ASSERT_TRUE(seen);
            delays.push_back(*seen - start);
        }
        const auto decided = two.decide("n" + std::to_string(1 + i / 2) + ".test").access;
        EXPECT_EQ(decided, i % 2 == 0 ? policy::Access::deny : policy::Access::allow);
    }
    std::sort(delays.begin(), delays.end());
    const auto p99 = delays[delays.size() * 99 / 100 - 1];
    RecordProperty("p99_ms", std::to_string(std::chrono::duration<double, std::milli>(p99).count()));
    EXPECT_LE(p99, milliseconds(100));
    EXPECT_GT(load.written(), 100);
}

}  // namespace
}  // namespace isthmus::scscf
