// Octets as text: base64 (RFC 4648 4), as nonce and auts of AKA are written (RFC 3310 3.2, 3.4), and lower-case hex.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isthmus::sip {

std::string to_base64(std::string_view octets);
/// Nothing unless `text` is whole base64 with its padding.
std::optional<std::string> from_base64(std::string_view text);

std::string to_hex(std::string_view octets);

}  // namespace isthmus::sip
