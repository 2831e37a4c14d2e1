// One Via value (RFC 3261 20.42, RFC 3581).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus::sip {

/// Views into the value it was parsed from.
struct Via {
    std::string_view transport;  ///< as written: "UDP"
    std::string_view host;       ///< sent-by host; IPv6 references keep their brackets
    std::uint16_t port = 0;      ///< 0: none given
    std::string_view params;     ///< "branch=z9hG4bK1;rport", without the leading semicolon

    /// Nothing when it is not `SIP/2.0/transport sent-by;params`.
    static std::optional<Via> parse(std::string_view value);

    [[nodiscard]] std::string_view branch() const;
    [[nodiscard]] std::string_view received() const;
    [[nodiscard]] bool wants_rport() const;     ///< rport stands there, with or without a value
    [[nodiscard]] std::uint16_t rport() const;  ///< its value; 0 when there is none
};

/// The value with received= (and rport= when it was asked for) as RFC 3261 18.2.1 and RFC 3581 4 want it;
/// nothing when the value already tells where it came from.
std::optional<std::string> with_source(std::string_view value, std::string_view address, std::uint16_t port);

}  // namespace isthmus::sip
