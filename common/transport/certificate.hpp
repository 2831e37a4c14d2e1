// Which SIP domains an X.509 certificate speaks for, and what is wrong with one, in words (RFC 5922 7).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;  // OpenSSL's X509

namespace isthmus::transport {

/// RFC 5922 7.1: the hosts of `sip:` URIs without user in subjectAltName; DNS names only if there is no such URI; the
/// common name only if there is no subjectAltName at all. Lower case.
std::vector<std::string> sip_identities(x509_st* certificate);

/// RFC 5922 7.2: the whole name, whatever its case; a wildcard names nobody. A numeric host must stand in
/// subjectAltName as an address.
bool names_domain(x509_st* certificate, std::string_view domain);

/// Why a handshake came to nothing; the few kinds a metric can show.
enum class TlsFault : std::uint8_t {
    expired,            ///< or not valid yet
    self_signed,        ///< by itself, or its chain ends in one we do not trust
    unknown_authority,  ///< no issuer we know
    wrong_name,         ///< RFC 5922: it does not name the domain
    unfit,              ///< any other fault of the peer's certificate
    not_accepted,       ///< the peer refused us, or ours
    no_tls,             ///< what the peer sent is no TLS
    too_slow,
    lost,  ///< the connection broke
};
std::string_view name(TlsFault fault);  ///< "expired", "self_signed", as in metrics

/// The kind of an X509_V_ERR_ code.
TlsFault fault_of_verification(int code);

}  // namespace isthmus::transport
