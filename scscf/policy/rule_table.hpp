// Policy rows by what they match, for look-up by hash (IW-RTE-02). Immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scscf/policy/address.hpp"
#include "scscf/policy/model.hpp"

namespace isthmus::policy {

/// A host in the form in which it is compared: lower case, no trailing dot.
std::string normal_host(std::string_view host);
/// Whether a host in normal form is a name, and not what some resolvers would read as an address.
bool is_domain_name(std::string_view name);

class RuleTable {
  public:
    enum class Kind : std::uint8_t {
        exact,     ///< `example.net`
        suffix,    ///< `.example.net`, by what follows the dot
        wildcard,  ///< `*.net`, by what follows the dot; "" is `*`
    };

    /// Rows whose pattern cannot be compiled are left out and listed in `rejected()`: the database refuses them, so
    /// there are none unless somebody went round its triggers, and one such row must not take the others away.
    explicit RuleTable(std::vector<DomainRule> rules);

    RuleTable(const RuleTable&) = delete;
    RuleTable& operator=(const RuleTable&) = delete;

    [[nodiscard]] const DomainRule* find(Kind kind, std::string_view domain) const;
    /// The row of exactly this network; `address` is masked.
    [[nodiscard]] const DomainRule* find(const Address& address, int prefix) const;
    /// Prefix lengths in use, longest first.
    [[nodiscard]] const std::set<int, std::greater<>>& prefixes(bool v6) const { return v6 ? prefixes6_ : prefixes4_; }

    [[nodiscard]] const std::vector<DomainRule>& rules() const { return rules_; }
    [[nodiscard]] const std::vector<std::string>& rejected() const { return rejected_; }

  private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    using NameTable = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;
    struct NetworkKey {
        Address address;
        int prefix = 0;
        friend bool operator==(const NetworkKey&, const NetworkKey&) = default;
    };
    struct NetworkHash {
        std::size_t operator()(const NetworkKey& key) const;
    };

    bool add(std::uint32_t index);
    bool add_network(std::string_view cidr, std::uint32_t index);

    std::vector<DomainRule> rules_;
    std::vector<std::string> rejected_;
    NameTable exact_;
    NameTable suffix_;
    NameTable wildcard_;
    std::unordered_map<NetworkKey, std::uint32_t, NetworkHash> networks_;
    std::set<int, std::greater<>> prefixes4_;
    std::set<int, std::greater<>> prefixes6_;
};

}  // namespace isthmus::policy
