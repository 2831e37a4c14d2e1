// The policy rows compiled for look-up: immutable, shared by all workers, its cost independent of the number of rows
// (IW-RTE-02).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scscf/policy/address.hpp"
#include "scscf/policy/model.hpp"

namespace isthmus::policy {

/// What a look-up found and what it cost.
struct Match {
    enum class Reason : std::uint8_t {
        row,                ///< `rule` applies
        no_row,             ///< nothing matches (IW-POL-09)
        address_needs_row,  ///< an IP literal and no `ip:` row covers it (IW-RTE-02)
        address_special,    ///< private, loopback, link-local, multicast ...: no `ip:` row inside that range covers it
        malformed_host,     ///< neither a name nor an address
    };
    Reason reason = Reason::no_row;
    const DomainRule* rule = nullptr;  ///< lives as long as the snapshot
    std::string host;                  ///< normal form that was looked up
    std::string_view special_range;    ///< with address_special: "loopback", "private" ...
    std::size_t steps = 0;             ///< table probes made
};

class Snapshot {
  public:
    /// Rows whose pattern cannot be compiled are left out and listed in `rejected()`: the database refuses them, so
    /// there are none unless somebody went round its triggers, and one such row must not take the others away.
    Snapshot(std::int64_t version, std::vector<DomainRule> rules);

    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    [[nodiscard]] Match find(std::string_view host) const;

    [[nodiscard]] std::int64_t version() const { return version_; }
    [[nodiscard]] std::size_t size() const { return rules_.size(); }
    [[nodiscard]] const std::vector<std::string>& rejected() const { return rejected_; }

  private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    using NameTable = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;
    struct AddressHash {
        std::size_t operator()(const Address& address) const;
    };
    /// One table per prefix length in use, longest first.
    using AddressTables = std::map<int, std::unordered_map<Address, std::uint32_t, AddressHash>, std::greater<>>;

    bool add(std::uint32_t index);
    bool add_network(std::string_view cidr, std::uint32_t index);
    [[nodiscard]] const DomainRule* best(const DomainRule* suffix, const DomainRule* wildcard) const;
    [[nodiscard]] const DomainRule* look_up(const NameTable& table, std::string_view key, std::size_t& steps) const;
    void find_address(const Address& address, Match& match) const;
    void find_name(Match& match) const;

    std::int64_t version_;
    std::vector<DomainRule> rules_;
    std::vector<std::string> rejected_;
    NameTable exact_;
    NameTable suffix_;    ///< by what follows the leading dot
    NameTable wildcard_;  ///< by what follows "*."; "" is `*`
    AddressTables v4_;
    AddressTables v6_;
};

}  // namespace isthmus::policy
