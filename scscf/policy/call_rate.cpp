#include "scscf/policy/call_rate.hpp"

#include <algorithm>

namespace isthmus::policy {

namespace {
constexpr std::uint64_t second_us = 1'000'000;
}

bool CallRate::take(std::uint32_t per_second, std::uint64_t now_ms) {
    const auto now_us = now_ms * 1000;
    const auto due = std::max(due_us_, now_us) + second_us / per_second;
    if (due > now_us + second_us) return false;
    due_us_ = due;
    return true;
}

std::uint32_t CallRate::retry_after_s(std::uint32_t per_second, std::uint64_t now_ms) const {
    const auto free_at = std::max(due_us_, now_ms * 1000) + second_us / per_second;
    const auto early = now_ms * 1000 + second_us;
    if (free_at <= early) return 1;
    return static_cast<std::uint32_t>((free_at - early + second_us - 1) / second_us);
}

}  // namespace isthmus::policy
