#include "common/sip/uri.hpp"

#include <sofia-sip/url.h>

#include <fmt/format.h>

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <utility>
#include <vector>

#include "common/sip/text.hpp"

namespace isthmus::sip {
namespace {

bool good_escapes(std::string_view text) {
    const auto hex = [](char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); };
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == '%' && (i + 2 >= text.size() || !hex(text[i + 1]) || !hex(text[i + 2]))) return false;
    return true;
}

std::string text_or_empty(const char* text) {
    return text != nullptr ? text : "";
}

Uri::Scheme scheme_of(const url_t& url) {
    switch (url.url_type) {
        case url_sip:
            return Uri::Scheme::sip;
        case url_sips:
            return Uri::Scheme::sips;
        case url_tel:
            return Uri::Scheme::tel;
        default:
            return iequals(url.url_scheme, "urn") ? Uri::Scheme::urn : Uri::Scheme::other;
    }
}

/// RFC 3261 25.1: neither parameters nor headers hold an '@', a user is never empty, a password holds no colon.
/// Sofia reads such text in ways that print as another URI.
bool good_userinfo(std::string_view behind_scheme) {
    const auto at = behind_scheme.find('@');
    if (at == std::string_view::npos) return true;
    const auto userinfo = behind_scheme.substr(0, at);
    const auto colon = userinfo.find(':');
    if (userinfo.empty() || colon == 0) return false;
    if (colon != std::string_view::npos && userinfo.find(':', colon + 1) != std::string_view::npos) return false;
    return behind_scheme.find('@', at + 1) == std::string_view::npos;
}

/// RFC 3986 3.1
bool good_scheme(std::string_view scheme) {
    constexpr std::string_view more = "+-.";
    const auto fits = [&](char c) { return is_alnum(c) || more.find(c) != std::string_view::npos; };
    return !scheme.empty() && is_alnum(scheme.front()) && !is_digit(scheme.front()) &&
           std::all_of(scheme.begin(), scheme.end(), fits);
}

/// RFC 3986 2: a URI is written in ASCII, everything else is escaped.
bool ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

/// RFC 3966 3: digits of both kinds and visual separators, at least one digit.
bool good_number(std::string_view behind_scheme) {
    constexpr std::string_view separators = "+-.()*#";
    const auto number = behind_scheme.substr(0, behind_scheme.find(';'));
    const auto digit = [](char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); };
    return std::all_of(number.begin(), number.end(),
                       [&](char c) { return digit(c) || separators.find(c) != std::string_view::npos; }) &&
           std::any_of(number.begin(), number.end(), [&](char c) { return digit(c) || c == '*' || c == '#'; });
}

/// A URI cut by Sofia; the pieces point into `buffer`.
struct SplitUri {
    boost::container::small_vector<char, 256> buffer;
    url_t url[1] = {};
    Uri::Scheme scheme = Uri::Scheme::other;
    std::uint16_t port = 0;

    bool take(std::string_view text) {
        static constexpr CharSet forbidden(std::string_view(" \t\r\n<>\"\0", 8));
        if (text.empty() || forbidden.any_in(text) || !ascii(text) || !good_escapes(text)) return false;
        buffer.assign(text.begin(), text.end());
        buffer.push_back('\0');
        if (url_d(url, buffer.data()) < 0 || url->url_scheme == nullptr) return false;
        scheme = scheme_of(*url);
        if (opaque()) return good_scheme(url->url_scheme);
        if (url->url_port != nullptr && *url->url_port != '\0') {
            const auto number = to_number<std::uint16_t>(url->url_port);
            if (!number) return false;
            port = *number;
        }
        if (scheme == Uri::Scheme::tel) return good_number(text.substr(text.find(':') + 1));
        return url->url_host != nullptr && *url->url_host != '\0' && good_userinfo(text.substr(text.find(':') + 1));
    }
    /// Nobody looks inside: no part of it is a host or a port.
    [[nodiscard]] bool opaque() const { return scheme == Uri::Scheme::urn || scheme == Uri::Scheme::other; }
};

bool unbalanced_quotes(std::string_view value) {
    bool quoted = false;
    for (auto i = value.find('"'); i < value.size(); ++i) {
        if (quoted && value[i] == '\\')
            ++i;
        else if (value[i] == '"')
            quoted = !quoted;
    }
    return quoted;
}

std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            int code = 0;
            std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16);
            // A character that separates stays escaped, or another identity would come out.
            if (code > 32 && code < 127 &&
                std::string_view("@:;?/<>\"%").find(static_cast<char>(code)) == std::string_view::npos) {
                out.push_back(static_cast<char>(code));
                i += 2;
                continue;
            }
        }
        out.push_back(text[i]);
    }
    return out;
}

std::string number_of(std::string_view user) {
    std::string out;
    for (char c : user.substr(0, user.find(';')))
        if (std::string_view("-.()").find(c) == std::string_view::npos) out.push_back(lower(c));
    return out;
}

/// Each parameter in lower case, in an order of its own (RFC 3966 5).
std::vector<std::string> sorted_params(std::string_view params) {
    std::vector<std::string> all;
    while (!params.empty()) {
        const auto end = params.find(';');
        all.push_back(to_lower(params.substr(0, end)));
        params = end == std::string_view::npos ? std::string_view{} : params.substr(end + 1);
    }
    std::sort(all.begin(), all.end());
    return all;
}

}  // namespace

