#include "common/runtime/directory.hpp"

#include <csignal>

#include "common/database/schema_version.hpp"
#include "common/observability/catalogue.hpp"
#include "common/observability/metric_catalogue.hpp"

namespace isthmus::runtime {

namespace messages = observability::messages;

namespace {

/// What keeps us from starting; empty when nothing does.
std::string complaint(const database::ConnectionOptions& options) {
    try {
        const auto connection = database::connect(options, {}, [](int) {});
        return database::check_schema(*connection);
    } catch (const std::exception& error) {
        return database::one_line(error.what());
    }
}

bool stop_requested_within(std::chrono::seconds wait) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    const timespec limit{wait.count(), 0};
    return sigtimedwait(&signals, nullptr, &limit) > 0;
}

}  // namespace

database::ConnectionOptions database_connection(const Configuration& configuration, const std::string& role) {
    database::ConnectionOptions options;
    options.connection_string = configuration.text("database.conninfo");
    options.application = role + " " + configuration.text("node.name");
    return options;
}

void wait_for_database(const Parts& parts, const std::string& role) {
    const auto options = database_connection(parts.configuration, role);
    std::string said;
    while (true) {
        const auto reason = complaint(options);
        if (reason.empty()) break;
        if (reason != said) parts.log.write(messages::database_waiting, {{"reason", reason}});
        said = reason;
        if (stop_requested_within(std::chrono::seconds(1))) throw StopRequested{};
    }
    parts.log.write(messages::database_connected, {{"schema", database::known_migrations().back().file}});
}

std::unique_ptr<subscriber::PostgresDirectory> make_directory(const Parts& parts, const std::string& role) {
    database::PoolOptions options;
    options.connection = database_connection(parts.configuration, role);
    options.connections = static_cast<std::size_t>(parts.configuration.integer("database.connections"));
    auto directory = std::make_unique<subscriber::PostgresDirectory>(
        options, [&log = parts.log](bool down, const std::string& reason) {
            if (down)
                log.write(messages::database_lost, {{"reason", reason}});
            else
                log.write(messages::database_connected, {{"schema", database::known_migrations().back().file}});
        });
    parts.metrics.watch(observability::measures::directory_down, {},
                        [raw = directory.get()] { return raw->known_down() ? 1.0 : 0.0; });
    return directory;
}

}  // namespace isthmus::runtime
