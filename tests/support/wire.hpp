// Real sockets on the loopback for tests: each end has an address of its own, and waits for what it expects with a
// deadline instead of sleeping.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/transport/address.hpp"
#include "common/transport/framer.hpp"

namespace isthmus::support {

using Patience = std::chrono::milliseconds;
inline constexpr Patience patience{10'000};

/// 127.x.y.`host`, x and y of this process, so that two test programs may run at once.
std::string loopback(int host);
transport::Address loopback_address(int host, std::uint16_t port);

/// Bytes this process has on its heap, under AddressSanitizer too.
std::size_t allocated_bytes();

class UdpEnd {
  public:
    /// Port 0: one the system chooses. Throws std::system_error.
    explicit UdpEnd(const transport::Address& local);
    ~UdpEnd();
    UdpEnd(const UdpEnd&) = delete;
    UdpEnd& operator=(const UdpEnd&) = delete;

    void send(const transport::Address& to, const std::string& octets) const;
    /// The next datagram; nothing when none came in time.
    std::optional<std::string> receive(Patience longest = patience);
    [[nodiscard]] const transport::Address& local() const { return local_; }
    /// Where the last datagram came from.
    [[nodiscard]] const transport::Address& source() const { return source_; }
    [[nodiscard]] int handle() const { return handle_; }

  private:
    int handle_ = -1;
    transport::Address local_;
    transport::Address source_;
};

class TcpEnd {
  public:
    /// Connects from `from` (port 0: any). Throws std::system_error.
    TcpEnd(const transport::Address& from, const transport::Address& to, int receive_buffer = 0);
    ~TcpEnd();
    TcpEnd(const TcpEnd&) = delete;
    TcpEnd& operator=(const TcpEnd&) = delete;

    /// False when the other side has closed.
    [[nodiscard]] bool send(std::string_view octets) const;
    /// As much as goes at once without waiting; how many bytes.
    [[nodiscard]] std::size_t send_some(std::string_view octets) const;
    /// The next whole message; nothing when none came in time or the connection ended.
    std::optional<std::string> receive(Patience longest = patience);
    /// Bytes that are no message yet, such as the answer to a ping.
    std::string receive_raw(Patience longest = patience);
    /// True when the other side closes within the time.
    bool closed(Patience longest = patience);
    [[nodiscard]] const transport::Address& local() const { return local_; }
    [[nodiscard]] int handle() const { return handle_; }

  private:
    int handle_ = -1;
    bool closed_ = false;
    transport::Address local_;
    transport::Framer framer_;
};

}  // namespace isthmus::support
