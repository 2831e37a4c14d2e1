#include "common/transport/connection.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace isthmus::transport {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t unconfirmed_kept = 1'024;

/// What a waiting message takes: the answer to a ping is two octets and a place in a queue.
std::size_t cost(const Octets& octets) {
    constexpr std::size_t place = 128;
    return octets->size() + place;
}

std::uint64_t steady_ms() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
}

std::uint64_t after(std::uint64_t now, std::uint32_t ms) {
    return ms == 0 ? Deadlines::never : now + ms;
}

const Octets& line_end() {
    static const Octets pong = std::make_shared<const std::string>("\r\n");
    return pong;
}
const Octets& double_line_end() {
    static const Octets ping = std::make_shared<const std::string>("\r\n\r\n");
    return ping;
}

std::string_view words(Framer::Fault fault) {
    switch (fault) {
        case Framer::Fault::head_too_large:
            return "a message's header was too long";
        case Framer::Fault::body_too_large:
            return "a message announced too long a body";
        case Framer::Fault::no_content_length:
            return "a message had no Content-Length (RFC 3261 20.14)";
        case Framer::Fault::bad_content_length:
            return "a message's Content-Length was no number";
        case Framer::Fault::none:
            break;
    }
    return "";
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) {
        if (text.size() > 200) return text + ", ...";
        text.append(text.empty() ? "" : ", ").append(name);
    }
    return text.empty() ? "nobody" : text;
}

/// The kind of a handshake's error that is not about the peer's certificate.
TlsFault fault_of(const boost::system::error_code& error) {
    if (error.category() != asio::error::get_ssl_category()) return TlsFault::lost;
    switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_UNKNOWN_PROTOCOL:
        case SSL_R_BAD_PACKET_LENGTH:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
            return TlsFault::no_tls;
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return TlsFault::unfit;
        default:
            return TlsFault::not_accepted;
    }
}

}  // namespace

Address from_endpoint(const tcp::endpoint& endpoint) {
    Address address;
    address.port = endpoint.port();
    address.v6 = endpoint.address().is_v6();
    if (address.v6) {
        const auto octets = endpoint.address().to_v6().to_bytes();
        std::memcpy(address.octets.data(), octets.data(), octets.size());
    } else {
        const auto octets = endpoint.address().to_v4().to_bytes();
        std::memcpy(address.octets.data(), octets.data(), octets.size());
    }
    return address;
}

tcp::endpoint to_endpoint(const Address& address) {
    return {asio::ip::make_address(address.ip()), address.port};
}

Connection::Connection(ConnectionOwner& owner, const Peer& remote)
    : owner_(owner),
      remote_(remote),
      socket_(owner.io),
      credentials_(owner.credentials),
      timer_(owner.io),
      framer_(owner.limits.framer) {}

// --- setting up ---

void Connection::connect() {
    due_.setup = after(steady_ms(), owner_.limits.setup_ms);
    if (const auto error = bind_source()) return close(error.message());
    if (remote_.protocol == Protocol::tls && !prepare_tls()) return close("TLS is not configured here");
    schedule();
    socket_.async_connect(to_endpoint(remote_.address), [self = shared_from_this()](Error error) {
        if (self->closed_) return;
        if (error) return self->close(error.message());
        if (self->secure_) return self->shake_hands();
        self->opened();
    });
}

Connection::Error Connection::bind_source() {
    Error error;
    for (auto source : owner_.limits.sources) {
        if (source.v6 != remote_.address.v6) continue;
        source.port = 0;
        socket_.open(source.v6 ? tcp::v6() : tcp::v4(), error);
        if (!error) socket_.bind(to_endpoint(source), error);
        break;
    }
    return error;
}

void Connection::adopt(int handle) {
    accepted_ = true;
    Error error;
    socket_.assign(remote_.address.v6 ? tcp::v6() : tcp::v4(), handle, error);
    if (error) return close(error.message());
    const auto now = steady_ms();
    due_.message = after(now, owner_.limits.half_message_ms);
    if (remote_.protocol != Protocol::tls) return opened();
    due_.setup = after(now, owner_.limits.setup_ms);
    if (!prepare_tls()) return close("TLS is not configured here");
    shake_hands();
    schedule();
}

