#include "common/transport/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>

#include "common/transport/certificate.hpp"
#include "common/transport/tls_contexts.hpp"

namespace isthmus::transport {
namespace {

namespace ssl = boost::asio::ssl;
using In = TlsProblem::In;

std::string last_error() {
    const auto code = ERR_peek_last_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "not understood" : reason;
}

/// Why a file cannot be read; empty when it can.
std::string unreadable(const std::string& path) {
    std::ifstream file(path);
    const int error = errno;
    if (file && file.peek() != std::ifstream::traits_type::eof()) return {};
    return file ? std::string("is empty or no file") : std::string("cannot be read: ") + std::strerror(error);
}

int no_password(char*, int, int, void*) {
    return 0;  // else OpenSSL would ask on the terminal
}

std::unique_ptr<ssl::context> make_context() {
    auto context = std::make_unique<ssl::context>(ssl::context::tls);
    auto* native = context->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    // A peer that asks for new keys again and again would only burn our processor.
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                    SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // idle connections are many
    SSL_CTX_set_default_passwd_cb(native, no_password);
    return context;
}

void use_identity(ssl::context& context, const TlsOptions::Identity& identity, std::vector<TlsProblem>& problems) {
    auto* native = context.native_handle();
    ERR_clear_error();
    if (const auto why = unreadable(identity.chain_file); !why.empty()) {
        problems.push_back(
            {In::chain, "\"" + identity.chain_file + "\" " + why + "; expected a certificate chain (PEM)"});
        return;
    }
    if (SSL_CTX_use_certificate_chain_file(native, identity.chain_file.c_str()) != 1) {
        problems.push_back(
            {In::chain, "\"" + identity.chain_file + "\" is no certificate chain (PEM): " + last_error()});
        return;
    }
    if (const auto why = unreadable(identity.key_file); !why.empty()) {
        problems.push_back({In::key, "\"" + identity.key_file + "\" " + why + "; expected a private key (PEM)"});
        return;
    }
    if (SSL_CTX_use_PrivateKey_file(native, identity.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(native) != 1) {
        const auto code = ERR_GET_REASON(ERR_peek_last_error());
        const bool other = code == X509_R_KEY_VALUES_MISMATCH || code == X509_R_KEY_TYPE_MISMATCH;
        auto text = "\"" + identity.key_file + "\" ";
        if (other)
            text.append("is not the key of \"").append(identity.chain_file).append("\"");
        else
            text.append("is no private key without a password (PEM): ").append(last_error());
        problems.push_back({In::key, std::move(text)});
        ERR_clear_error();
    }
}

void trust(ssl::context& context, const TlsOptions& options, std::vector<TlsProblem>& problems) {
    auto* native = context.native_handle();
    if (options.authority_files.empty()) {
        SSL_CTX_set_default_verify_paths(native);
        return;
    }
    for (const auto& file : options.authority_files) {
        ERR_clear_error();
        if (const auto why = unreadable(file); !why.empty()) {
            std::string text = "\"";
            text.append(file).append("\" ").append(why).append("; expected certificates (PEM)");
            problems.push_back({In::authorities, std::move(text)});
        } else if (SSL_CTX_load_verify_locations(native, file.c_str(), nullptr) != 1) {
            std::string text = "\"";
            text.append(file).append("\" holds no certificates (PEM): ").append(last_error());
            problems.push_back({In::authorities, std::move(text)});
        }
    }
}

int verify_mode(ClientCertificate wanted) {
    switch (wanted) {
        case ClientCertificate::none:
            return SSL_VERIFY_NONE;
        case ClientCertificate::request:
            return SSL_VERIFY_PEER;
        case ClientCertificate::require:
            break;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

/// RFC 6066 3: the certificate that names the host the peer asked for; else it sees the first one.
int choose_certificate(SSL* handshake, int*, void* argument) {
    const auto& impl = *static_cast<const TlsCredentials::Impl*>(argument);
    const char* asked = SSL_get_servername(handshake, TLSEXT_NAMETYPE_host_name);
    if (asked == nullptr) return SSL_TLSEXT_ERR_NOACK;
    for (const auto& server : impl.servers) {
        auto* native = server.context->native_handle();
        if (!names_domain(SSL_CTX_get0_certificate(native), asked)) continue;
        SSL_set_SSL_CTX(handshake, native);
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

TlsCredentials::Time time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return TlsCredentials::Time::max();
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

void finish_server(TlsCredentials::Impl& impl, ssl::context& context, const TlsOptions& options) {
    static constexpr unsigned char session_context[] = "isthmus";
    auto* native = context.native_handle();
    SSL_CTX_set_session_id_context(native, session_context, sizeof session_context - 1);
    SSL_CTX_set_verify(native, verify_mode(options.client_certificate), nullptr);
    if (options.client_certificate != ClientCertificate::none && !options.authority_files.empty())
        SSL_CTX_set_client_CA_list(native, SSL_load_client_CA_file(options.authority_files.front().c_str()));
    SSL_CTX_set_tlsext_servername_callback(native, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(native, &impl);
}

}  // namespace

TlsCredentials::TlsCredentials() : impl_(std::make_unique<Impl>()) {}
TlsCredentials::~TlsCredentials() = default;

TlsCredentials::Loaded TlsCredentials::load(const TlsOptions& options) {
    Loaded loaded;
    auto made = std::make_shared<TlsCredentials>();
    auto& impl = *made->impl_;
    impl.client_certificate = options.client_certificate;
    impl.client = make_context();
    trust(*impl.client, options, loaded.problems);
    SSL_CTX_set_verify(impl.client->native_handle(), SSL_VERIFY_PEER, nullptr);
    for (const auto& identity : options.identities) {
        auto context = make_context();
        use_identity(*context, identity, loaded.problems);
        if (!loaded.problems.empty()) continue;
        trust(*context, options, loaded.problems);
        finish_server(impl, *context, options);
        if (impl.servers.empty()) use_identity(*impl.client, identity, loaded.problems);  // who asks us sees the first
        impl.servers.push_back({std::move(context), identity.chain_file});
    }
    if (loaded.problems.empty()) loaded.credentials = std::move(made);
    return loaded;
}

std::vector<std::string> TlsCredentials::warnings(Time now) const {
    std::vector<std::string> found;
    for (const auto& server : impl_->servers) {
        const auto* certificate = SSL_CTX_get0_certificate(server.context->native_handle());
        if (time_of(X509_get0_notAfter(certificate)) < now)
            found.push_back("the certificate of \"" + server.chain_file + "\" has expired");
        else if (time_of(X509_get0_notBefore(certificate)) > now)
            found.push_back("the certificate of \"" + server.chain_file + "\" is not valid yet");
    }
    return found;
}

TlsCredentials::Time TlsCredentials::first_expiry() const {
    auto first = Time::max();
    for (const auto& server : impl_->servers)
        first = std::min(first, time_of(X509_get0_notAfter(SSL_CTX_get0_certificate(server.context->native_handle()))));
    return first;
}

}  // namespace isthmus::transport
