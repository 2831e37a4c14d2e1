// HTTP Digest as SIP uses it: MD5, SHA-256 (RFC 7616, RFC 8760) and AKAv1-MD5 (RFC 3310); qop none and auth
// (RFC 2617, RFC 3261 22; SR-REG-05..08). Everything starts from HA1: the password stays with the directory (CX-42).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isthmus::sip {

/// What the `algorithm` parameter names. AKAv1-MD5 computes as MD5 does, with RES for a password (RFC 3310 3.3).
enum class DigestAlgorithm : std::uint8_t { md5, sha256, aka_v1_md5 };
/// An absent algorithm is MD5; nothing for one we do not compute.
std::optional<DigestAlgorithm> digest_algorithm(std::string_view name);
std::string_view name(DigestAlgorithm algorithm);

/// 32 and 64 lower-case hex digits.
std::string md5_hex(std::string_view octets);
std::string sha256_hex(std::string_view octets);
std::string digest_ha1(std::string_view username, std::string_view realm, std::string_view password,
                       DigestAlgorithm algorithm = DigestAlgorithm::md5);
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
    std::string ik;  ///< with AKA, between S-CSCF and P-CSCF only (SR-REG-05, PR-REG-20): 32 hex digits
    std::string ck;
    std::vector<std::pair<std::string, std::string>> others;  ///< such as domain; quotes taken off

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

/// The `response` these credentials must carry, by their own algorithm, which `ha1` must fit; empty when not
/// computable().
std::string digest_response(std::string_view ha1, const DigestCredentials& credentials, std::string_view method);
/// A2 is ":" and the uri (RFC 2617 3.2.3); empty when not computable().
std::string digest_rspauth(std::string_view ha1, const DigestCredentials& credentials);
bool digest_matches(std::string_view ha1, const DigestCredentials& credentials, std::string_view method);

}  // namespace isthmus::sip
