// Learns from the directory's notifications that another S-CSCF serves a user of whom a copy is held here (SR-REG-56).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/database/connection.hpp"
#include "scscf/registration_table.hpp"

namespace isthmus::scscf {

class AssignmentWatch {
  public:
    /// Called on the watch's thread: others serve the set since `generation`.
    using Lost = std::function<void(std::int64_t set_id, std::int64_t generation)>;

    /// `table` outlives it. Whenever the database is reached anew everything in the table is compared.
    AssignmentWatch(database::ConnectionOptions connection, std::string server_name, const RegistrationTable& table,
                    Lost lost);
    ~AssignmentWatch();
    AssignmentWatch(const AssignmentWatch&) = delete;
    AssignmentWatch& operator=(const AssignmentWatch&) = delete;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::scscf
