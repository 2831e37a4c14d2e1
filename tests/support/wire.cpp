#include "tests/support/wire.hpp"

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#if defined(__SANITIZE_ADDRESS__)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace isthmus::support {

using transport::Address;

namespace {

sockaddr_in to_socket_address(const Address& address) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(address.port);
    std::memcpy(&where.sin_addr, address.octets.data(), 4);
    return where;
}

Address from_socket_address(const sockaddr_in& where) {
    Address address;
    std::memcpy(address.octets.data(), &where.sin_addr, 4);
    address.port = ntohs(where.sin_port);
    return address;
}

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void bind_to(int handle, const Address& local) {
    const auto where = to_socket_address(local);
    if (::bind(handle, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) fail("bind " + local.text());
}

Address name_of(int handle) {
    sockaddr_in where{};
    socklen_t size = sizeof where;
    if (::getsockname(handle, reinterpret_cast<sockaddr*>(&where), &size) != 0) fail("getsockname");
    return from_socket_address(where);
}

bool wait_for(int handle, short event, Patience longest) {
    pollfd waiting{handle, event, 0};
    return ::poll(&waiting, 1, static_cast<int>(longest.count())) > 0;
}

}  // namespace

std::string loopback(int host) {
    const auto process = static_cast<unsigned>(::getpid());
    return "127." + std::to_string(64 + process / 251 % 64) + "." + std::to_string(1 + process % 251) + "." +
           std::to_string(host);
}

Address loopback_address(int host, std::uint16_t port) {
    return Address::parse(loopback(host), port).value();
}

std::size_t allocated_bytes() {
#if defined(__SANITIZE_ADDRESS__)
    return __sanitizer_get_current_allocated_bytes();
#else
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

UdpEnd::UdpEnd(const Address& local) : handle_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    if (handle_ < 0) fail("socket");
    const int room = 8 * 1024 * 1024;
    ::setsockopt(handle_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    bind_to(handle_, local);
    local_ = name_of(handle_);
}

UdpEnd::~UdpEnd() {
    ::close(handle_);
}

void UdpEnd::send(const Address& to, const std::string& octets) const {
    const auto where = to_socket_address(to);
    // Refusals of earlier datagrams (ICMP) are told here and are not about this one.
    ::sendto(handle_, octets.data(), octets.size(), 0, reinterpret_cast<const sockaddr*>(&where), sizeof where);
}

std::optional<std::string> UdpEnd::receive(Patience longest) {
    if (!wait_for(handle_, POLLIN, longest)) return std::nullopt;
    static thread_local std::array<char, 65'536> space;
    sockaddr_in where{};
    socklen_t size = sizeof where;
    const auto count =
        ::recvfrom(handle_, space.data(), space.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&where), &size);
    if (count < 0) return std::nullopt;
    source_ = from_socket_address(where);
    return std::string(space.data(), static_cast<std::size_t>(count));
}

TcpEnd::TcpEnd(const Address& from, const Address& to, int receive_buffer)
    : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (handle_ < 0) fail("socket");
    const int yes = 1;
    ::setsockopt(handle_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    ::setsockopt(handle_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // slices must stay slices
    if (receive_buffer > 0) ::setsockopt(handle_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    bind_to(handle_, from);
    const auto where = to_socket_address(to);
    if (::connect(handle_, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) fail("connect " + to.text());
    local_ = name_of(handle_);
}

TcpEnd::~TcpEnd() {
    ::close(handle_);
}

bool TcpEnd::send(std::string_view octets) const {
    while (!octets.empty()) {
        const auto sent = ::send(handle_, octets.data(), octets.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::size_t TcpEnd::send_some(std::string_view octets) const {
    const auto sent = ::send(handle_, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

std::string TcpEnd::receive_raw(Patience longest) {
    if (closed_ || !wait_for(handle_, POLLIN, longest)) return {};
    std::array<char, 16'384> space;
    const auto count = ::recv(handle_, space.data(), space.size(), 0);
    if (count <= 0) {
        closed_ = true;
        return {};
    }
    return {space.data(), static_cast<std::size_t>(count)};
}

std::optional<std::string> TcpEnd::receive(Patience longest) {
    const auto until = std::chrono::steady_clock::now() + longest;
    while (true) {
        if (auto message = framer_.next()) return message;
        const auto left = std::chrono::duration_cast<Patience>(until - std::chrono::steady_clock::now());
        if (closed_ || left.count() <= 0) return std::nullopt;
        framer_.feed(receive_raw(left));
    }
}

bool TcpEnd::closed(Patience longest) {
    const auto until = std::chrono::steady_clock::now() + longest;
    while (!closed_) {
        const auto left = std::chrono::duration_cast<Patience>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        receive_raw(left);
    }
    return true;
}

}  // namespace isthmus::support
