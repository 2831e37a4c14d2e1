#include "scscf/session/target_set.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace isthmus::session {
namespace {

constexpr std::size_t most_branches = 10;  // ST-SES-10

/// Thousandths; absent or unreadable counts as 1.0.
int preference(const ims::Binding& binding) {
    if (binding.q.empty()) return 1000;
    char* end = nullptr;
    const double q = std::strtod(binding.q.c_str(), &end);
    if (end == binding.q.c_str() || q < 0 || q > 1) return 1000;
    return static_cast<int>(std::lround(q * 1000));
}

}  // namespace

std::vector<Contact> target_set(const std::vector<ims::Binding>& bindings, std::chrono::system_clock::time_point now,
                                const Disposition& wanted) {
    std::vector<Contact> targets;
    for (const auto& binding : bindings)
        if (binding.expires > now) targets.push_back({binding, 0});
    std::stable_sort(targets.begin(), targets.end(), [](const Contact& a, const Contact& b) {
        if (preference(a.binding) != preference(b.binding)) return preference(a.binding) > preference(b.binding);
        return a.binding.expires > b.binding.expires;
    });
    const auto most = wanted.fork ? most_branches : 1;
    if (targets.size() > most) targets.resize(most);
    for (std::size_t i = 1; i < targets.size(); ++i) {
        const bool same = wanted.order == Disposition::Order::parallel ||
                          (wanted.order == Disposition::Order::by_preference &&
                           preference(targets[i].binding) == preference(targets[i - 1].binding));
        targets[i].group = static_cast<std::uint16_t>(targets[i - 1].group + (same ? 0 : 1));
    }
    return targets;
}

}  // namespace isthmus::session
