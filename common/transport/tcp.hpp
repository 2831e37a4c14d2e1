// SIP over TCP (RFC 3261 18): one hub per worker reads and writes all its connections on that worker's io_context.
// A connection is named by the remote address; it is reused in both directions. Its queue is bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/transport/address.hpp"
#include "common/transport/framer.hpp"
#include "common/transport/udp_socket.hpp"

namespace boost::asio {
class io_context;
}

namespace isthmus::transport {

struct TcpLimits {
    std::size_t queue = std::size_t{32} << 20;  ///< bytes waiting on one connection; past it a message fails
    std::size_t pause = std::size_t{8} << 20;   ///< bytes waiting past which we stop reading from that peer
    std::size_t connections = 16'384;
    std::uint32_t connect_ms = 3'000;
    std::uint32_t half_message_ms = 30'000;  ///< a message begun must be complete by then
    FramerLimits framer;
    /// Connections are opened from the first of the peer's family, its port left to the system: a neighbour knows us by
    /// the address we listen on.
    std::vector<Address> sources = {};
};

struct TcpEvents {
    std::function<void(const Address& remote, std::string message)> message;
    std::function<void(std::uint64_t reference)> failed;  ///< a message could not be handed to the peer
};

class TcpHub {
  public:
    TcpHub(boost::asio::io_context& io, const TcpLimits& limits, TcpEvents events);
    ~TcpHub();
    TcpHub(const TcpHub&) = delete;
    TcpHub& operator=(const TcpHub&) = delete;

    /// Takes over an accepted socket.
    void adopt(int socket, const Address& remote);
    /// Queues a message; opens a connection when there is none, unless `only_if_open`. A failure is told by
    /// TcpEvents::failed, later.
    void send(const Address& remote, Octets octets, std::uint64_t reference, bool only_if_open);
    [[nodiscard]] std::size_t connections() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

/// Accepts connections and hands the sockets over, on the io_context's thread.
class TcpListener {
  public:
    using Take = std::function<void(int socket, const Address& remote)>;
    /// Throws std::system_error when the address cannot be bound.
    TcpListener(boost::asio::io_context& io, const Address& local, Take take);
    ~TcpListener();
    TcpListener(const TcpListener&) = delete;
    TcpListener& operator=(const TcpListener&) = delete;
    [[nodiscard]] const Address& local() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace isthmus::transport
