#include "icscf/scscf_selection.hpp"

#include <algorithm>
#include <tuple>

namespace isthmus::icscf {
namespace {

bool has(const subscriber::ServerEntry& server, std::uint32_t capability) {
    return std::find(server.capabilities.begin(), server.capabilities.end(), capability) != server.capabilities.end();
}

}  // namespace

std::optional<std::string> select_scscf(const std::vector<subscriber::ServerEntry>& servers,
                                        const subscriber::ServerCapabilities& wanted, std::uint64_t draw) {
    using Rank = std::tuple<long, int>;  // smaller is better
    std::optional<Rank> best;
    std::vector<const subscriber::ServerEntry*> equals;
    std::uint64_t weight = 0;
    for (const auto& server : servers) {
        if (!std::all_of(wanted.mandatory.begin(), wanted.mandatory.end(), [&](auto c) { return has(server, c); }))
            continue;
        const auto optional =
            std::count_if(wanted.optional.begin(), wanted.optional.end(), [&](auto c) { return has(server, c); });
        const Rank rank{-optional, server.priority};
        if (!best || rank < *best) {
            best = rank;
            equals.clear();
            weight = 0;
        }
        if (rank == *best) {
            equals.push_back(&server);
            weight += static_cast<std::uint64_t>(std::max(server.weight, 0));
        }
    }
    if (equals.empty()) return std::nullopt;
    if (weight == 0) return equals[draw % equals.size()]->name;
    auto left = draw % weight;
    for (const auto* server : equals) {
        const auto share = static_cast<std::uint64_t>(std::max(server->weight, 0));
        if (left < share) return server->name;
        left -= share;
    }
    return equals.back()->name;
}

}  // namespace isthmus::icscf