bool Connection::prepare_tls() {
    if (!credentials_) return false;
    const auto& contexts = credentials_->impl();
    if (accepted_ && contexts.servers.empty()) return false;
    secure_ = std::make_unique<Secure>(socket_, accepted_ ? *contexts.servers.front().context : *contexts.client);
    if (!accepted_ && !Address::parse(remote_.domain, 0))
        SSL_set_tlsext_host_name(secure_->native_handle(), remote_.domain.c_str());
    const bool asked = !accepted_ || contexts.client_certificate != ClientCertificate::none;
    Error ignored;
    if (asked)
        secure_->set_verify_callback(
            [this](bool good, asio::ssl::verify_context& context) { return verified(good, context); }, ignored);
    return true;
}

void Connection::shake_hands() {
    secure_->async_handshake(accepted_ ? asio::ssl::stream_base::server : asio::ssl::stream_base::client,
                             [self = shared_from_this()](Error error) {
                                 if (self->closed_) return;
                                 if (error) return self->handshake_failed(error);
                                 ++self->owner_.tls_open;
                                 self->opened();
                             });
}

bool Connection::verified(bool preverified, asio::ssl::verify_context& context) {
    auto* store = context.native_handle();
    if (!preverified) {
        const int code = X509_STORE_CTX_get_error(store);
        fault_ = fault_of_verification(code);
        why_ = std::string("the peer's certificate is refused: ") + X509_verify_cert_error_string(code);
        return false;
    }
    if (accepted_ || X509_STORE_CTX_get_error_depth(store) > 0) return true;
    auto* certificate = X509_STORE_CTX_get_current_cert(store);
    if (names_domain(certificate, remote_.domain)) return true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
    fault_ = TlsFault::wrong_name;
    why_ = "the peer's certificate names " + listed(sip_identities(certificate)) + ", not " + remote_.domain +
           " (RFC 5922 7)";
    return false;
}

void Connection::handshake_failed(const Error& error) {
    if (!fault_) fault_ = fault_of(error);
    close(why_.empty() ? "the TLS handshake failed: " + error.message() : why_);
}

void Connection::opened() {
    open_ = true;
    due_.setup = Deadlines::never;
    Error ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    stay();
    if (!waiting_.empty()) write();
    read();
    schedule();
}

// --- ending ---

void Connection::close(const std::string& reason) {
    if (closed_) return;
    const auto keep = shared_from_this();
    closed_ = true;
    if (secure_ && open_) --owner_.tls_open;
    owner_.queued -= std::exchange(queued_, 0);
    Error ignored;
    timer_.cancel();
    socket_.close(ignored);
    for (auto* queue : {&in_flight_, &waiting_})
        for (auto& message : *queue) owner_.give_back(message.reference, std::move(message.octets), message.otherwise);
    // With TLS 1.3 a peer refuses our certificate only after we began to write.
    if (!heard_)
        for (const auto reference : unconfirmed_) owner_.give_back(reference, nullptr, std::nullopt);
    in_flight_.clear();
    waiting_.clear();
    unconfirmed_.clear();
    owner_.forget(*this);
    if (owner_.events.ended) owner_.events.ended({remote_, accepted_, fault_, reason});
}

void Connection::end(const std::string& reason) {
    if (secure_ && !open_) fault_ = fault_.value_or(TlsFault::too_slow);
    close(reason);
}

// --- reading ---

void Connection::read() {
    if (closed_ || reading_ || queued_ > room(owner_.limits.pause)) return;
    reading_ = true;
    with_stream([this](auto& stream) {
        stream.async_read_some(asio::buffer(space_), [self = shared_from_this()](Error error, std::size_t size) {
            self->reading_ = false;
            if (self->closed_) return;
            if (error) {
                // An alert instead of a first answer: the peer did not want us.
                if (self->secure_ && !self->heard_ && !self->accepted_ && error != asio::error::eof)
                    self->fault_ = TlsFault::not_accepted;
                return self->close(error == asio::error::eof ? "closed by the peer" : error.message());
            }
            self->take(size);
        });
    });
}

