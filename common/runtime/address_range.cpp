#include "common/runtime/address_range.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace isthmus::runtime {

namespace {

constexpr unsigned mapped_bits = 96;

std::optional<std::array<std::uint8_t, 16>> parse_address(std::string_view text, bool& is_v4) {
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
    const std::string copy(text);
    std::array<std::uint8_t, 16> bytes{};
    is_v4 = inet_pton(AF_INET, copy.c_str(), bytes.data() + 12) == 1;
    if (is_v4) {
        bytes[10] = bytes[11] = 0xff;
        return bytes;
    }
    if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return bytes;
    return std::nullopt;
}

}  // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
    const auto slash = text.find('/');
    bool is_v4 = false;
    const auto bytes = parse_address(text.substr(0, slash), is_v4);
    if (!bytes) return std::nullopt;
    AddressRange range;
    range.bytes_ = *bytes;
    if (slash == std::string_view::npos) return range;

    const auto digits = text.substr(slash + 1);
    unsigned prefix = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    const bool whole = error == std::errc{} && end == digits.data() + digits.size();
    if (!whole || prefix > (is_v4 ? 32U : 128U)) return std::nullopt;
    range.prefix_ = is_v4 ? prefix + mapped_bits : prefix;
    return range;
}

bool AddressRange::contains(std::string_view address) const {
    bool is_v4 = false;
    const auto bytes = parse_address(address, is_v4);
    if (!bytes) return false;
    const auto whole = prefix_ / 8;
    if (!std::equal(bytes_.begin(), bytes_.begin() + whole, bytes->begin())) return false;
    const auto rest = prefix_ % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
    return ((bytes_[whole] ^ (*bytes)[whole]) & mask) == 0;
}

std::vector<AddressRange> address_ranges(std::span<const std::string> texts) {
    std::vector<AddressRange> ranges;
    for (const auto& text : texts) {
        if (auto range = AddressRange::parse(text)) ranges.push_back(*range);
    }
    return ranges;
}

bool any_contains(std::span<const AddressRange> ranges, std::string_view address) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const AddressRange& range) { return range.contains(address); });
}

}  // namespace isthmus::runtime
