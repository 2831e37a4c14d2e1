#include "common/runtime/session_keys.hpp"

#include <algorithm>

#include "common/sip/header_id.hpp"
#include "common/sip/text.hpp"

namespace isthmus::runtime {
namespace {

constexpr std::string_view blank = " \t\r\n";

bool is_401(std::string_view octets) {
    const auto start = octets.find_first_not_of("\r\n");
    if (start == std::string_view::npos || sip::lower(octets[start]) != 's') return false;
    const auto line = octets.substr(start, octets.find('\n', start) - start);
    const auto space = line.find_first_of(" \t");
    if (space == std::string_view::npos || line.substr(0, space).find('/') == std::string_view::npos) return false;
    const auto status = line.find_first_not_of(" \t", space);
    return status != std::string_view::npos && line.substr(status, 3) == "401";
}

/// Where the header that begins at `at` ends, folded lines included.
std::size_t end_of_header(std::string_view octets, std::size_t at) {
    for (auto newline = octets.find('\n', at); newline != std::string_view::npos;
         newline = octets.find('\n', newline + 1)) {
        const auto next = newline + 1;
        if (next >= octets.size() || (octets[next] != ' ' && octets[next] != '\t')) return next;
    }
    return octets.size();
}

/// Overwrites what stands at `at`, a quoted string or a token; line ends stay, so that the message stays one.
void hide_value(std::string& text, std::size_t at, std::size_t end) {
    const bool quoted = at < end && text[at] == '"';
    if (quoted) ++at;
    for (; at < end; ++at) {
        if (quoted ? text[at] == '"' : text[at] == ',' || blank.find(text[at]) != std::string_view::npos) return;
        if (text[at] != '\r' && text[at] != '\n') text[at] = 'x';
    }
}

bool is_word(char c) {
    return c == '-' || c == '_' || sip::is_digit(c) || (sip::lower(c) >= 'a' && sip::lower(c) <= 'z');
}

/// Quotes are not looked at: a challenge whose quotes do not match must not show its keys either.
bool hide_keys(std::string& text, std::size_t begin, std::size_t end) {
    bool found = false;
    for (auto at = begin + 1; at + 2 < end; ++at) {
        const char first = sip::lower(text[at]);
        if ((first != 'i' && first != 'c') || sip::lower(text[at + 1]) != 'k' || is_word(text[at - 1])) continue;
        auto value = std::min(text.find_first_not_of(blank, at + 2), end);
        if (value == end || text[value] != '=') continue;
        value = std::min(text.find_first_not_of(blank, value + 1), end);
        hide_value(text, value, end);
        found = true;
    }
    return found;
}

}  // namespace

std::optional<std::string> without_session_keys(std::string_view octets) {
    if (!is_401(octets)) return std::nullopt;
    std::string text(octets);
    bool found = false;
    for (auto at = end_of_header(octets, octets.find_first_not_of("\r\n")); at < text.size();) {
        const auto end = end_of_header(octets, at);
        const auto header = octets.substr(at, end - at);
        if (sip::trim(header).empty()) break;  // the body
        const auto colon = std::min(header.find(':'), header.size());
        const auto id = sip::header_id(sip::trim(header.substr(0, colon)));
        if (id == sip::HeaderId::www_authenticate || id == sip::HeaderId::proxy_authenticate)
            found = hide_keys(text, at + colon, end) || found;
        at = end;
    }
    if (!found) return std::nullopt;
    return text;
}

}  // namespace isthmus::runtime
