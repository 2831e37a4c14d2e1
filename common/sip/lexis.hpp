// Quoted strings and parameter lists (RFC 3261 25.1), shared by the header structs and the option tags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/sip/text.hpp"

namespace isthmus::sip {

bool istarts_with(std::string_view text, std::string_view prefix);
bool icontains(std::string_view text, std::string_view part);

/// A complete quoted string and nothing behind it.
bool is_quoted_string(std::string_view text);
/// `"text"` with backslash and quote escaped.
std::string quote(std::string_view text);
/// Takes quotes and escapes off; text without quotes is returned as it is.
std::string unquote(std::string_view text);
/// `value` as a token when it is one, else quoted.
std::string token_or_quoted(std::string_view value);

/// Cuts at `separator` outside quotes and angle brackets; parts are trimmed, empty parts left out.
std::vector<std::string_view> split_outside_quotes(std::string_view text, char separator);

/// One `name=value` or `name`; the value still has its quotes.
struct Param {
    std::string_view name;
    std::string_view value;
    bool has_value = false;
};
Param param_of(std::string_view text);

}  // namespace isthmus::sip
