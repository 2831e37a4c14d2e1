// A real name server (unbound) of one test program: private, on a port of the loopback that is free, with the zones it
// is given. No system service, no hosts file, no network.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <sys/types.h>

#include "common/transport/address.hpp"

namespace isthmus::testing {

class NameServer {
  public:
    /// `zones`: domain -> zone file text without $ORIGIN. Returns once it answers; throws std::runtime_error when it
    /// cannot be started.
    explicit NameServer(const std::map<std::string, std::string>& zones);
    ~NameServer();
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;

    [[nodiscard]] const transport::Address& address() const { return address_; }

  private:
    void start(const std::string& any_domain);
    transport::Address address_;
    std::filesystem::path folder_;
    pid_t pid_ = -1;
};

}  // namespace isthmus::testing
