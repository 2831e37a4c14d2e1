#include "icscf/location_cache.hpp"

#include <algorithm>

namespace isthmus::icscf {

void LocationCache::put(const std::string& public_identity, const std::string& server_name, std::uint64_t now_ms,
                        std::uint64_t life_ms) {
    const std::lock_guard lock(lock_);
    if (const auto old = index_.find(public_identity); old != index_.end()) {
        entries_.erase(old->second);
        index_.erase(old);
    }
    while (!entries_.empty() && entries_.size() >= capacity_) {
        index_.erase(entries_.back().identity);
        entries_.pop_back();
    }
    if (capacity_ == 0) return;
    entries_.push_front({public_identity, server_name, now_ms + std::min(life_ms, longest_life_ms)});
    index_[public_identity] = entries_.begin();
}

void LocationCache::remove(const std::string& public_identity) {
    const std::lock_guard lock(lock_);
    const auto found = index_.find(public_identity);
    if (found == index_.end()) return;
    entries_.erase(found->second);
    index_.erase(found);
}

std::optional<std::string> LocationCache::find(const std::string& public_identity, std::uint64_t now_ms) {
    const std::lock_guard lock(lock_);
    const auto found = index_.find(public_identity);
    if (found == index_.end() || found->second->until_ms <= now_ms) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->server_name;
}

std::size_t LocationCache::size() const {
    const std::lock_guard lock(lock_);
    return entries_.size();
}

}  // namespace isthmus::icscf
