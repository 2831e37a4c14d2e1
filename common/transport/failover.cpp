#include "common/transport/failover.hpp"

#include <algorithm>

namespace isthmus::transport {

namespace {
constexpr std::uint32_t usual_s = 30;
constexpr std::uint32_t longest_s = 300;
}  // namespace

QuarantineOrder quarantine_after(TargetEnd end, std::optional<std::uint32_t> retry_after_s) {
    if (end != TargetEnd::overloaded || !retry_after_s) return {Quarantined::avoided, usual_s * 1000ULL};
    return {Quarantined::asked, std::min(*retry_after_s, longest_s) * 1000ULL};
}

void respect_quarantine(Located& located, const std::array<Quarantined, max_located>& standing, bool urgent) {
    decltype(located.targets) ordered;
    for (const auto wanted : {Quarantined::no, Quarantined::avoided, Quarantined::asked}) {
        if (wanted == Quarantined::asked && !urgent) break;
        for (std::size_t i = 0; i < located.targets.size(); ++i)
            if (standing[i] == wanted) ordered.push_back(std::move(located.targets[i]));
    }
    located.targets = std::move(ordered);
}

bool Failover::next_after(TargetEnd end, std::uint64_t now_ms, bool cancelled) {
    silence_ = silence_ || end == TargetEnd::silent;
    if (cancelled || !more() || now_ms >= deadline_ms_) return false;
    ++current_;
    return true;
}

LocationVerdict verdict(LocationFailure failure) {
    switch (failure) {
        case LocationFailure::no_such_domain:
            return {404, "IW-RTE-08"};
        case LocationFailure::not_secure:
            return {480, "IW-RTE-06"};
        case LocationFailure::not_supported:
            return {500, "IW-RTE-04"};
        case LocationFailure::none:
        case LocationFailure::no_address:
        case LocationFailure::not_offered:
        case LocationFailure::dns_timed_out:
        case LocationFailure::dns_failed:
            break;
    }
    return {504, "IW-RTE-08"};
}

}  // namespace isthmus::transport
