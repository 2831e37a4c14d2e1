// A UDP socket that reads and writes in batches (recvmmsg, sendmmsg). It never blocks and never parses.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/transport/address.hpp"

namespace isthmus::transport {

/// Text shared by a transaction that may repeat it and the batch or queue that is about to send it.
using Octets = std::shared_ptr<const std::string>;

struct Datagram {
    Address to;
    Octets octets;
};

class UdpSocket {
  public:
    /// Throws std::system_error when the address cannot be bound.
    explicit UdpSocket(const Address& local);
    ~UdpSocket();
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;

    [[nodiscard]] int handle() const { return handle_; }
    [[nodiscard]] const Address& local() const { return local_; }

    static constexpr std::size_t batch = 64;
    /// Reads what is there, at most `batch` datagrams. Returns how many.
    std::size_t receive(const std::function<void(const Address& from, std::string_view octets)>& take);
    /// What a host or router said it could not deliver: port, host, network or protocol unreachable (RFC 3261 18.4),
    /// with as much of the datagram as came back. Costs one look when receive() gave less than a batch. Returns how
    /// many.
    std::size_t receive_errors(const std::function<void(const Address& to, std::string_view octets)>& take) const;
    /// Any thread. What the kernel has no room for is dropped, as UDP does. Returns how many were sent.
    std::size_t send(const std::vector<Datagram>& datagrams) const;

  private:
    struct ReceiveBuffers;
    int handle_ = -1;
    Address local_;
    std::unique_ptr<ReceiveBuffers> buffers_;
};

}  // namespace isthmus::transport
