// Where a message came from or goes to: address, port and transport protocol, without a socket.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus::transport {

enum class Protocol : std::uint8_t { udp, tcp, tls };
std::string_view name(Protocol protocol);    ///< "UDP", "TCP", "TLS", as in Via
std::string_view scheme(Protocol protocol);  ///< "udp", "tcp", "tls", as in a transport parameter
constexpr bool is_stream(Protocol protocol) {
    return protocol != Protocol::udp;
}
/// Where a URI or Via names no port (RFC 3261 19.1.2, 18.2.2).
constexpr std::uint16_t default_port(Protocol protocol) {
    return protocol == Protocol::tls ? 5061 : 5060;
}

struct Address {
    std::array<std::uint8_t, 16> octets{};  ///< an IPv4 address stands in the first four
    std::uint16_t port = 0;
    bool v6 = false;

    bool operator==(const Address&) const = default;
    /// A numeric host, IPv6 with or without brackets; nothing for a name.
    static std::optional<Address> parse(std::string_view host, std::uint16_t port);
    /// "192.0.2.1:5060" or "[2001:db8::1]:5060"; the port may be left out.
    static std::optional<Address> parse_with_port(std::string_view text, std::uint16_t default_port);
    [[nodiscard]] std::string ip() const;    ///< no brackets
    [[nodiscard]] std::string host() const;  ///< as in a URI: IPv6 in brackets
    [[nodiscard]] std::string text() const;  ///< host and port
};

struct Peer {
    Protocol protocol = Protocol::udp;
    Address address;
    /// TLS: the host of the URI that was looked up, which the peer's certificate must name (RFC 5922 7); empty where
    /// the peer opened the connection.
    std::string domain = {};
    bool operator==(const Peer&) const = default;
    [[nodiscard]] std::string text() const;  ///< "udp:192.0.2.1:5060"
};

struct AddressHash {
    std::size_t operator()(const Address& address) const;
};

}  // namespace isthmus::transport
