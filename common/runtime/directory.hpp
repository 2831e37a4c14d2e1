// The subscriber directory of a node, made from its configuration, its state in the log.
#pragma once

#include <memory>
#include <string>

#include "common/runtime/program.hpp"
#include "common/subscriber/postgres_directory.hpp"

namespace isthmus::runtime {

database::ConnectionOptions database_connection(const Configuration& configuration, const std::string& role);

/// Waits until the database answers and has the schema this program needs, and says what it waits for. Throws
/// StopRequested when SIGTERM or SIGINT comes first.
void wait_for_database(const Parts& parts, const std::string& role);

/// `parts` must outlive it.
std::unique_ptr<subscriber::PostgresDirectory> make_directory(const Parts& parts, const std::string& role);

}  // namespace isthmus::runtime
