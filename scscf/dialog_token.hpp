// What the id of our tokens says about a dialog.
#pragma once

#include <cstdint>

namespace isthmus::scscf {

/// In a Record-Route token: the other end of the dialog is outside the trust domain, so its messages are filtered.
inline constexpr std::uint64_t outside_dialog = 1;

/// Which leg of a translated dialog a bridge token stands for; its lowest bit.
enum class Side : std::uint8_t { ue = 0, net = 1 };

constexpr std::uint64_t bridge_id(std::uint64_t call, Side side) {
    return call * 2 + static_cast<std::uint64_t>(side);
}
constexpr std::uint64_t call_of(std::uint64_t id) {
    return id / 2;
}
constexpr Side side_of(std::uint64_t id) {
    return id % 2 == 0 ? Side::ue : Side::net;
}
constexpr Side other(Side side) {
    return side == Side::ue ? Side::net : Side::ue;
}

}  // namespace isthmus::scscf
