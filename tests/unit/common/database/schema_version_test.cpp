#include "common/database/schema_version.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "common/database/connection.hpp"

namespace isthmus::database {
namespace {

const std::vector<Migration> needed{{1, "001_a.sql"}, {2, "002_b.sql"}, {3, "003_x.sql"}, {4, "004_y.sql"}};

TEST(SchemaVersion, names_what_is_missing) {
    EXPECT_EQ(schema_complaint({1, 2}, needed),
              "schema is at 002, this program needs 004: run schema/apply (missing 003_x.sql, 004_y.sql)");
    EXPECT_EQ(schema_complaint({}, {{1, "001_a.sql"}}),
              "the database has no schema, this program needs 001: run schema/apply (missing 001_a.sql)");
    EXPECT_EQ(schema_complaint({1, 2, 4}, needed),
              "schema is at 004, this program needs 004: run schema/apply (missing 003_x.sql)");
}

TEST(SchemaVersion, a_newer_schema_is_welcome) {
    EXPECT_EQ(schema_complaint({1, 2, 3, 4, 5}, needed), "");
}

TEST(SchemaVersion, the_list_is_what_the_folder_holds) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(ISTHMUS_SOURCE_DIR) + "/schema")) {
        if (entry.path().extension() == ".sql") files.push_back(entry.path().filename());
    }
    std::sort(files.begin(), files.end());
    std::vector<std::string> listed;
    for (const Migration& migration : known_migrations()) {
        listed.push_back(migration.file);
        EXPECT_EQ(migration.version, std::stoi(migration.file));
    }
    EXPECT_EQ(listed, files);
}

TEST(ConnectionString, gets_the_timeouts_it_lacks_in_both_forms) {
    EXPECT_EQ(with_timeouts("host=/run dbname=x connect_timeout=9"),
              "host=/run dbname=x connect_timeout=9 keepalives_idle=5 keepalives_interval=2 keepalives_count=3");
    EXPECT_EQ(with_timeouts("postgresql://h/db"),
              "postgresql://h/db?connect_timeout=2&keepalives_idle=5&keepalives_interval=2&keepalives_count=3");
}

}  // namespace
}  // namespace isthmus::database
