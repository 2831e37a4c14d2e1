#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/database/schema_version.hpp"
#include "tests/database/support.hpp"

namespace isthmus {
namespace {

using testing::ask_sql;
using testing::CommandResult;
using testing::PostgresCluster;
using testing::refusal_of;
using testing::run_command;
using testing::run_sql;

const std::string schema_folder = std::string(ISTHMUS_SOURCE_DIR) + "/schema";

CommandResult run_apply(const std::string& connection, const std::string& folder = schema_folder) {
    return run_command(folder + "/apply '" + connection + "'");
}

/// A copy of the schema folder with the first `count` migrations.
class FolderCopy {
  public:
    explicit FolderCopy(std::size_t count) {
        std::string name = "/tmp/isthmus-schema-XXXXXX";
        path_ = ::mkdtemp(name.data());
        std::filesystem::copy(schema_folder + "/apply", path_);
        for (std::size_t i = 0; i < count; ++i) {
            std::filesystem::copy(schema_folder + "/" + database::known_migrations()[i].file, path_);
        }
    }
    ~FolderCopy() { std::filesystem::remove_all(path_); }
    FolderCopy(const FolderCopy&) = delete;
    FolderCopy& operator=(const FolderCopy&) = delete;

    [[nodiscard]] std::string path() const { return path_; }
    void write(const std::string& file, const std::string& text) const { std::ofstream(path_ / file) << text; }

