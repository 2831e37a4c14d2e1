// Who is registered here: the table that every worker reads and the owners of registrations publish to
// (architecture section 3). A look-up copies a pointer; nothing found in it ever changes.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ims/profile.hpp"

namespace isthmus::scscf {

/// An implicit registration set with its live contacts.
struct Registration {
    ims::Profile profile;
    std::vector<ims::Binding> bindings;
};
using Registered = std::shared_ptr<const Registration>;

class RegistrationTable {
  public:
    /// By any public identity of the set, canonical; null when nobody is registered under it.
    [[nodiscard]] Registered find(const std::string& public_identity) const;
    [[nodiscard]] Registered find(std::int64_t set_id) const;

    /// The contacts of one private identity are now these; those of others stay. The set goes when none is left.
    void publish(const ims::Profile& profile, const std::string& private_identity, std::vector<ims::Binding> bindings);
    /// Every set with the generation it is held by, for SR-REG-56.
    [[nodiscard]] std::vector<std::pair<std::int64_t, std::int64_t>> held() const;
    [[nodiscard]] std::size_t size() const { return sets_.load(std::memory_order_relaxed); }

  private:
    static constexpr std::size_t shards = 64;
    struct Shard {
        mutable std::shared_mutex lock;
        std::unordered_map<std::string, Registered> by_identity;
        std::unordered_map<std::int64_t, Registered> by_set;
    };
    [[nodiscard]] const Shard& shard(const std::string& identity) const;
    [[nodiscard]] const Shard& shard(std::int64_t set_id) const;
    Shard& shard(const std::string& identity);
    Shard& shard(std::int64_t set_id);

    std::array<Shard, shards> shards_;
    std::array<std::mutex, shards> publishing_;  ///< by set: two private identities of one set change it in turn
    std::atomic<std::size_t> sets_ = 0;
};

}  // namespace isthmus::scscf
