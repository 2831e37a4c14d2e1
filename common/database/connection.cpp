#include "common/database/connection.hpp"

#include <pqxx/except>
#include <pqxx/nontransaction>
#include <string_view>
#include <utility>

namespace isthmus::database {

std::string with_timeouts(const std::string& connection_string) {
    // libpq knows no time-out but for connecting; a peer that vanished is found by TCP.
    constexpr std::pair<std::string_view, std::string_view> wanted[] = {
        {"connect_timeout", "2"}, {"keepalives_idle", "5"}, {"keepalives_interval", "2"}, {"keepalives_count", "3"}};
    const bool uri =
        connection_string.compare(0, 11, "postgres://") == 0 || connection_string.compare(0, 13, "postgresql://") == 0;
    std::string result = connection_string;
    for (const auto& [name, value] : wanted) {
        if (result.find(std::string(name) + "=") != std::string::npos) continue;
        if (uri) {
            result += result.find('?') == std::string::npos ? '?' : '&';
        } else {
            result += ' ';
        }
        result.append(name).append("=").append(value);
    }
    return result;
}

namespace {

/// libpqxx would connect anew under our feet: settings lost, the socket another one.
void keep_broken(pqxx::connection& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}

}  // namespace

std::unique_ptr<pqxx::connection> connect(const ConnectionOptions& options, const std::vector<Statement>& statements,
                                          const std::function<void(int socket)>& opened) {
    auto connection = std::make_unique<pqxx::connection>(with_timeouts(options.connection_string));
    keep_broken(*connection);
    opened(connection->sock());
    pqxx::nontransaction setup(*connection);
    setup.exec("SELECT pg_catalog.set_config('application_name', " + setup.quote(options.application) +
               ", false), pg_catalog.set_config('statement_timeout', '" + std::to_string(options.deadline.count()) +
               "', false), pg_catalog.set_config('client_min_messages', 'warning', false)");
    for (const Statement& statement : statements) connection->prepare(statement.name, statement.sql);
    return connection;
}

Failure classify(const std::exception& error, const pqxx::connection& connection) {
    if (dynamic_cast<const pqxx::in_doubt_error*>(&error) != nullptr ||
        dynamic_cast<const pqxx::statement_completion_unknown*>(&error) != nullptr) {
        return Failure::in_doubt;
    }
    const auto* refused = dynamic_cast<const pqxx::sql_error*>(&error);
    if (refused != nullptr && refused->sqlstate() == "57014") return Failure::unanswered;  // query_canceled
    // 57P01..03: the server is being shut down, has crashed, is starting.
    if (refused != nullptr && refused->sqlstate().compare(0, 3, "57P") == 0) return Failure::lost;
    if (dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr || !connection.is_open()) return Failure::lost;
    return Failure::refused;
}

std::string one_line(const std::string& message) {
    return message.substr(0, message.find('\n'));
}

}  // namespace isthmus::database
