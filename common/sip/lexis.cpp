#include "common/sip/lexis.hpp"

namespace isthmus::sip {

bool istarts_with(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

bool icontains(std::string_view text, std::string_view part) {
    for (std::size_t i = 0; i + part.size() <= text.size(); ++i) {
        if (iequals(text.substr(i, part.size()), part)) return true;
    }
    return false;
}

bool is_quoted_string(std::string_view text) {
    if (text.size() < 2 || text.front() != '"') return false;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            return i + 1 == text.size();
        }
    }
    return false;
}

std::string quote(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    result += '"';
    return result;
}

std::string unquote(std::string_view text) {
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
    std::string result;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] == '\\' && i + 2 < text.size()) ++i;
        result += text[i];
    }
    return result;
}

std::string token_or_quoted(std::string_view value) {
    return is_token_text(value) ? std::string(value) : quote(value);
}

std::vector<std::string_view> split_outside_quotes(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = find_outside(text, separator);
        const auto part = trim(text.substr(0, end));
        if (!part.empty()) parts.push_back(part);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return parts;
}

Param param_of(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return {trim(text), {}, false};
    return {trim(text.substr(0, equals)), trim(text.substr(equals + 1)), true};
}

}  // namespace isthmus::sip
