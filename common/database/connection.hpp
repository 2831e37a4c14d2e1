// One connection to PostgreSQL with the settings that every connection of ours has.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <pqxx/connection>
#include <string>
#include <vector>

namespace isthmus::database {

struct Statement {
    std::string name;
    std::string sql;
};

struct ConnectionOptions {
    std::string connection_string;
    std::string application = "isthmus";        ///< how the server lists us
    std::chrono::milliseconds deadline{5'000};  ///< the server ends a statement that runs longer
};

/// Connects within a few seconds or throws pqxx::broken_connection. It never connects anew by itself: what broke stays
/// broken. `opened` gets the socket before anything is asked over it, so that another thread can shut it down when
/// the server is silent.
std::unique_ptr<pqxx::connection> connect(const ConnectionOptions& options, const std::vector<Statement>& statements,
                                          const std::function<void(int socket)>& opened);

/// The connection string with what it lacks of the time-outs of libpq. Both forms of libpq are understood.
std::string with_timeouts(const std::string& connection_string);

/// How a failure of pqxx is to be understood.
enum class Failure : std::uint8_t {
    refused,     ///< the server answered with an error; the connection is good
    lost,        ///< the connection broke, nothing was committed
    unanswered,  ///< the server ended the statement for its age
    in_doubt,    ///< the connection broke in a COMMIT: nobody knows
};
Failure classify(const std::exception& error, const pqxx::connection& connection);

/// The first line of a server's message, for a log line.
std::string one_line(const std::string& message);

}  // namespace isthmus::database