void Connection::stay() {
    const auto now = steady_ms();
    due_.idle = after(now, owner_.limits.idle_ms);
    if (!accepted_) due_.ping = after(now, owner_.limits.keepalive_ms);
}

void Connection::take(std::size_t size) {
    stay();
    heard_ = true;
    unconfirmed_.clear();
    due_.pong = Deadlines::never;  // whatever it says, it lives
    framer_.feed({space_.data(), size});
    bool whole = false;
    while (auto message = framer_.next()) {
        whole = true;
        owner_.events.message(remote_, std::move(*message));
        if (closed_) return;
    }
    if (framer_.fault() != Framer::Fault::none) return close(std::string(words(framer_.fault())));
    if (framer_.take_ping()) {
        whole = true;
        queue_octets(line_end());
        if (closed_) return;
    }
    // Slow bytes must not hold memory for ever: what was begun has its time from its first octet on.
    if (framer_.half_message() && (whole || due_.message == Deadlines::never))
        due_.message = after(steady_ms(), owner_.limits.half_message_ms);
    else if (!framer_.half_message() && whole)
        due_.message = Deadlines::never;
    schedule();
    read();
}

// --- writing ---

std::size_t Connection::room(std::size_t usual) const {
    return owner_.queued > owner_.limits.together ? std::min(usual, owner_.limits.little) : usual;
}

bool Connection::queue(Delivery& delivery) {
    const auto more = cost(delivery.octets);
    if (closed_ || queued_ + more > room(owner_.limits.queue)) return false;
    queued_ += more;
    owner_.queued += more;
    waiting_.push_back({std::move(delivery.octets), delivery.reference, std::move(delivery.otherwise)});
    if (open_ && !writing_) write();
    return true;
}

/// Keep-alives of our own: where there is no room for them, there is traffic enough.
void Connection::queue_octets(const Octets& octets) {
    Delivery delivery{remote_, octets};
    (void)queue(delivery);
}

void Connection::write() {
    writing_ = true;
    in_flight_.swap(waiting_);
    const auto done = [self = shared_from_this()](Error error, std::size_t) {
        if (self->closed_) return;
        if (error) return self->close(error.message());
        self->written();
    };
    if (secure_) {  // one record for what waits together
        joined_.clear();
        for (const auto& message : in_flight_) joined_ += *message.octets;
        asio::async_write(*secure_, asio::buffer(joined_), done);
        return;
    }
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(in_flight_.size());
    for (const auto& message : in_flight_) buffers.emplace_back(asio::buffer(*message.octets));
    asio::async_write(socket_, buffers, done);
}

void Connection::written() {
    writing_ = false;
    for (const auto& message : in_flight_) {
        queued_ -= cost(message.octets);
        owner_.queued -= cost(message.octets);
        if (secure_ && !heard_ && message.reference != 0 && unconfirmed_.size() < unconfirmed_kept)
            unconfirmed_.push_back(message.reference);
    }
    in_flight_.clear();
    due_.idle = after(steady_ms(), owner_.limits.idle_ms);
    if (joined_.capacity() > space_.size()) joined_ = {};
    if (!waiting_.empty()) write();
    read();
}

// --- time ---

void Connection::ping() {
    due_.ping = Deadlines::never;  // until something is heard
    due_.pong = steady_ms() + owner_.limits.pong_ms;
    framer_.await_pong();
    queue_octets(double_line_end());
}

void Connection::schedule() {
    const auto due = due_.earliest();
    if (closed_ || due >= armed_) return;
    armed_ = due;
    timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::milliseconds(due)));
    timer_.async_wait([self = shared_from_this()](Error error) {
        if (error || self->closed_) return;
        self->armed_ = Deadlines::never;
        self->check_deadlines();
        self->schedule();
    });
}

void Connection::check_deadlines() {
    const auto now = steady_ms();
    if (due_.setup <= now)
        return end(secure_ ? "the TLS handshake took too long" : "the connection was not set up in time");
    if (due_.message <= now) return end(heard_ ? "a message was begun and not finished" : "nothing was sent");
    if (due_.pong <= now) return end("a ping was not answered (RFC 5626 4.4.1)");
    if (due_.idle <= now) return end("nothing passed for too long");
    if (due_.ping <= now) ping();
}

}  // namespace isthmus::transport
