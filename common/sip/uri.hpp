// SIP, SIPS, tel and other URIs (RFC 3261 19.1, RFC 3966), parsed by Sofia's grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus::sip {

struct Uri {
    enum class Scheme : std::uint8_t { sip, sips, tel, urn, other };

    Scheme scheme = Scheme::sip;
    std::string scheme_name;  ///< lower case
    std::string user;         ///< as received (escapes kept); the number of a tel URI, all of a urn or other
    std::string password;
    std::string host;        ///< lower case; IPv6 references keep their brackets
    std::uint16_t port = 0;  ///< 0: none given
    std::string params;      ///< "transport=tcp;lr", without the leading semicolon
    std::string headers;     ///< what follows the question mark

    /// Nothing when the text is no URI. Escapes are checked, white space is refused.
    static std::optional<Uri> parse(std::string_view text);

    [[nodiscard]] std::optional<std::string_view> param(std::string_view name) const;
    [[nodiscard]] bool is_sip() const { return scheme == Scheme::sip || scheme == Scheme::sips; }
    /// RFC 3261 26.2.2: sips, or transport=tls. What it names is reached by TLS or not at all.
    [[nodiscard]] bool demands_tls() const;
    [[nodiscard]] std::string print() const;
    /// The identity it names: scheme, unescaped user, host; no port, no parameters (IR-REG-02, IC-SES-02).
    /// A tel URI loses its visual separators.
    [[nodiscard]] std::string canonical_identity() const;
};

/// Equality of RFC 3261 19.1.4.
bool equivalent(const Uri& a, const Uri& b);

/// True for what Uri::parse() takes, without making one.
bool is_uri(std::string_view text);

/// The three parts of a name-addr or addr-spec as they stand there; whether `uri` is one, is_uri() says.
struct NameAddrView {
    std::string_view display;
    std::string_view uri;
    std::string_view params;  ///< without the leading semicolon

    static std::optional<NameAddrView> parse(std::string_view value);
};

/// A name-addr or addr-spec with the header parameters behind it (From, To, Contact, Route, P-Asserted-Identity ...).
struct NameAddr {
    std::string display;
    Uri uri;
    std::string params;  ///< "tag=a;expires=60", without the leading semicolon

    static std::optional<NameAddr> parse(std::string_view value);
    [[nodiscard]] std::optional<std::string_view> param(std::string_view name) const;
};

/// Looks a parameter up in "a=b;c;d=\"e\""; names compare case-insensitively, quotes are taken off, a parameter
/// without value gives an empty view.
std::optional<std::string_view> find_param(std::string_view params, std::string_view name);

}  // namespace isthmus::sip
