// Small ASCII helpers every parser of the room shares. SIP compares names without case and never by locale.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus::sip {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_alnum(char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}
/// A set of characters, asked for every octet of every message: one look into a table each.
class CharSet {
  public:
    constexpr explicit CharSet(std::string_view members) {
        for (char c : members) has_[static_cast<unsigned char>(c)] = true;
    }
    [[nodiscard]] constexpr bool has(char c) const { return has_[static_cast<unsigned char>(c)]; }
    [[nodiscard]] constexpr bool any_in(std::string_view text) const {
        for (char c : text)
            if (has(c)) return true;
        return false;
    }

  private:
    std::array<bool, 256> has_{};
};

/// RFC 3261 25.1 token
inline constexpr CharSet token_characters("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~");
constexpr bool is_token(char c) {
    return token_characters.has(c);
}

constexpr bool iequals(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

constexpr std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

constexpr bool is_token_text(std::string_view text) {
    if (text.empty()) return false;
    for (char c : text)
        if (!is_token(c)) return false;
    return true;
}

inline std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = lower(c);
    return out;
}

/// The whole text as a decimal number; nothing for signs, spaces, or what does not fit.
template <class Number>
std::optional<Number> to_number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty() || !is_digit(text.front()))
        return std::nullopt;
    return value;
}

/// Walks a value with quotes and angle brackets respected: the place of the first `wanted` that stands outside them,
/// from `start`; npos when there is none.
std::size_t find_outside(std::string_view value, char wanted, std::size_t start = 0);

}  // namespace isthmus::sip
