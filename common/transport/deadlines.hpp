// When a connection must have done something; the earliest counts. One timer serves them all: it is armed anew only for
// something earlier, and finds out at its end what is due.
#pragma once

#include <algorithm>
#include <cstdint>

namespace isthmus::transport {

struct Deadlines {
    static constexpr std::uint64_t never = UINT64_MAX;

    std::uint64_t setup = never;    ///< connected and, with TLS, shaken hands
    std::uint64_t message = never;  ///< the message begun is whole
    std::uint64_t pong = never;     ///< our ping is answered
    std::uint64_t ping = never;     ///< time for another ping
    std::uint64_t idle = never;     ///< nothing passed for too long

    [[nodiscard]] std::uint64_t earliest() const { return std::min({setup, message, pong, ping, idle}); }
};

}  // namespace isthmus::transport
