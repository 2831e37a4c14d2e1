#include "common/transport/silent_hops.hpp"

namespace isthmus::transport {

void SilentHops::put(std::string_view name, std::uint64_t now_ms) {
    const std::lock_guard lock(lock_);
    if (until_ms_.size() >= most) std::erase_if(until_ms_, [=](const auto& row) { return row.second <= now_ms; });
    if (until_ms_.size() >= most && until_ms_.find(name) == until_ms_.end()) return;
    until_ms_[std::string(name)] = now_ms + usual_ms;
    held_.store(until_ms_.size(), std::memory_order_relaxed);
}

bool SilentHops::is_silent(std::string_view name, std::uint64_t now_ms) {
    if (held_.load(std::memory_order_relaxed) == 0) return false;
    const std::lock_guard lock(lock_);
    const auto found = until_ms_.find(name);
    if (found == until_ms_.end()) return false;
    if (found->second > now_ms) return true;
    until_ms_.erase(found);
    held_.store(until_ms_.size(), std::memory_order_relaxed);
    return false;
}

void SilentHops::answered(std::string_view name) {
    if (held_.load(std::memory_order_relaxed) == 0) return;
    const std::lock_guard lock(lock_);
    const auto found = until_ms_.find(name);
    if (found != until_ms_.end()) until_ms_.erase(found);
    held_.store(until_ms_.size(), std::memory_order_relaxed);
}

}  // namespace isthmus::transport
