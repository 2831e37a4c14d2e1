// Certificates made for a test: an authority, and what it issues, as PEM files in a folder of their own that goes with
// the object.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/transport/tls.hpp"

struct x509_st;
struct evp_pkey_st;

namespace isthmus::support {

struct WantedCertificate {
    std::vector<std::string> names =
        {};  ///< of subjectAltName as OpenSSL writes them: "DNS:a.example", "URI:sip:a.example"
    std::string common_name = "test";
    int valid_from_days = -1;
    int valid_until_days = 1;
    bool self_signed = false;
};

class Authority {
  public:
    explicit Authority(const std::string& name = "Test Authority");
    ~Authority();
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;

    [[nodiscard]] std::string file() const { return path("authority"); }
    /// Writes NAME.pem and NAME.key; again under the same name replaces them.
    transport::TlsOptions::Identity issue(const std::string& name, const WantedCertificate& wanted);
    /// In memory only.
    std::shared_ptr<x509_st> certificate(const WantedCertificate& wanted);
    [[nodiscard]] std::string path(const std::string& name, const std::string& kind = ".pem") const;

  private:
    struct Key {
        std::shared_ptr<evp_pkey_st> key;
        std::shared_ptr<x509_st> certificate;
    };
    Key make(const WantedCertificate& wanted, bool authority);

    std::filesystem::path folder_;
    Key own_;
    long serial_ = 1;
};

/// Credentials that must load; throws what is wrong with them.
std::shared_ptr<const transport::TlsCredentials> credentials(const transport::TlsOptions& options);

}  // namespace isthmus::support
