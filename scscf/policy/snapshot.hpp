// The policy at one moment, compiled for look-up: immutable, shared by all workers, its cost independent of the number
// of rows (IW-RTE-02). A change is a small table over a big one, so that it costs little however many rows there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "scscf/policy/model.hpp"
#include "scscf/policy/rule_table.hpp"

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
    std::size_t steps = 0;             ///< places looked into
};

class Snapshot {
  public:
    Snapshot(std::int64_t version, std::vector<DomainRule> rules);

    [[nodiscard]] Match find(std::string_view host) const;

    /// The policy after some rows were written (anew or once more, by id) and some removed. Costs as much as all that
    /// changed since the last `merged()`.
    [[nodiscard]] Snapshot changed(std::int64_t version, std::vector<DomainRule> written,
                                   const std::vector<std::int64_t>& removed) const;
    /// The same policy as one table; costs as much as all rows.
    [[nodiscard]] Snapshot merged() const;
    /// Rows written or removed since then.
    [[nodiscard]] std::size_t pending() const { return hidden_.size(); }

    [[nodiscard]] std::int64_t version() const { return version_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Patterns that could not be compiled.
    [[nodiscard]] std::vector<std::string> rejected() const;

  private:
    using Tables = std::shared_ptr<const RuleTable>;

    Snapshot(std::int64_t version, Tables base, Tables delta, std::unordered_set<std::int64_t> hidden);

    [[nodiscard]] const DomainRule* visible(const DomainRule* in_delta, const DomainRule* in_base) const;
    [[nodiscard]] const DomainRule* look_up(RuleTable::Kind kind, std::string_view domain, std::size_t& steps) const;
    void find_address(const Address& address, Match& match) const;
    void find_name(Match& match) const;
    [[nodiscard]] std::vector<DomainRule> rules() const;

    std::int64_t version_;
    Tables base_;
    Tables delta_;                             ///< rows written since; they go before those of the base
    std::unordered_set<std::int64_t> hidden_;  ///< ids of rows written or removed since
    std::size_t size_ = 0;
};

}  // namespace isthmus::policy
