#include "common/database/schema_version.hpp"

#include <algorithm>
#include <cstdio>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/result>

namespace isthmus::database {
namespace {

std::string three_digits(int version) {
    char text[16];
    std::snprintf(text, sizeof text, "%03d", version);
    return text;
}

}  // namespace

const std::vector<Migration>& known_migrations() {
    static const std::vector<Migration> migrations{
        {1, "001_roles.sql"},
        {2, "002_subscriber.sql"},
        {3, "003_subscriber_operator.sql"},
        {4, "004_subscriber_directory.sql"},
        {5, "005_policy.sql"},
        {6, "006_policy_operator.sql"},
        {7, "007_policy_retry.sql"},
        {8, "008_subscriber_credentials.sql"},
        {9, "009_server_tls.sql"},
        {10, "010_subscriber_restoration.sql"},
    };
    return migrations;
}

std::string schema_complaint(const std::vector<int>& applied, const std::vector<Migration>& needed) {
    std::string missing;
    for (const Migration& migration : needed) {
        if (std::find(applied.begin(), applied.end(), migration.version) != applied.end()) continue;
        if (!missing.empty()) missing += ", ";
        missing += migration.file;
    }
    if (missing.empty()) return {};
    const std::string need =
        "this program needs " + three_digits(needed.back().version) + ": run schema/apply (missing ";
    if (applied.empty()) return "the database has no schema, " + need + missing + ")";
    return "schema is at " + three_digits(*std::max_element(applied.begin(), applied.end())) + ", " + need + missing +
           ")";
}

std::string check_schema(pqxx::connection& connection) {
    std::vector<int> applied;
    pqxx::nontransaction query(connection);
    // A database without the table is one without the schema, no error.
    if (query.exec1("SELECT to_regclass('isthmus.migration') IS NOT NULL")[0].as<bool>()) {
        const pqxx::result rows = query.exec("SELECT version FROM isthmus.migration ORDER BY version");
        for (const auto& row : rows) applied.push_back(row[0].as<int>());
    }
    return schema_complaint(applied, known_migrations());
}

}  // namespace isthmus::database
