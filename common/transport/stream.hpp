// SIP over TCP and TLS (RFC 3261 18, 26.3): one hub per worker reads and writes all its connections on that worker's
// io_context. A connection is named by its Peer: protocol, remote address and, for TLS we opened, the domain that was
// looked up. It is reused in both directions. Its queue is bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/transport/address.hpp"
#include "common/transport/certificate.hpp"
#include "common/transport/framer.hpp"
#include "common/transport/tls.hpp"
#include "common/transport/udp_socket.hpp"

namespace boost::asio {
class io_context;
}

namespace isthmus::transport {

struct StreamLimits {
    std::size_t queue = std::size_t{32} << 20;  ///< bytes waiting on one connection; past it a message fails
    std::size_t pause = std::size_t{8} << 20;   ///< bytes waiting past which we stop reading from that peer
    /// Bytes waiting on all connections; past it each has no more than a little, so that many peers who do not read
    /// cost those who do nothing.
    std::size_t together = std::size_t{256} << 20;
    std::size_t little = std::size_t{256} << 10;
    std::size_t connections = 16'384;  ///< accepted; as many again may be opened, whoever holds the others
    std::size_t same_address = 4'096;  ///< accepted from one address
    std::uint32_t setup_ms = 3'000;    ///< from the SYN, or from accept(), until TCP and TLS are ready
    /// A message begun must be complete by then, and whoever connects must have sent one.
    std::uint32_t half_message_ms = 30'000;
    std::uint32_t idle_ms = 0;       ///< a connection on which nothing passed is closed; 0: never
    std::uint32_t keepalive_ms = 0;  ///< connections we opened: a ping after so much silence (RFC 5626 4.4.1); 0: never
    std::uint32_t pong_ms = 10'000;  ///< a ping must be answered by then
    FramerLimits framer;
    /// Connections are opened from the first of the peer's family, its port left to the system: a neighbour knows us by
    /// the address we listen on.
    std::vector<Address> sources = {};
};

/// A message to be sent.
struct Delivery {
    Peer to;
    Octets octets;
    std::uint64_t reference = 0;  ///< told to StreamEvents::failed; 0: nobody
    bool only_if_open = false;    ///< never opens a connection
    /// A response: where it goes when the connection its request came on is gone (RFC 3261 18.2.2).
    std::optional<Peer> otherwise = std::nullopt;
};

/// What a connection has to say of itself.
struct ConnectionNews {
    Peer peer;
    bool accepted = false;          ///< the peer opened it
    std::optional<TlsFault> fault;  ///< TLS did not come about
    std::string reason;             ///< why it ended, in words
};

struct StreamEvents {
    std::function<void(const Peer& from, std::string message)> message;
    std::function<void(std::uint64_t reference)> failed;  ///< a message could not be handed to the peer
    /// A response found its connection gone.
    std::function<void(const Peer& otherwise, Octets octets)> undelivered = {};
    std::function<void(const ConnectionNews& news)> ended = {};
};

class StreamHub {
  public:
    StreamHub(boost::asio::io_context& io, const StreamLimits& limits, StreamEvents events);
    ~StreamHub();
    StreamHub(const StreamHub&) = delete;
    StreamHub& operator=(const StreamHub&) = delete;

    /// For connections made from now on. Without any, TLS fails.
    void use(std::shared_ptr<const TlsCredentials> credentials);
    /// Takes over an accepted socket.
    void adopt(int socket, const Peer& remote);
    /// Queues a message; opens a connection when there is none. A failure is told later, never inside the call.
    void send(Delivery delivery);
    [[nodiscard]] std::size_t connections() const;
    [[nodiscard]] std::size_t tls_connections() const;  ///< those whose handshake is done

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

/// Accepts connections and hands the sockets over, on the io_context's thread.
class StreamListener {
  public:
    using Take = std::function<void(int socket, const Address& remote)>;
    /// Throws std::system_error when the address cannot be bound.
    StreamListener(boost::asio::io_context& io, const Address& local, Take take);
    ~StreamListener();
    StreamListener(const StreamListener&) = delete;
    StreamListener& operator=(const StreamListener&) = delete;
    [[nodiscard]] const Address& local() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace isthmus::transport
