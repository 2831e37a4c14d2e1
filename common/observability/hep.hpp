// HEP version 3: a SIP message with where and when it was seen, as sngrep and Homer read it (HEP3 rev. 12).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus::observability {

struct HepAddress {
    std::array<std::uint8_t, 16> octets{};  ///< an IPv4 address stands in the first four
    std::uint16_t port = 0;
    bool v6 = false;
};

struct HepPacket {
    std::chrono::system_clock::time_point time;
    HepAddress source;
    HepAddress destination;
    bool tcp = false;
    std::uint32_t capture_id = 0;  ///< tells nodes apart
    std::string_view call_id;      ///< correlation; empty: none
    std::string_view payload;
};

/// Nothing when it would not fit into one datagram.
std::optional<std::string> encode(const HepPacket& packet);

}  // namespace isthmus::observability
