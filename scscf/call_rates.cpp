#include "scscf/call_rates.hpp"

#include <algorithm>
#include <functional>

namespace isthmus::scscf {

std::optional<CallRates::Refusal> CallRates::take(const policy::Decision& decision, std::string_view subscriber,
                                                  std::uint64_t now_ms) {
    const auto& row = decision.parameters;
    if (!decision.row || (row.calls_per_second == 0 && row.calls_per_second_and_subscriber == 0)) return std::nullopt;
    std::string key = std::to_string(decision.row->id);
    if (row.calls_per_second_and_subscriber != 0) {
        const auto wait = refuse(key + " " + std::string(subscriber), row.calls_per_second_and_subscriber, now_ms);
        if (wait) return Refusal{"subscriber", *wait};
    }
    if (row.calls_per_second != 0) {
        if (const auto wait = refuse(key, row.calls_per_second, now_ms)) return Refusal{"destination", *wait};
    }
    return std::nullopt;
}

std::optional<std::uint32_t> CallRates::refuse(const std::string& key, std::uint32_t per_second, std::uint64_t now_ms) {
    auto& shard = shards_[std::hash<std::string>{}(key) % shards_.size()];
    const std::lock_guard lock(shard.mutex);
    // What is idle says nothing: the table is bounded by the calls of the last second.
    if (shard.rates.size() >= shard.sweep_at) {
        for (auto rate = shard.rates.begin(); rate != shard.rates.end();)
            rate = rate->second.idle(now_ms) ? shard.rates.erase(rate) : std::next(rate);
        shard.sweep_at = std::max<std::size_t>(1024, shard.rates.size() * 2);
    }
    auto& rate = shard.rates[key];
    if (rate.take(per_second, now_ms)) return std::nullopt;
    return rate.retry_after_s(per_second, now_ms);
}

std::size_t CallRates::size() const {
    std::size_t all = 0;
    for (const auto& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        all += shard.rates.size();
    }
    return all;
}

}  // namespace isthmus::scscf
