// The directory answered from PostgreSQL (schema/004_subscriber_directory.sql): reads on a pool of connections,
// registrations by a grouped writer, so that many share one COMMIT.
#pragma once

#include <memory>

#include "common/database/pool.hpp"
#include "common/subscriber/directory.hpp"

namespace isthmus::subscriber {

class PostgresDirectory final : public Directory {
  public:
    /// `state_change` is told on a thread of the pool when the directory becomes *known down* and when it is back
    /// (CX-21). Nothing waits for the database here: without one every question is answered `unreachable`.
    explicit PostgresDirectory(database::PoolOptions options, database::Pool::StateChange state_change = {});
    ~PostgresDirectory() override;

    void authorise(UserAuthorization query, std::function<void(ServerAnswer)> done) override;
    void locate(LocationQuery query, std::function<void(ServerAnswer)> done) override;
    void authenticate(AuthenticationQuery query, std::function<void(AuthenticationAnswer)> done) override;
    void assign(ServerAssignment query, std::function<void(AssignmentAnswer)> done) override;
    void read_user(std::string public_identity, std::function<void(UserAnswer)> done) override;
    void load_bindings(std::string server_name, std::optional<std::int64_t> after, std::size_t limit,
                       std::function<void(UserPage)> done) override;
    void read_network(std::function<void(NetworkAnswer)> done) override;

    [[nodiscard]] bool known_down() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::subscriber
