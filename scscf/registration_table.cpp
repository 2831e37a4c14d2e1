#include "scscf/registration_table.hpp"

#include <algorithm>
#include <functional>

namespace isthmus::scscf {

const RegistrationTable::Shard& RegistrationTable::shard(const std::string& identity) const {
    return shards_.at(std::hash<std::string>{}(identity) % shards);
}
const RegistrationTable::Shard& RegistrationTable::shard(std::int64_t set_id) const {
    return shards_.at(static_cast<std::size_t>(set_id) % shards);
}
RegistrationTable::Shard& RegistrationTable::shard(const std::string& identity) {
    return shards_.at(std::hash<std::string>{}(identity) % shards);
}
RegistrationTable::Shard& RegistrationTable::shard(std::int64_t set_id) {
    return shards_.at(static_cast<std::size_t>(set_id) % shards);
}

Registered RegistrationTable::find(const std::string& public_identity) const {
    const auto& part = shard(public_identity);
    const std::shared_lock lock(part.lock);
    const auto found = part.by_identity.find(public_identity);
    return found == part.by_identity.end() ? nullptr : found->second;
}

Registered RegistrationTable::find(std::int64_t set_id) const {
    const auto& part = shard(set_id);
    const std::shared_lock lock(part.lock);
    const auto found = part.by_set.find(set_id);
    return found == part.by_set.end() ? nullptr : found->second;
}

std::vector<std::pair<std::int64_t, std::int64_t>> RegistrationTable::held() const {
    std::vector<std::pair<std::int64_t, std::int64_t>> sets;
    for (const auto& part : shards_) {
        const std::shared_lock lock(part.lock);
        for (const auto& [set, registration] : part.by_set) sets.emplace_back(set, registration->profile.generation);
    }
    return sets;
}

void RegistrationTable::publish(const ims::Profile& profile, const std::string& private_identity,
                                std::vector<ims::Binding> bindings) {
    const std::lock_guard turn(publishing_.at(static_cast<std::size_t>(profile.set_id) % shards));
    const auto old = find(profile.set_id);
    auto fresh = std::make_shared<Registration>();
    fresh->profile = profile;
    if (old)
        std::copy_if(old->bindings.begin(), old->bindings.end(), std::back_inserter(fresh->bindings),
                     [&](const ims::Binding& binding) { return binding.private_identity != private_identity; });
    std::move(bindings.begin(), bindings.end(), std::back_inserter(fresh->bindings));
    const bool gone = fresh->bindings.empty();
    const auto put = [&](auto& table, const auto& key) {
        if (gone)
            table.erase(key);
        else
            table[key] = fresh;
    };
    {
        auto& part = shard(profile.set_id);
        const std::unique_lock lock(part.lock);
        put(part.by_set, profile.set_id);
    }
    for (const auto& identity : profile.identities) {
        auto& part = shard(identity.uri);
        const std::unique_lock lock(part.lock);
        put(part.by_identity, identity.uri);
    }
    if (gone && old) sets_.fetch_sub(1, std::memory_order_relaxed);
    if (!gone && !old) sets_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace isthmus::scscf