std::optional<Uri> Uri::parse(std::string_view text) {
    SplitUri split;
    if (!split.take(text)) return std::nullopt;
    const url_t& url = *split.url;
    Uri uri;
    uri.scheme = split.scheme;
    uri.scheme_name = to_lower(url.url_scheme);
    if (split.opaque()) {  // EM-SES-05: urn:service:sos
        uri.user = text.substr(text.find(':') + 1);
        return uri;
    }
    if (uri.scheme == Scheme::tel) {  // Sofia takes a '#' for the mark of a fragment, and the number for a host
        const auto number = text.substr(text.find(':') + 1);
        const auto semicolon = number.find(';');
        uri.user = number.substr(0, semicolon);
        if (semicolon != std::string_view::npos) uri.params = number.substr(semicolon + 1);
        return uri;
    }
    uri.user = text_or_empty(url.url_user);
    uri.password = text_or_empty(url.url_password);
    uri.host = to_lower(text_or_empty(url.url_host));
    uri.port = split.port;
    uri.params = text_or_empty(url.url_params);
    uri.headers = text_or_empty(url.url_headers);
    return uri;
}

bool is_uri(std::string_view text) {
    SplitUri split;
    return split.take(text);
}

std::optional<std::string_view> Uri::param(std::string_view name) const {
    return find_param(params, name);
}

bool Uri::demands_tls() const {
    return scheme == Scheme::sips || (scheme == Scheme::sip && iequals(param("transport").value_or(""), "tls"));
}

std::string Uri::print() const {
    std::string out = scheme_name + ":";
    if (!user.empty()) out += user;
    if (!password.empty()) out += ":" + password;
    if (scheme != Scheme::tel && !user.empty() && !host.empty()) out += "@";
    out += host;
    if (port != 0) out += fmt::format(":{}", port);
    if (!params.empty()) out += ";" + params;
    if (!headers.empty()) out += "?" + headers;
    return out;
}

std::string Uri::canonical_identity() const {
    if (scheme == Scheme::tel) return "tel:" + number_of(user);
    std::string bare_host = host;
    while (bare_host.size() > 1 && bare_host.back() == '.') bare_host.pop_back();
    if (!is_sip()) return print();
    return user.empty() ? "sip:" + bare_host : "sip:" + unescaped(user) + "@" + bare_host;
}

bool equivalent(const Uri& a, const Uri& b) {
    if (a.scheme != b.scheme) return false;
    if (a.scheme == Uri::Scheme::tel)
        return number_of(a.user) == number_of(b.user) && sorted_params(a.params) == sorted_params(b.params);
    if (!a.is_sip()) return a.print() == b.print();
    std::string left = a.print();
    std::string right = b.print();
    url_t x[1] = {};
    url_t y[1] = {};
    return url_d(x, left.data()) == 0 && url_d(y, right.data()) == 0 && url_cmp_all(x, y) == 0;
}

std::optional<NameAddrView> NameAddrView::parse(std::string_view value) {
    value = trim(value);
    if (unbalanced_quotes(value)) return std::nullopt;
    NameAddrView out;
    const auto bracket = find_outside(value, '<');
    if (bracket == std::string_view::npos) {
        const auto semicolon = find_outside(value, ';');
        out.uri = trim(value.substr(0, semicolon));
        if (out.uri.find('?') != std::string_view::npos) return std::nullopt;  // RFC 3261 20: brackets are needed
        if (semicolon != std::string_view::npos) out.params = value.substr(semicolon + 1);
        return out;
    }
    const auto close = value.find('>', bracket);
    if (close == std::string_view::npos) return std::nullopt;
    out.display = trim(value.substr(0, bracket));
    out.uri = value.substr(bracket + 1, close - bracket - 1);
    const auto rest = trim(value.substr(close + 1));
    if (rest.empty()) return out;
    if (rest.front() != ';') return std::nullopt;
    out.params = rest.substr(1);
    return out;
}

std::optional<NameAddr> NameAddr::parse(std::string_view value) {
    const auto parts = NameAddrView::parse(value);
    if (!parts) return std::nullopt;
    auto uri = Uri::parse(parts->uri);
    if (!uri) return std::nullopt;
    return NameAddr{std::string(parts->display), std::move(*uri), std::string(parts->params)};
}

std::optional<std::string_view> NameAddr::param(std::string_view name) const {
    return find_param(params, name);
}

std::optional<std::string_view> find_param(std::string_view params, std::string_view name) {
    while (!params.empty()) {
        const auto end = find_outside(params, ';');
        const auto param = trim(params.substr(0, end));
        const auto equal = param.find('=');
        if (iequals(trim(param.substr(0, equal)), name)) {
            if (equal == std::string_view::npos) return std::string_view{};
            auto value = trim(param.substr(equal + 1));
            if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
                value = value.substr(1, value.size() - 2);
            return value;
        }
        params = end == std::string_view::npos ? std::string_view{} : params.substr(end + 1);
    }
    return std::nullopt;
}

}  // namespace isthmus::sip
