#include "common/database/pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "common/database/grouped_writer.hpp"
#include "tests/database/support.hpp"

namespace isthmus::database {
namespace {

using std::chrono::milliseconds;
using testing::ask_sql;
using testing::PostgresCluster;
using testing::Received;
using testing::run_sql;
using Clock = std::chrono::steady_clock;

/// Servers that are killed and frozen: a cluster of its own, with what makes COMMIT durable switched on.
class PoolTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        PostgresCluster::Options options;
        options.fsync = true;
        cluster_ = std::make_unique<PostgresCluster>(options);
    }
    static void TearDownTestSuite() { cluster_.reset(); }

    void SetUp() override {
        database_ = cluster_->create_database();
        sql("CREATE TABLE note (id int PRIMARY KEY CHECK (id >= 0), text text)");
    }

    static PoolOptions options(const std::string& connection_string) {
        PoolOptions result;
        result.connection.connection_string = connection_string;
        result.connections = 2;
        return result;
    }
    [[nodiscard]] std::string connection() const { return cluster_->connection_string(database_); }
    void sql(const std::string& text) const { run_sql(connection(), text); }
    [[nodiscard]] std::string ask(const std::string& text) const { return ask_sql(connection(), text); }

    static inline std::unique_ptr<PostgresCluster> cluster_;
    std::string database_;
};

struct StateSeen {
    bool down;
    std::string reason;
};

void select_one(pqxx::connection& connection) {
    pqxx::nontransaction(connection).exec1("SELECT 1");
}

TEST_F(PoolTest, runs_prepared_statements_and_tells_an_error_from_a_loss) {
    Pool pool(options(connection()), {{"twice", "SELECT $1::int * 2"}});
    Received<JobResult> results;
    std::atomic<int> seen{0};
    pool.submit(
        [&seen](pqxx::connection& c) { seen = pqxx::nontransaction(c).exec_prepared1("twice", 21)[0].as<int>(); },
        [&results](const JobResult& result) { results.push(result); });
    ASSERT_TRUE(results.wait_count(1));
    EXPECT_EQ(results.all()[0].outcome, Outcome::done);
    EXPECT_EQ(seen, 42);
    pool.submit([](pqxx::connection& c) { pqxx::nontransaction(c).exec("SELECT nonsense"); },
                [&results](const JobResult& result) { results.push(result); });
    ASSERT_TRUE(results.wait_count(2));
    EXPECT_EQ(results.all()[1].outcome, Outcome::failed);
    EXPECT_NE(results.all()[1].error.find("nonsense"), std::string::npos);
    EXPECT_FALSE(pool.known_down());
}

TEST_F(PoolTest, a_session_ended_by_the_administrator_costs_no_answer) {
    Pool pool(options(connection()), {});
    Received<JobResult> results;
    auto ask_one = [&] { pool.submit(select_one, [&](const JobResult& result) { results.push(result); }); };
    ask_one();
    ASSERT_TRUE(results.wait_count(1));
    for (std::size_t round = 2; round < 6; ++round) {
        sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'isthmus' "
            "AND datname = current_database()");
        ask_one();
        ASSERT_TRUE(results.wait_count(round));
        EXPECT_EQ(results.all().back().outcome, Outcome::done) << results.all().back().error;
    }
}

TEST_F(PoolTest, TC_CX_28_known_down_is_answered_within_10_ms_and_the_first_probe_ends_it) {
    auto pool_options = options(connection());
    pool_options.probe_interval = milliseconds(200);
    Received<StateSeen> states;
    Pool pool(pool_options, {}, [&](bool down, const std::string& reason) { states.push({down, reason}); });
    Received<JobResult> results;
    auto ask_one = [&] { pool.submit(select_one, [&](const JobResult& result) { results.push(result); }); };
    ask_one();
    ASSERT_TRUE(results.wait_count(1));
    cluster_->kill_hard();
    ask_one();
    ASSERT_TRUE(results.wait_count(2));
    EXPECT_EQ(results.all()[1].outcome, Outcome::unreachable);
    ASSERT_TRUE(states.wait_count(1));  // no connection: known down without three failures
    EXPECT_TRUE(states.all()[0].down);
    EXPECT_TRUE(pool.known_down());

    std::vector<milliseconds> waits;
    for (std::size_t i = 0; i < 50; ++i) {
        const auto start = Clock::now();
        ask_one();
        ASSERT_TRUE(results.wait_count(3 + i));
        waits.push_back(std::chrono::duration_cast<milliseconds>(Clock::now() - start));
        EXPECT_EQ(results.all().back().outcome, Outcome::unreachable);
    }
    std::sort(waits.begin(), waits.end());
    EXPECT_LE(waits[waits.size() * 9 / 10], milliseconds(10));

    cluster_->start();
    ASSERT_TRUE(states.wait_count(2));
    EXPECT_FALSE(states.all()[1].down);
    ask_one();
    ASSERT_TRUE(results.wait([](const JobResult& result) { return result.outcome == Outcome::done; }));
    ASSERT_TRUE(results.wait_count(53));
    EXPECT_EQ(results.all().back().outcome, Outcome::done);
}

