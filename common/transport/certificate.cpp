#include "common/transport/certificate.hpp"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "common/sip/text.hpp"
#include "common/sip/uri.hpp"
#include "common/transport/address.hpp"

namespace isthmus::transport {
namespace {

struct FreeNames {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
using Names = std::unique_ptr<GENERAL_NAMES, FreeNames>;

std::string_view text_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string normal(std::string_view name) {
    if (!name.empty() && name.back() == '.') name.remove_suffix(1);
    std::string out(name);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return sip::lower(c); });
    return out;
}

/// A NUL inside ends the name for some readers and not for others: such a name is nobody's.
bool is_clean(std::string_view name) {
    return !name.empty() && name.find('\0') == std::string_view::npos;
}

std::optional<std::string> domain_of_uri(std::string_view text) {
    if (!is_clean(text)) return std::nullopt;
    const auto uri = sip::Uri::parse(text);
    if (!uri || uri->scheme != sip::Uri::Scheme::sip || !uri->user.empty()) return std::nullopt;
    return normal(uri->host);
}

std::vector<std::string> common_names(x509_st* certificate) {
    std::vector<std::string> found;
    auto* subject = X509_get_subject_name(certificate);
    int at = -1;
    while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0) {
        const auto text = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        if (is_clean(text)) found.push_back(normal(text));
    }
    return found;
}

}  // namespace

std::vector<std::string> sip_identities(x509_st* certificate) {
    const Names names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    if (!names) {
        // Present but unreadable counts as present.
        if (X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) >= 0) return {};
        return common_names(certificate);
    }
    std::vector<std::string> uris;
    std::vector<std::string> hosts;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_URI) {
            if (auto domain = domain_of_uri(text_of(name->d.uniformResourceIdentifier)))
                uris.push_back(std::move(*domain));
        } else if (name->type == GEN_DNS && is_clean(text_of(name->d.dNSName))) {
            hosts.push_back(normal(text_of(name->d.dNSName)));
        }
    }
    return uris.empty() ? hosts : uris;
}

bool names_domain(x509_st* certificate, std::string_view domain) {
    if (const auto address = Address::parse(domain, 0))
        return X509_check_ip_asc(certificate, address->ip().c_str(), 0) == 1;
    const auto wanted = normal(domain);
    const auto names = sip_identities(certificate);
    return !wanted.empty() && wanted.front() != '*' && std::find(names.begin(), names.end(), wanted) != names.end();
}

std::string_view name(TlsFault fault) {
    switch (fault) {
        case TlsFault::expired:
            return "expired";
        case TlsFault::self_signed:
            return "self_signed";
        case TlsFault::unknown_authority:
            return "unknown_authority";
        case TlsFault::wrong_name:
            return "wrong_name";
        case TlsFault::unfit:
            return "unfit";
        case TlsFault::not_accepted:
            return "not_accepted";
        case TlsFault::no_tls:
            return "no_tls";
        case TlsFault::too_slow:
            return "too_slow";
        case TlsFault::lost:
            break;
    }
    return "lost";
}

TlsFault fault_of_verification(int code) {
    switch (code) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return TlsFault::expired;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return TlsFault::self_signed;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return TlsFault::unknown_authority;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return TlsFault::wrong_name;
        default:
            return TlsFault::unfit;
    }
}

}  // namespace isthmus::transport
