#include "common/transport/address.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace isthmus::transport {

std::string_view name(Protocol protocol) {
    switch (protocol) {
        case Protocol::udp:
            return "UDP";
        case Protocol::tcp:
            return "TCP";
        case Protocol::tls:
            break;
    }
    return "TLS";
}

std::string_view scheme(Protocol protocol) {
    switch (protocol) {
        case Protocol::udp:
            return "udp";
        case Protocol::tcp:
            return "tcp";
        case Protocol::tls:
            break;
    }
    return "tls";
}

std::optional<Address> Address::parse(std::string_view host, std::uint16_t port) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    char text[INET6_ADDRSTRLEN] = {};
    if (host.size() >= sizeof text) return std::nullopt;
    host.copy(text, host.size());
    Address address;
    address.port = port;
    if (inet_pton(AF_INET, text, address.octets.data()) == 1) return address;
    if (inet_pton(AF_INET6, text, address.octets.data()) == 1) {
        address.v6 = true;
        return address;
    }
    return std::nullopt;
}

std::optional<Address> Address::parse_with_port(std::string_view text, std::uint16_t default_port) {
    const auto colon = text.rfind(':');
    const bool bracketed = !text.empty() && text.front() == '[';
    const bool has_port =
        colon != std::string_view::npos && (bracketed ? text[colon - 1] == ']' : text.find(':') == colon);
    if (!has_port) return parse(text, default_port);
    std::uint16_t port = 0;
    const auto digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return parse(text.substr(0, colon), port);
}

std::string Address::ip() const {
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(v6 ? AF_INET6 : AF_INET, octets.data(), text, sizeof text);
    return text;
}

std::string Address::host() const {
    return v6 ? "[" + ip() + "]" : ip();
}
std::string Address::text() const {
    return host() + ":" + std::to_string(port);
}
std::string Peer::text() const {
    return std::string(scheme(protocol)).append(":").append(address.text());
}

std::size_t AddressHash::operator()(const Address& address) const {
    std::uint64_t words[2];
    std::memcpy(words, address.octets.data(), sizeof words);
    // Fibonacci hashing: addresses of a lab differ in their last octets only.
    return static_cast<std::size_t>((words[0] * 0x9e3779b97f4a7c15ULL) ^ (words[1] * 0xc2b2ae3d27d4eb4fULL) ^
                                    (address.port * 0x165667b19e3779f9ULL));
}

}  // namespace isthmus::transport
