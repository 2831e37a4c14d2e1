#include "common/transport/dns_cache.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <unordered_map>

namespace isthmus::transport {
namespace {

struct View {
    RecordType type;
    std::string_view name;
};

std::size_t hash_of(RecordType type, std::string_view name) {
    return std::hash<std::string_view>{}(name)*31 + static_cast<std::size_t>(type);
}

struct Key {
    RecordType type;
    std::string name;
};

struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(const Key& key) const { return hash_of(key.type, key.name); }
    std::size_t operator()(const View& view) const { return hash_of(view.type, view.name); }
};

struct KeyEqual {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
        return a.type == b.type && std::string_view(a.name) == std::string_view(b.name);
    }
};

struct Entry {
    AnswerPtr answer;
    std::uint64_t until_ms = 0;
};

}  // namespace

std::uint32_t believed_s(const DnsAnswer& answer) {
    switch (answer.outcome) {
        case DnsAnswer::Outcome::found:
            return std::clamp(answer.ttl_s, 1U, longest_ttl_s);
        case DnsAnswer::Outcome::no_data:
        case DnsAnswer::Outcome::no_name:
            return std::clamp(answer.ttl_s, 1U, longest_negative_ttl_s);
        case DnsAnswer::Outcome::timed_out:
        case DnsAnswer::Outcome::failed:
            break;
    }
    return failure_ttl_s;
}

struct DnsCache::Shard {
    mutable std::mutex lock;
    std::unordered_map<Key, Entry, KeyHash, KeyEqual> entries;
    std::vector<const Key*> ring;  // in the order of storing; the next place holds the oldest
    std::size_t next = 0;
    mutable Counts counts;
};

DnsCache::DnsCache(std::size_t entries) : shards_(std::make_unique<Shard[]>(shards)) {
    const auto each = std::max<std::size_t>(1, (entries + shards - 1) / shards);
    for (std::size_t i = 0; i < shards; ++i) shards_[i].ring.assign(each, nullptr);
}

DnsCache::~DnsCache() = default;

DnsCache::Shard& DnsCache::shard_of(std::size_t hash) const {
    return shards_[(hash >> 7) % shards];
}

AnswerPtr DnsCache::find(RecordType type, std::string_view name, std::uint64_t now_ms) const {
    const auto& shard = shard_of(hash_of(type, name));
    const std::lock_guard lock(shard.lock);
    const auto found = shard.entries.find(View{type, name});
    if (found == shard.entries.end() || found->second.until_ms <= now_ms) {
        ++shard.counts.misses;
        return nullptr;
    }
    ++shard.counts.hits;
    return found->second.answer;
}

void DnsCache::store(const Question& question, AnswerPtr answer, std::uint64_t now_ms) {
    const std::string_view name(question.name.data(), question.name.size());
    const auto until_ms = now_ms + believed_s(*answer) * 1000ULL;
    const Entry entry{std::move(answer), until_ms};
    auto& shard = shard_of(hash_of(question.type, name));
    const std::lock_guard lock(shard.lock);
    if (const auto found = shard.entries.find(View{question.type, name}); found != shard.entries.end()) {
        found->second = entry;
        return;
    }
    auto& place = shard.ring[shard.next];
    if (place != nullptr) shard.entries.erase(shard.entries.find(*place));
    place = &shard.entries.emplace(Key{question.type, std::string(name)}, entry).first->first;
    shard.next = (shard.next + 1) % shard.ring.size();
}

std::size_t DnsCache::size() const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < shards; ++i) {
        const std::lock_guard lock(shards_[i].lock);
        sum += shards_[i].entries.size();
    }
    return sum;
}

DnsCache::Counts DnsCache::counts() const {
    Counts sum;
    for (std::size_t i = 0; i < shards; ++i) {
        const std::lock_guard lock(shards_[i].lock);
        sum.hits += shards_[i].counts.hits;
        sum.misses += shards_[i].counts.misses;
    }
    return sum;
}

}  // namespace isthmus::transport
