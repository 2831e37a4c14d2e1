// IP literals of a Request-URI and the ranges that no general row opens (IW-RTE-02). Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace isthmus::policy {

/// IPv4 in the first four octets, IPv6 in all sixteen.
struct Address {
    std::array<std::uint8_t, 16> octets{};
    bool v6 = false;

    [[nodiscard]] int bits() const { return v6 ? 128 : 32; }
    /// The address with everything behind `prefix` bits zero.
    [[nodiscard]] Address masked(int prefix) const;
    friend bool operator==(const Address&, const Address&) = default;
};

/// `192.0.2.1`, `2001:db8::1` or `[2001:db8::1]`. An IPv4-mapped IPv6 address is the IPv4 address it maps.
std::optional<Address> parse_address(std::string_view text);

struct Network {
    Address address;
    int prefix = 0;
};

/// `10.0.0.0/8`, or an address alone. Bits behind the prefix must be zero.
std::optional<Network> parse_network(std::string_view text);

/// A range that only an `ip:` row inside it opens.
struct SpecialRange {
    std::string_view name;  ///< "loopback", "private", "link-local", "multicast" ...
    int prefix = 0;
};
std::optional<SpecialRange> special_range(const Address& address);

}  // namespace isthmus::policy
