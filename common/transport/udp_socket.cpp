#include "common/transport/udp_socket.hpp"

#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace isthmus::transport {
namespace {

constexpr std::size_t largest_datagram = 65'535;
constexpr int socket_buffer = 4 * 1024 * 1024;

socklen_t to_native(const Address& address, sockaddr_storage& native) {
    native = {};
    if (address.v6) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(native);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(address.port);
        std::memcpy(&v6.sin6_addr, address.octets.data(), 16);
        return sizeof v6;
    }
    auto& v4 = reinterpret_cast<sockaddr_in&>(native);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&v4.sin_addr, address.octets.data(), 4);
    return sizeof v4;
}

Address from_native(const sockaddr_storage& native) {
    Address address;
    if (native.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(native);
        address.v6 = true;
        address.port = ntohs(v6.sin6_port);
        std::memcpy(address.octets.data(), &v6.sin6_addr, 16);
    } else {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(native);
        address.port = ntohs(v4.sin_port);
        std::memcpy(address.octets.data(), &v4.sin_addr, 4);
    }
    return address;
}

/// An error of an earlier datagram that shows at the next system call, whomever that concerns; it shows once.
bool speaks_of_another(int error) {
    return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == ENOPROTOOPT ||
           error == EPROTO || error == EACCES || error == EMSGSIZE;
}

/// Time exceeded, source quench and the like say nothing of the target (RFC 3261 18.4).
bool says_unreachable(const sock_extended_err& error) {
    if (error.ee_origin == SO_EE_ORIGIN_ICMP)
        return error.ee_type == ICMP_DEST_UNREACH && error.ee_code != ICMP_FRAG_NEEDED;
    return error.ee_origin == SO_EE_ORIGIN_ICMP6 && error.ee_type == ICMP6_DST_UNREACH;
}

bool says_unreachable(msghdr& header) {
    for (auto* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
        const bool v4 = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR;
        const bool v6 = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR;
        sock_extended_err error;
        if ((!v4 && !v6) || part->cmsg_len < CMSG_LEN(sizeof error)) continue;
        std::memcpy(&error, CMSG_DATA(part), sizeof error);
        return says_unreachable(error);
    }
    return false;
}

}  // namespace

struct UdpSocket::ReceiveBuffers {
    // Touched pages only cost memory: datagrams are small, so most of this is never resident.
    std::unique_ptr<char[]> space{new char[batch * largest_datagram]};
    std::array<mmsghdr, batch> headers{};
    std::array<iovec, batch> vectors{};
    std::array<sockaddr_storage, batch> sources{};

    ReceiveBuffers() {
        for (std::size_t i = 0; i < batch; ++i) {
            vectors[i] = {space.get() + i * largest_datagram, largest_datagram};
            headers[i].msg_hdr.msg_iov = &vectors[i];
            headers[i].msg_hdr.msg_iovlen = 1;
            headers[i].msg_hdr.msg_name = &sources[i];
        }
    }
};

UdpSocket::UdpSocket(const Address& local) : local_(local), buffers_(std::make_unique<ReceiveBuffers>()) {
    handle_ = ::socket(local.v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (handle_ < 0) throw std::system_error(errno, std::generic_category(), "UDP socket");
    const int on = 1;
    if (local.v6) ::setsockopt(handle_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    ::setsockopt(handle_, SOL_SOCKET, SO_RCVBUF, &socket_buffer, sizeof socket_buffer);
    ::setsockopt(handle_, SOL_SOCKET, SO_SNDBUF, &socket_buffer, sizeof socket_buffer);
    ::setsockopt(handle_, local.v6 ? IPPROTO_IPV6 : IPPROTO_IP, local.v6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on);
    sockaddr_storage native;
    const auto size = to_native(local, native);
    if (::bind(handle_, reinterpret_cast<sockaddr*>(&native), size) != 0) {
        const int error = errno;
        ::close(handle_);
        throw std::system_error(error, std::generic_category(), "cannot listen on udp:" + local.text());
    }
    if (local.port == 0) {
        socklen_t length = sizeof native;
        ::getsockname(handle_, reinterpret_cast<sockaddr*>(&native), &length);
        local_ = from_native(native);
    }
}

UdpSocket::~UdpSocket() {
    ::close(handle_);
}

std::size_t UdpSocket::receive(const std::function<void(const Address&, std::string_view)>& take) {
    auto& b = *buffers_;
    for (auto& header : b.headers) header.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    int count = ::recvmmsg(handle_, b.headers.data(), batch, MSG_DONTWAIT, nullptr);
    if (count < 0 && speaks_of_another(errno))
        count = ::recvmmsg(handle_, b.headers.data(), batch, MSG_DONTWAIT, nullptr);
    if (count <= 0) return 0;
    for (int i = 0; i < count; ++i) {
        const auto n = static_cast<std::size_t>(i);
        take(from_native(b.sources[n]), {static_cast<const char*>(b.vectors[n].iov_base), b.headers[n].msg_len});
    }
    return static_cast<std::size_t>(count);
}

std::size_t UdpSocket::receive_errors(const std::function<void(const Address&, std::string_view)>& take) const {
    std::array<char, 2048> space;  // ICMP brings back the beginning only
    alignas(cmsghdr) std::array<char, 256> control;
    std::size_t count = 0;
    for (; count < batch; ++count) {
        sockaddr_storage target{};
        iovec vector{space.data(), space.size()};
        msghdr header{};
        header.msg_name = &target;
        header.msg_namelen = sizeof target;
        header.msg_iov = &vector;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        const auto size = ::recvmsg(handle_, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
        if (size < 0) break;
        if (header.msg_namelen == 0 || !says_unreachable(header)) continue;
        take(from_native(target), {space.data(), static_cast<std::size_t>(size)});
    }
    return count;
}

std::size_t UdpSocket::send(const std::vector<Datagram>& datagrams) const {
    std::array<mmsghdr, batch> headers;
    std::array<iovec, batch> vectors;
    std::array<sockaddr_storage, batch> targets;
    std::size_t sent = 0;
    std::size_t at = 0;
    std::size_t tried_again = datagrams.size();  // the datagram that had its second try
    while (at < datagrams.size()) {
        const auto count = std::min(batch, datagrams.size() - at);
        for (std::size_t i = 0; i < count; ++i) {
            const Datagram& datagram = datagrams[at + i];
            vectors[i] = {const_cast<char*>(datagram.octets->data()), datagram.octets->size()};
            headers[i] = {};
            headers[i].msg_hdr.msg_iov = &vectors[i];
            headers[i].msg_hdr.msg_iovlen = 1;
            headers[i].msg_hdr.msg_name = &targets[i];
            headers[i].msg_hdr.msg_namelen = to_native(datagram.to, targets[i]);
        }
        const int done = ::sendmmsg(handle_, headers.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
        if (done < 0 && speaks_of_another(errno) && tried_again != at) {
            tried_again = at;
            continue;
        }
        // What remains speaks of the first datagram only (no route, a full buffer): the others still go.
        at += done > 0 ? static_cast<std::size_t>(done) : 1;
        sent += done > 0 ? static_cast<std::size_t>(done) : 0;
    }
    return sent;
}

}  // namespace isthmus::transport
