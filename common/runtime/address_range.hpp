// A range of IP addresses in CIDR notation (RFC 4632): who is a trusted neighbour.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace isthmus::runtime {

class AddressRange {
  public:
    /// "10.0.0.0/8", "127.0.0.1", "[::1]", "2001:db8::/32". Nothing when it is no such text.
    static std::optional<AddressRange> parse(std::string_view text);

    /// `address` is a literal without a port; an IPv4-mapped IPv6 address counts as IPv4.
    [[nodiscard]] bool contains(std::string_view address) const;

  private:
    std::array<std::uint8_t, 16> bytes_{};  ///< IPv4 as ::ffff:a.b.c.d
    unsigned prefix_ = 128;                 ///< in bits of those 16 bytes
};

/// The texts must have passed the configuration's check; others are left out.
std::vector<AddressRange> address_ranges(std::span<const std::string> texts);
bool any_contains(std::span<const AddressRange> ranges, std::string_view address);

}  // namespace isthmus::runtime
