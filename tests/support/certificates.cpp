#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <unistd.h>

#include <stdexcept>

namespace isthmus::support {
namespace {

constexpr long seconds_a_day = 86'400;

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    require(extension != nullptr, "X509V3_EXT_conf_nid");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

template <class Write>
void write_file(const std::string& path, Write write) {
    // Replaced at once, as those who renew certificates do.
    const auto fresh = path + ".new";
    FILE* file = std::fopen(fresh.c_str(), "w");
    require(file != nullptr, "cannot write a certificate");
    const bool good = write(file) == 1;
    std::fclose(file);
    require(good, "PEM_write");
    std::filesystem::rename(fresh, path);
}

}  // namespace

Authority::Authority(const std::string& name) {
    std::string pattern = std::filesystem::temp_directory_path() / "isthmus-certificates-XXXXXX";
    require(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    folder_ = pattern;
    WantedCertificate wanted;
    wanted.common_name = name;
    wanted.valid_from_days = -400;
    wanted.valid_until_days = 400;
    own_ = make(wanted, true);
    write_file(file(), [&](FILE* to) { return PEM_write_X509(to, own_.certificate.get()); });
}

Authority::~Authority() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string Authority::path(const std::string& name, const std::string& kind) const {
    return folder_ / (name + kind);
}

Authority::Key Authority::make(const WantedCertificate& wanted, bool authority) {
    Key made{{EVP_EC_gen("P-256"), EVP_PKEY_free}, {X509_new(), X509_free}};
    auto* certificate = made.certificate.get();
    const bool by_itself = authority || wanted.self_signed;
    X509* issuer = by_itself ? certificate : own_.certificate.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial_++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), wanted.valid_from_days * seconds_a_day);
    X509_gmtime_adj(X509_getm_notAfter(certificate), wanted.valid_until_days * seconds_a_day);
    X509_set_pubkey(certificate, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wanted.common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    add_extension(certificate, issuer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    std::string names;
    for (const auto& name : wanted.names) names += (names.empty() ? "" : ",") + name;
    if (!names.empty()) add_extension(certificate, issuer, NID_subject_alt_name, names);
    require(X509_sign(certificate, by_itself ? made.key.get() : own_.key.get(), EVP_sha256()) > 0, "X509_sign");
    return made;
}

std::shared_ptr<x509_st> Authority::certificate(const WantedCertificate& wanted) {
    return make(wanted, false).certificate;
}

transport::TlsOptions::Identity Authority::issue(const std::string& name, const WantedCertificate& wanted) {
    const auto made = make(wanted, false);
    const transport::TlsOptions::Identity files{path(name), path(name, ".key")};
    write_file(files.chain_file, [&](FILE* to) { return PEM_write_X509(to, made.certificate.get()); });
    write_file(files.key_file, [&](FILE* to) {
        return PEM_write_PrivateKey(to, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return files;
}

std::shared_ptr<const transport::TlsCredentials> credentials(const transport::TlsOptions& options) {
    auto loaded = transport::TlsCredentials::load(options);
    if (!loaded.credentials) throw std::runtime_error(loaded.problems.front().text);
    return loaded.credentials;
}

}  // namespace isthmus::support
