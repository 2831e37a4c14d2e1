// One TCP or TLS connection: framing, bounded queue, deadlines. Internal to this room.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/transport/deadlines.hpp"
#include "common/transport/stream.hpp"
#include "common/transport/tls_contexts.hpp"

namespace isthmus::transport {

class Connection;

/// The hub, as its connections see it.
class ConnectionOwner {
  public:
    ConnectionOwner(boost::asio::io_context& io_in, StreamLimits limits_in, StreamEvents events_in)
        : io(io_in), limits(std::move(limits_in)), events(std::move(events_in)) {}
    virtual ~ConnectionOwner() = default;
    /// The message did not reach the peer.
    virtual void give_back(std::uint64_t reference, Octets octets, const std::optional<Peer>& otherwise) = 0;
    virtual void forget(const Connection& connection) = 0;

    boost::asio::io_context& io;
    const StreamLimits limits;
    const StreamEvents events;
    std::shared_ptr<const TlsCredentials> credentials;
    std::size_t tls_open = 0;
    std::size_t queued = 0;  ///< bytes waiting on all connections
};

boost::asio::ip::tcp::endpoint to_endpoint(const Address& address);
Address from_endpoint(const boost::asio::ip::tcp::endpoint& endpoint);

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(ConnectionOwner& owner, const Peer& remote);
    void connect();
    void adopt(int handle);
    /// False, and `delivery` untouched, when there is no room.
    [[nodiscard]] bool queue(Delivery& delivery);
    void close(const std::string& reason);
    [[nodiscard]] const Peer& remote() const { return remote_; }
    [[nodiscard]] bool accepted() const { return accepted_; }

  private:
    using Error = boost::system::error_code;
    using Socket = boost::asio::ip::tcp::socket;
    using Secure = boost::asio::ssl::stream<Socket&>;
    struct Waiting {
        Octets octets;
        std::uint64_t reference = 0;
        std::optional<Peer> otherwise;
    };

    template <class Use>
    void with_stream(Use use) {
        if (secure_)
            use(*secure_);
        else
            use(socket_);
    }
    Error bind_source();
    [[nodiscard]] bool prepare_tls();
    void shake_hands();
    bool verified(bool preverified, boost::asio::ssl::verify_context& context);
    void handshake_failed(const Error& error);
    void end(const std::string& reason);
    void opened();
    void read();
    void take(std::size_t size);
    void write();
    void written();
    void stay();
    [[nodiscard]] std::size_t room(std::size_t usual) const;
    void queue_octets(const Octets& octets);
    void ping();
    void schedule();
    void check_deadlines();

    ConnectionOwner& owner_;
    Peer remote_;
    Socket socket_;
    std::shared_ptr<const TlsCredentials> credentials_;  // as they were when it began
    std::unique_ptr<Secure> secure_;
    std::optional<TlsFault> fault_;
    std::string why_;  // in words, what the check of the certificate found
    boost::asio::steady_timer timer_;
    Deadlines due_;
    std::uint64_t armed_ = Deadlines::never;
    Framer framer_;
    std::array<char, 16'384> space_;
    std::deque<Waiting> waiting_;
    std::deque<Waiting> in_flight_;
    std::string joined_;                      // what TLS writes at once
    std::vector<std::uint64_t> unconfirmed_;  // written before the peer proved by a first octet that it took us
    std::size_t queued_ = 0;
    bool accepted_ = false;
    bool open_ = false;
    bool closed_ = false;
    bool reading_ = false;
    bool writing_ = false;
    bool heard_ = false;  // at least one octet of SIP came
};

}  // namespace isthmus::transport