TEST_F(PoolTest, CX_21_a_silent_server_is_given_up_at_the_deadline_and_known_down_after_three) {
    auto pool_options = options(connection());
    pool_options.connection.deadline = milliseconds(300);
    pool_options.probe_interval = milliseconds(100);
    Received<StateSeen> states;
    Pool pool(pool_options, {}, [&](bool down, const std::string& reason) { states.push({down, reason}); });
    Received<JobResult> results;
    auto ask_one = [&] { pool.submit(select_one, [&](const JobResult& result) { results.push(result); }); };
    ask_one();
    ASSERT_TRUE(results.wait_count(1));
    cluster_->freeze();
    const auto start = Clock::now();
    ask_one();
    ASSERT_TRUE(results.wait_count(2));
    const auto waited = Clock::now() - start;
    EXPECT_GE(waited, milliseconds(290));
    EXPECT_LT(waited, milliseconds(1500));
    EXPECT_EQ(results.all()[1].outcome, Outcome::unreachable);
    EXPECT_FALSE(pool.known_down());
    ask_one();
    ask_one();
    ASSERT_TRUE(results.wait_count(4));
    ASSERT_TRUE(states.wait_count(1));
    EXPECT_TRUE(states.all()[0].down);
    cluster_->thaw();
    ASSERT_TRUE(states.wait_count(2));
    EXPECT_FALSE(states.all()[1].down);
}

TEST_F(PoolTest, closing_answers_what_waits_and_what_comes_later) {
    Pool pool(options(connection()), {});
    Received<JobResult> results;
    for (int i = 0; i < 20; ++i) {
        pool.submit([](pqxx::connection& c) { pqxx::nontransaction(c).exec("SELECT pg_sleep(3)"); },
                    [&](const JobResult& result) { results.push(result); });
    }
    const auto start = Clock::now();
    pool.close();
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
    EXPECT_EQ(results.all().size(), 20U);
    pool.submit(select_one, [&](const JobResult& result) { results.push(result); });
    EXPECT_EQ(results.all().size(), 21U);
    for (const JobResult& result : results.all()) EXPECT_EQ(result.outcome, Outcome::unreachable);
}

/// Writes ids; answers how many were in its statement.
std::vector<int> write_ids(pqxx::work& transaction, const std::vector<int>& ids) {
    std::string values;
    for (const int id : ids) values += (values.empty() ? "(" : ",(") + std::to_string(id) + ")";
    transaction.exec("INSERT INTO note (id) VALUES " + values + " ON CONFLICT DO NOTHING");
    return std::vector<int>(ids.size(), static_cast<int>(ids.size()));
}

struct Written {
    int id;
    JobResult result;
    std::optional<int> group;
};

TEST_F(PoolTest, grouped_writes_share_a_commit_and_one_bad_write_hurts_nobody_else) {
    Pool pool(options(connection()), {});
    GroupedWriter<int, int> writer(pool, write_ids);
    Received<Written> written;
    // A lock holds up the first group until all are submitted; row -1 cannot be written at all.
    pqxx::connection blocker_connection(connection());
    auto blocker = std::make_unique<pqxx::work>(blocker_connection);
    blocker->exec("LOCK TABLE note IN EXCLUSIVE MODE");
    for (int id = 0; id < 100; ++id) {
        writer.submit(id == 50 ? -1 : id, [&written, id](const JobResult& result, std::optional<int> group) {
            written.push({id, result, group});
        });
    }
    blocker.reset();
    ASSERT_TRUE(written.wait_count(100));
    int together = 0;
    for (const Written& one : written.all()) {
        EXPECT_EQ(one.result.outcome, one.id == 50 ? Outcome::failed : Outcome::done) << one.id << one.result.error;
        EXPECT_EQ(one.group.has_value(), one.id != 50);
    }
    EXPECT_EQ(ask("SELECT count(*) FROM note"), "99");
    written.clear();
    auto again = std::make_unique<pqxx::work>(blocker_connection);
    again->exec("LOCK TABLE note IN EXCLUSIVE MODE");
    for (int id = 200; id < 300; ++id) {
        writer.submit(id, [&written, id](const JobResult& result, std::optional<int> group) {
            written.push({id, result, group});
        });
    }
    again.reset();
    ASSERT_TRUE(written.wait_count(100));
    for (const Written& one : written.all()) together = std::max(together, one.group.value_or(0));
    EXPECT_GE(together, 50);  // the first write went alone, those that gathered behind it together
    EXPECT_EQ(ask("SELECT count(DISTINCT xmin::text) <= 3 FROM note WHERE id >= 200"), "t");
}

TEST_F(PoolTest, SR_REG_51_a_callback_means_durable_even_if_the_server_is_killed_at_once) {
    for (int round = 0; round < 3; ++round) {
        Pool pool(options(connection()), {});
        GroupedWriter<int, int> writer(pool, write_ids);
        Received<Written> written;
        std::atomic<bool> killed{false};
        const int first = round * 100'000;
        std::thread load([&] {
            for (int id = first; !killed; ++id) {
                writer.submit(id, [&written, id](const JobResult& result, std::optional<int> group) {
                    written.push({id, result, group});
                });
                if (id % 50 != 49) continue;
                EXPECT_TRUE(written.wait_count(static_cast<std::size_t>(id - first - 40)));
            }
        });
        EXPECT_TRUE(written.wait_count(static_cast<std::size_t>(200 + round * 77)));
        cluster_->kill_hard();
        killed = true;
        load.join();
        pool.close();
        cluster_->start();
        std::set<int> there;
        for (const auto& row : run_sql(connection(), "SELECT id FROM note")) there.insert(row[0].as<int>());
        std::size_t durable = 0;
        for (const Written& one : written.all()) {
            if (one.result.outcome != Outcome::done) continue;
            ++durable;
            EXPECT_EQ(there.count(one.id), 1U) << one.id;
        }
        EXPECT_GE(durable, 200U);
    }
}

}  // namespace
}  // namespace isthmus::database
