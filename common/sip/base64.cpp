#include "common/sip/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace isthmus::sip {

std::string to_base64(std::string_view octets) {
    std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');  // one more for OpenSSL's final NUL
    const auto length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(octets.data()), static_cast<int>(octets.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t longest = 4096;
    const auto digits = std::min(text.find_first_not_of(alphabet), text.size());
    const auto padding = text.size() - digits;
    // EVP_DecodeBlock forgives white space and padding in odd places; two readers of a nonce must not differ.
    if (text.size() % 4 != 0 || text.size() > longest || padding > 2 ||
        text.substr(digits) != std::string(padding, '='))
        return std::nullopt;
    std::string octets(text.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(octets.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size())) < 0)
        return std::nullopt;
    octets.resize(octets.size() - padding);
    return octets;
}

std::string to_hex(std::string_view octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(octets.size() * 2);
    for (const char octet : octets) {
        const auto value = static_cast<unsigned char>(octet);
        hex += digits[value >> 4U];
        hex += digits[value & 15U];
    }
    return hex;
}

}  // namespace isthmus::sip
