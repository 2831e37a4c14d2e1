// Does the database have the migrations this program was written for?
#pragma once

#include <pqxx/connection>
#include <string>
#include <vector>

namespace isthmus::database {

/// One numbered step of schema/: its number and its file name.
struct Migration {
    int version = 0;
    std::string file;
};

/// Every migration up to now. A test compares this list with the folder.
const std::vector<Migration>& known_migrations();

/// What is missing, given the versions a database has: "" or
/// "schema is at 002, this program needs 004: run schema/apply (missing 003_x.sql, 004_y.sql)". Pure.
std::string schema_complaint(const std::vector<int>& applied, const std::vector<Migration>& needed);

/// Reads the versions and complains as above. Throws what pqxx throws when the server cannot be asked.
std::string check_schema(pqxx::connection& connection);

}  // namespace isthmus::database
