// HTTP Digest with MD5 as SIP uses it: qop none and auth (RFC 2617, RFC 7616, RFC 3261 22; SR-REG-06, SR-REG-08).
// The password is never here: everything starts from HA1, which the directory keeps (CX-42).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isthmus::sip {

/// 32 lower-case hex digits.
std::string md5_hex(std::string_view octets);
std::string digest_ha1(std::string_view username, std::string_view realm, std::string_view password);
/// Takes as long for unequal texts of one length as for equal ones.
bool constant_time_equal(std::string_view a, std::string_view b);

/// Authorization or Proxy-Authorization of scheme Digest.
struct DigestCredentials {
    std::string username;
    std::string realm;
    std::string nonce;
    std::string uri;  ///< as received; HA2 is made of it, never of the Request-URI (SR-REG-07)
    std::string response;
    std::string algorithm;  ///< empty: MD5
    std::string cnonce;
    std::string opaque;
    std::string qop;                                          ///< empty: the form of RFC 2069
    std::string nc;                                           ///< 8 hex digits as received
    std::vector<std::pair<std::string, std::string>> others;  ///< such as integrity-protected; quotes taken off

    /// Nothing for another scheme, or a parameter given twice, or text that is no parameter list.
    static std::optional<DigestCredentials> parse(std::string_view value);
    [[nodiscard]] std::optional<std::uint32_t> nonce_count() const;
    [[nodiscard]] std::optional<std::string_view> other(std::string_view name) const;
    /// False where we cannot compute it: another algorithm or qop, auth without cnonce or an nc of 8 hex digits.
    [[nodiscard]] bool computable() const;
    [[nodiscard]] std::string print() const;
};

/// WWW-Authenticate or Proxy-Authenticate.
struct DigestChallenge {
    std::string realm;
    std::string nonce;
    std::string opaque;
    std::string algorithm = "MD5";
    std::string qop = "auth";  ///< empty: none offered
    bool stale = false;

    static std::optional<DigestChallenge> parse(std::string_view value);
    [[nodiscard]] std::string print() const;
};

/// Authentication-Info of the 200 (SR-REG-08).
struct AuthenticationInfo {
    std::string nextnonce;
    std::string qop;
    std::string rspauth;
    std::string cnonce;
    std::string nc;

    [[nodiscard]] std::string print() const;
};

/// The `response` these credentials must carry; empty when not computable().
std::string digest_response(std::string_view ha1, const DigestCredentials& credentials, std::string_view method);
/// A2 is ":" and the uri (RFC 2617 3.2.3); empty when not computable().
std::string digest_rspauth(std::string_view ha1, const DigestCredentials& credentials);
bool digest_matches(std::string_view ha1, const DigestCredentials& credentials, std::string_view method);

}  // namespace isthmus::sip