  private:
    std::filesystem::path path_;
};

TEST(Migrations, apply_from_zero_and_a_second_time_change_nothing_more) {
    auto& cluster = PostgresCluster::shared();
    const std::string connection = cluster.connection_string(cluster.create_database());
    const CommandResult first = run_apply(connection);
    EXPECT_EQ(first.status, 0) << first.output;
    for (const auto& migration : database::known_migrations()) {
        EXPECT_NE(first.output.find("applied " + migration.file), std::string::npos) << first.output;
    }
    const std::string count = ask_sql(connection, "SELECT count(*) FROM isthmus.migration");
    EXPECT_EQ(count, std::to_string(database::known_migrations().size()));
    const CommandResult second = run_apply(connection);
    EXPECT_EQ(second.status, 0);
    EXPECT_EQ(second.output.find("applied"), std::string::npos) << second.output;
    EXPECT_EQ(ask_sql(connection, "SELECT count(*) FROM isthmus.migration"), count);
}

TEST(Migrations, two_at_once_apply_each_step_once) {
    auto& cluster = PostgresCluster::shared();
    const std::string connection = cluster.connection_string(cluster.create_database());
    const std::string one = schema_folder + "/apply '" + connection + "'";
    const CommandResult both = run_command("sh -c \"" + one + " & first=$!; " + one + " && wait \\$first\"");
    EXPECT_EQ(both.status, 0) << both.output;
    EXPECT_EQ(ask_sql(connection, "SELECT count(*) FROM isthmus.migration"),
              std::to_string(database::known_migrations().size()));
}

TEST(Migrations, what_is_wrong_is_said_in_one_line) {
    auto& cluster = PostgresCluster::shared();
    const CommandResult nowhere = run_apply(cluster.connection_string("nosuchdatabase"));
    EXPECT_EQ(nowhere.status, 1);
    EXPECT_NE(nowhere.output.find("database \"nosuchdatabase\" does not exist"), std::string::npos) << nowhere.output;
    EXPECT_EQ(std::count(nowhere.output.begin(), nowhere.output.end(), '\n'), 1) << nowhere.output;

    const FolderCopy folder(1);
    folder.write("002_broken.sql", "CREATE TABLE kept_nothing (a int);\nSELECT nonsense;\n");
    const std::string connection = cluster.connection_string(cluster.create_database());
    const CommandResult broken = run_apply(connection, folder.path());
    EXPECT_EQ(broken.status, 1);
    EXPECT_NE(broken.output.find("002_broken.sql:2"), std::string::npos) << broken.output;
    EXPECT_NE(broken.output.find("column \"nonsense\" does not exist"), std::string::npos) << broken.output;
    // The step that failed left nothing behind, the one before it is in.
    EXPECT_EQ(ask_sql(connection, "SELECT to_regclass('kept_nothing')"), "");
    EXPECT_EQ(ask_sql(connection, "SELECT max(version) FROM isthmus.migration"), "1");
}

TEST(Migrations, too_old_a_schema_is_named_with_what_is_missing) {
    auto& cluster = PostgresCluster::shared();
    const std::string name = cluster.create_database();
    pqxx::connection connection(cluster.connection_string(name));
    EXPECT_NE(database::check_schema(connection).find("the database has no schema"), std::string::npos);
    const FolderCopy folder(2);
    ASSERT_EQ(run_apply(cluster.connection_string(name), folder.path()).status, 0);
    EXPECT_EQ(database::check_schema(connection),
              "schema is at 002, this program needs 010: run schema/apply (missing 003_subscriber_operator.sql, "
              "004_subscriber_directory.sql, 005_policy.sql, 006_policy_operator.sql, 007_policy_retry.sql, "
              "008_subscriber_credentials.sql, 009_server_tls.sql, 010_subscriber_restoration.sql)");
    ASSERT_EQ(run_apply(cluster.connection_string(name)).status, 0);
    EXPECT_EQ(database::check_schema(connection), "");
}

TEST(Migrations, everything_has_a_comment) {
    auto& cluster = PostgresCluster::shared();
    const std::string connection = cluster.connection_string(cluster.create_migrated_database());
    const pqxx::result bare = run_sql(connection, R"(
        SELECT 'schema ' || nspname FROM pg_namespace n
            WHERE nspname IN ('isthmus', 'subscriber', 'policy') AND obj_description(n.oid, 'pg_namespace') IS NULL
        UNION ALL
        SELECT 'table ' || c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE nspname IN ('isthmus', 'subscriber', 'policy') AND relkind IN ('r', 'v')
            AND obj_description(c.oid, 'pg_class') IS NULL
        UNION ALL
        SELECT 'column ' || c.oid::regclass || '.' || attname FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE nspname IN ('isthmus', 'subscriber', 'policy') AND relkind IN ('r', 'v') AND attnum > 0
            AND NOT attisdropped AND col_description(c.oid, attnum) IS NULL
        UNION ALL
        SELECT 'function ' || p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE nspname IN ('isthmus', 'subscriber', 'policy') AND obj_description(p.oid, 'pg_proc') IS NULL)");
    std::string names;
    for (const auto& row : bare) names += std::string(row[0].c_str()) + "\n";
    EXPECT_EQ(names, "");
    EXPECT_EQ(ask_sql(connection, "SELECT count(*) > 30 FROM pg_description WHERE classoid = 'pg_class'::regclass"),
              "t");
}

TEST(Migrations, each_role_may_do_its_work_and_no_more) {
    auto& cluster = PostgresCluster::shared();
    const std::string name = cluster.create_migrated_database();
    const std::string admin = cluster.connection_string(name, "isthmus_admin");
    const std::string core = cluster.connection_string(name, "isthmus_core");
    const std::string reader = cluster.connection_string(name, "isthmus_reader");
    EXPECT_EQ(refusal_of(admin, "SELECT subscriber.add_home_domain('a.test')"), "");
    EXPECT_EQ(refusal_of(admin, "SELECT subscriber.add('alice', 'a.test', 'secret')"), "");
    EXPECT_EQ(refusal_of(admin, "SELECT policy.allow_domain('isp.test')"), "");
    EXPECT_EQ(refusal_of(admin, "SELECT policy.deny_domain('isp.test')"), "");
    EXPECT_EQ(refusal_of(admin, "SELECT policy.remove_domain('isp.test')"), "");

    EXPECT_NE(refusal_of(core, "SELECT policy.allow_domain('isp.test')").find("permission denied"), std::string::npos);
    EXPECT_NE(refusal_of(core, "DELETE FROM subscriber.subscription").find("permission denied"), std::string::npos);
    EXPECT_NE(refusal_of(core, "UPDATE subscriber.private_identity SET ha1 = ha1").find("permission denied"),
              std::string::npos);
    EXPECT_EQ(refusal_of(core, "SELECT ha1 FROM subscriber.private_identity"), "");

    EXPECT_NE(refusal_of(reader, "SELECT ha1 FROM subscriber.private_identity").find("permission denied"),
              std::string::npos);
    EXPECT_EQ(refusal_of(reader, "SELECT name, realm FROM subscriber.private_identity"), "");
    EXPECT_EQ(refusal_of(reader, "SELECT * FROM policy.domain_rule"), "");
    EXPECT_NE(refusal_of(reader, "DELETE FROM policy.domain_rule").find("permission denied"), std::string::npos);
}

}  // namespace
}  // namespace isthmus
