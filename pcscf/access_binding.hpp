// What the P-CSCF knows of a registered contact (PR-REG-24, PR-REG-27), and where it finds it: by the token in Path,
// by the address a request came from, by private identity and contact at re-registration.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/transport/address.hpp"

namespace isthmus::pcscf {

using Clock = std::chrono::steady_clock;

struct AccessBinding {
    std::uint64_t id = 0;  ///< in our Path token
    std::string private_identity;
    std::string contact;                         ///< Contact URI as registered
    transport::Peer flow;                        ///< where the UE is reached, and comes from
    std::vector<std::string> public_identities;  ///< canonical, not barred; the first is the default
    std::vector<std::string> asserted;           ///< the same, as P-Associated-URI wrote them
    std::vector<std::string> service_route;      ///< route values, in order
    Clock::time_point expires;
};

using Binding = std::shared_ptr<const AccessBinding>;

/// Shared by all workers; short locks, never held across a call to elsewhere.
class BindingTable {
  public:
    /// Takes a few expired ones out as it goes, so that nobody has to sweep.
    void store(AccessBinding binding, Clock::time_point now);
    void remove(std::uint64_t id);
    /// Takes out what `private_identity` has here besides `contacts` (URIs): they were replaced or de-registered.
    void keep_only(const std::string& private_identity, const std::vector<std::string>& contacts);
    /// Expired bindings are not found.
    [[nodiscard]] Binding by_id(std::uint64_t id, Clock::time_point now);
    /// Those whose UE sends from `flow`; several users may share an address.
    [[nodiscard]] std::vector<Binding> by_flow(const transport::Peer& flow, Clock::time_point now);
    /// Those whose UE has this address, whatever its port and transport: a UE opens TCP from a port of its own.
    [[nodiscard]] std::vector<Binding> by_host(transport::Address address, Clock::time_point now);
    [[nodiscard]] Binding by_contact(const std::string& private_identity, const std::string& contact,
                                     Clock::time_point now);
    [[nodiscard]] std::size_t size() const;

  private:
    struct Ids {
        std::vector<std::uint64_t> ids;
    };
    void erase(std::uint64_t id);
    [[nodiscard]] Binding find(std::uint64_t id, Clock::time_point now);

    mutable std::mutex lock_;
    std::unordered_map<std::uint64_t, Binding> bindings_;
    std::unordered_map<transport::Address, Ids, transport::AddressHash> by_address_;
    std::unordered_map<transport::Address, Ids, transport::AddressHash> by_host_;  // port 0
    std::unordered_map<std::string, Ids> by_private_identity_;
    std::set<std::pair<Clock::time_point, std::uint64_t>> by_expiry_;
};

}  // namespace isthmus::pcscf
