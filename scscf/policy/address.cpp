#include "scscf/policy/address.hpp"

#include <charconv>
#include <cstddef>

namespace isthmus::policy {
namespace {

std::optional<unsigned> number(std::string_view text, int base, unsigned limit) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size() || value > limit) return std::nullopt;
    return value;
}

bool parse_v4(std::string_view text, std::uint8_t* out) {
    for (int part = 0; part < 4; ++part) {
        const std::size_t dot = text.find('.');
        if ((dot == std::string_view::npos) != (part == 3)) return false;
        const std::string_view digits = text.substr(0, dot);
        // A leading zero means octal to some and decimal to others: no address for us.
        if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0')) return false;
        const auto value = number(digits, 10, 255);
        if (!value) return false;
        out[part] = static_cast<std::uint8_t>(*value);
        text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
    }
    return true;
}

/// Groups of one side of "::" into `out`; their octets, or -1.
int parse_groups(std::string_view text, std::array<std::uint8_t, 16>& out) {
    std::size_t used = 0;
    while (!text.empty()) {
        const std::size_t colon = text.find(':');
        const std::string_view group = text.substr(0, colon);
        if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
            if (used > 12 || !parse_v4(group, out.data() + used)) return -1;
            return static_cast<int>(used + 4);
        }
        const auto value = group.empty() || group.size() > 4 ? std::nullopt : number(group, 16, 0xffff);
        if (!value || used > 14) return -1;
        out[used++] = static_cast<std::uint8_t>(*value >> 8);
        out[used++] = static_cast<std::uint8_t>(*value & 0xff);
        if (colon == std::string_view::npos) return static_cast<int>(used);
        text.remove_prefix(colon + 1);
        if (text.empty()) return -1;  // ends in a single colon
    }
    return static_cast<int>(used);
}

std::optional<Address> parse_v6(std::string_view text) {
    Address address;
    address.v6 = true;
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) {
        return parse_groups(text, address.octets) == 16 ? std::optional{address} : std::nullopt;
    }
    std::array<std::uint8_t, 16> tail{};
    const std::string_view behind = text.substr(gap + 2);
    if (text.substr(0, gap).find('.') != std::string_view::npos) return std::nullopt;
    const int head = parse_groups(text.substr(0, gap), address.octets);
    const int rest = parse_groups(behind, tail);
    if (head < 0 || rest < 0 || head + rest > 14) return std::nullopt;
    const auto count = static_cast<std::size_t>(rest);
    for (std::size_t i = 0; i < count; ++i) address.octets[16 - count + i] = tail[i];
    return address;
}

constexpr int mapped_prefix = 96;  // ::ffff:0:0/96

bool is_mapped(const Address& address) {
    for (std::size_t i = 0; i < 10; ++i) {
        if (address.octets[i] != 0) return false;
    }
    return address.octets[10] == 0xff && address.octets[11] == 0xff;
}

Address unmapped(const Address& address) {
    Address v4;
    for (std::size_t i = 0; i < 4; ++i) v4.octets[i] = address.octets[12 + i];
    return v4;
}

struct RangeText {
    std::string_view network;
    std::string_view name;
};

// RFC 6890 and its successors, as far as a call has no business there.
constexpr RangeText ranges[] = {
    {"0.0.0.0/8", "this network"}, {"10.0.0.0/8", "private"},        {"100.64.0.0/10", "shared"},
    {"127.0.0.0/8", "loopback"},   {"169.254.0.0/16", "link-local"}, {"172.16.0.0/12", "private"},
    {"192.168.0.0/16", "private"}, {"224.0.0.0/4", "multicast"},     {"240.0.0.0/4", "reserved"},
    {"::/128", "unspecified"},     {"::1/128", "loopback"},          {"fc00::/7", "private"},
    {"fe80::/10", "link-local"},   {"fec0::/10", "private"},         {"ff00::/8", "multicast"},
};

}  // namespace

Address Address::masked(int prefix) const {
    Address result = *this;
    for (int bit = prefix; bit < 128; ++bit) {
        auto& octet = result.octets[static_cast<std::size_t>(bit / 8)];
        octet = static_cast<std::uint8_t>(octet & ~(0x80U >> (bit % 8)));
    }
    return result;
}

std::optional<Address> parse_address(std::string_view text) {
    const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    if (bracketed) text = text.substr(1, text.size() - 2);
    if (text.find(':') == std::string_view::npos) {
        Address address;
        return !bracketed && parse_v4(text, address.octets.data()) ? std::optional{address} : std::nullopt;
    }
    const auto address = parse_v6(text);
    return address && is_mapped(*address) ? unmapped(*address) : address;
}

std::optional<Network> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::nullopt;
    const bool was_mapped = !address->v6 && text.find(':') != std::string_view::npos;
    Network network{*address, address->bits()};
    if (slash != std::string_view::npos) {
        const auto prefix =
            number(text.substr(slash + 1), 10, was_mapped ? 128U : static_cast<unsigned>(network.prefix));
        if (!prefix || (was_mapped && *prefix < mapped_prefix)) return std::nullopt;
        network.prefix = static_cast<int>(*prefix) - (was_mapped ? mapped_prefix : 0);
    }
    if (network.address.masked(network.prefix) != network.address) return std::nullopt;
    return network;
}

std::optional<SpecialRange> special_range(const Address& address) {
    for (const RangeText& range : ranges) {
        const auto network = parse_network(range.network);
        if (network && network->address.v6 == address.v6 && address.masked(network->prefix) == network->address) {
            return SpecialRange{range.name, network->prefix};
        }
    }
    return std::nullopt;
}

}  // namespace isthmus::policy
