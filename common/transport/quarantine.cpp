#include "common/transport/quarantine.hpp"

#include <algorithm>

namespace isthmus::transport {

void Quarantine::put(const Peer& peer, Quarantined why, std::uint64_t now_ms, std::uint64_t duration_ms) {
    const Key key{peer.protocol, peer.address};
    auto& shard = shards_[shard_of(key)];
    const std::lock_guard lock(shard.lock);
    if (shard.entries.size() >= shard_entries && shard.entries.count(key) == 0) {
        const auto before = shard.entries.size();
        std::erase_if(shard.entries, [&](const auto& row) { return row.second.until_ms <= now_ms; });
        held_.fetch_sub(before - shard.entries.size(), std::memory_order_relaxed);
        if (shard.entries.size() >= shard_entries) return;
    }
    const auto [entry, made] = shard.entries.try_emplace(key);
    if (made) held_.fetch_add(1, std::memory_order_relaxed);
    entry->second = {std::max(entry->second.until_ms, now_ms + duration_ms), why};
}

Quarantined Quarantine::of(const Peer& peer, std::uint64_t now_ms) {
    if (held_.load(std::memory_order_relaxed) == 0) return Quarantined::no;
    const Key key{peer.protocol, peer.address};
    auto& shard = shards_[shard_of(key)];
    const std::lock_guard lock(shard.lock);
    const auto found = shard.entries.find(key);
    if (found == shard.entries.end()) return Quarantined::no;
    if (found->second.until_ms > now_ms) return found->second.why;
    shard.entries.erase(found);
    held_.fetch_sub(1, std::memory_order_relaxed);
    return Quarantined::no;
}

void Quarantine::answered(const Peer& peer) {
    if (held_.load(std::memory_order_relaxed) == 0) return;
    const Key key{peer.protocol, peer.address};
    auto& shard = shards_[shard_of(key)];
    const std::lock_guard lock(shard.lock);
    const auto found = shard.entries.find(key);
    if (found == shard.entries.end() || found->second.why != Quarantined::avoided) return;
    shard.entries.erase(found);
    held_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace isthmus::transport
