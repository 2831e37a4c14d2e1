// What a node shows and trusts in TLS (RFC 3261 26.3, RFC 5922): its certificates, chosen by the name the peer asks
// for, and the authorities it believes. Immutable: a reload makes another one, and connections keep the one they began
// with.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace isthmus::transport {

/// What we ask of who connects to us.
enum class ClientCertificate : std::uint8_t { none, request, require };

struct TlsOptions {
    struct Identity {
        std::string chain_file;  ///< PEM: the node's certificate first, then its issuers
        std::string key_file;    ///< PEM, without a password
    };
    std::vector<Identity> identities;          ///< the first is shown to who asks for none of their names
    std::vector<std::string> authority_files;  ///< PEM; none: those the system trusts
    ClientCertificate client_certificate = ClientCertificate::none;
};

struct TlsProblem {
    enum class In : std::uint8_t { chain, key, authorities };
    In in = In::chain;
    std::string text;  ///< names the file and says what was expected
};

class TlsCredentials {
  public:
    struct Loaded {
        std::shared_ptr<const TlsCredentials> credentials;  ///< null when there are problems
        std::vector<TlsProblem> problems;
    };
    static Loaded load(const TlsOptions& options);
    TlsCredentials();
    ~TlsCredentials();
    TlsCredentials(const TlsCredentials&) = delete;
    TlsCredentials& operator=(const TlsCredentials&) = delete;

    using Time = std::chrono::system_clock::time_point;
    /// What is not wrong enough to refuse: a certificate of ours that has expired or is not valid yet.
    [[nodiscard]] std::vector<std::string> warnings(Time now) const;
    /// When the first of our certificates expires; nothing known: Time::max().
    [[nodiscard]] Time first_expiry() const;

    struct Impl;
    [[nodiscard]] const Impl& impl() const { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::transport
