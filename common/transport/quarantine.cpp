#include "common/transport/quarantine.hpp"

#include <algorithm>

namespace isthmus::transport {

Quarantined Quarantine::state(const Entry& entry, std::uint64_t now_ms) {
    if (entry.asked_until_ms > now_ms) return Quarantined::asked;
    return entry.avoided_until_ms > now_ms ? Quarantined::avoided : Quarantined::no;
}

void Quarantine::put(const Peer& peer, Quarantined why, std::uint64_t now_ms, std::uint64_t duration_ms) {
    auto& shard = shard_of(peer);
    const std::lock_guard lock(shard.lock);
    if (shard.entries.size() >= shard_entries && shard.entries.count(peer) == 0) {
        const auto before = shard.entries.size();
        std::erase_if(shard.entries, [&](const auto& row) { return state(row.second, now_ms) == Quarantined::no; });
        held_.fetch_sub(before - shard.entries.size(), std::memory_order_relaxed);
        if (shard.entries.size() >= shard_entries) return;
    }
    const auto [entry, made] = shard.entries.try_emplace(peer);
    if (made) held_.fetch_add(1, std::memory_order_relaxed);
    // A time of its own for each reason: a Retry-After of a second must not last as long as an earlier silence.
    auto& until_ms = why == Quarantined::asked ? entry->second.asked_until_ms : entry->second.avoided_until_ms;
    until_ms = std::max(until_ms, now_ms + duration_ms);
}

Quarantined Quarantine::of(const Peer& peer, std::uint64_t now_ms) {
    if (held_.load(std::memory_order_relaxed) == 0) return Quarantined::no;
    auto& shard = shard_of(peer);
    const std::lock_guard lock(shard.lock);
    const auto found = shard.entries.find(peer);
    if (found == shard.entries.end()) return Quarantined::no;
    const auto now = state(found->second, now_ms);
    if (now != Quarantined::no) return now;
    shard.entries.erase(found);
    held_.fetch_sub(1, std::memory_order_relaxed);
    return Quarantined::no;
}

void Quarantine::answered(const Peer& peer) {
    if (held_.load(std::memory_order_relaxed) == 0) return;
    auto& shard = shard_of(peer);
    const std::lock_guard lock(shard.lock);
    const auto found = shard.entries.find(peer);
    if (found == shard.entries.end()) return;
    found->second.avoided_until_ms = 0;
    if (found->second.asked_until_ms != 0) return;
    shard.entries.erase(found);
    held_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace isthmus::transport
