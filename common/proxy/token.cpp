#include "common/proxy/token.hpp"

#include <array>

#include "common/sip/text.hpp"
#include "common/sip/uri.hpp"
#include "common/sip/via.hpp"

namespace isthmus::proxy {
namespace {

// Case-insensitive on the wire would still work: one case, no look-alikes.
constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
constexpr std::size_t token_octets = 20;
constexpr std::size_t branch_octets = 17;

std::string to_text(const std::uint8_t* octets, std::size_t size) {
    std::string out;
    out.reserve((size * 8 + 4) / 5);
    std::uint32_t bits = 0;
    int held = 0;
    for (std::size_t i = 0; i < size; ++i) {
        bits = (bits << 8) | octets[i];
        held += 8;
        while (held >= 5) {
            held -= 5;
            out.push_back(alphabet[(bits >> held) & 31]);
        }
    }
    if (held > 0) out.push_back(alphabet[(bits << (5 - held)) & 31]);
    return out;
}

bool from_text(std::string_view text, std::uint8_t* octets, std::size_t size) {
    if (text.size() != (size * 8 + 4) / 5) return false;
    static constexpr auto values = [] {
        std::array<std::int8_t, 256> table{};
        table.fill(-1);
        for (std::size_t i = 0; i < alphabet.size(); ++i)
            table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
        return table;
    }();
    std::uint32_t bits = 0;
    int held = 0;
    std::size_t at = 0;
    for (char c : text) {
        const auto value = values[static_cast<unsigned char>(c)];
        if (value < 0) return false;
        bits = (bits << 5) | static_cast<std::uint32_t>(value);
        held += 5;
        if (held >= 8 && at < size) {
            held -= 8;
            octets[at++] = static_cast<std::uint8_t>(bits >> held);
        }
    }
    return at == size;
}

void put(std::uint8_t*& place, std::uint64_t value, int octets) {
    for (int i = octets - 1; i >= 0; --i) *place++ = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint64_t get(const std::uint8_t*& place, int octets) {
    std::uint64_t value = 0;
    for (int i = 0; i < octets; ++i) value = (value << 8) | *place++;
    return value;
}

std::uint64_t signature(const std::uint8_t* octets, const transaction::Seed& secret) {
    return transaction::keyed_hash(secret, {reinterpret_cast<const char*>(octets), token_octets - 8});
}

}  // namespace

std::string encode(const Token& token, const transaction::Seed& secret) {
    std::array<std::uint8_t, token_octets> octets{};
    auto* place = octets.data();
    put(place, static_cast<std::uint64_t>(token.position), 1);
    put(place, token.worker, 1);
    put(place, token.epoch, 2);
    put(place, token.id, 8);
    put(place, signature(octets.data(), secret), 8);
    return to_text(octets.data(), octets.size());
}

std::optional<Token> decode(std::string_view text, const transaction::Seed& secret) {
    std::array<std::uint8_t, token_octets> octets{};
    if (!from_text(text, octets.data(), octets.size())) return std::nullopt;
    const auto* place = octets.data();
    Token token;
    const auto position = get(place, 1);
    token.worker = static_cast<std::uint8_t>(get(place, 1));
    token.epoch = static_cast<std::uint16_t>(get(place, 2));
    token.id = get(place, 8);
    if (get(place, 8) != signature(octets.data(), secret)) return std::nullopt;
    if (position < static_cast<std::uint64_t>(Position::access) || position > static_cast<std::uint64_t>(Position::hop))
        return std::nullopt;
    token.position = static_cast<Position>(position);
    return token;
}

std::optional<Token> token_of(std::string_view uri, const transaction::Seed& secret) {
    const auto scheme = uri.find("sip:");
    if (scheme == std::string_view::npos) return std::nullopt;
    const auto user = uri.substr(scheme + 4);
    const auto at = user.find('@');
    if (at == std::string_view::npos || at != (token_octets * 8 + 4) / 5) return std::nullopt;
    return decode(user.substr(0, at), secret);
}

std::string encode(const Branch& branch) {
    std::array<std::uint8_t, branch_octets> octets{};
    auto* place = octets.data();
    put(place, branch.worker, 1);
    put(place, branch.epoch, 2);
    put(place, branch.number, 6);
    put(place, branch.loop, 8);
    return std::string(transaction::magic_cookie) + to_text(octets.data(), octets.size());
}

std::optional<Branch> decode_branch(std::string_view text) {
    if (text.substr(0, transaction::magic_cookie.size()) != transaction::magic_cookie) return std::nullopt;
    std::array<std::uint8_t, branch_octets> octets{};
    if (!from_text(text.substr(transaction::magic_cookie.size()), octets.data(), octets.size())) return std::nullopt;
    const auto* place = octets.data();
    Branch branch;
    branch.worker = static_cast<std::uint8_t>(get(place, 1));
    branch.epoch = static_cast<std::uint16_t>(get(place, 2));
    branch.number = get(place, 6);
    branch.loop = get(place, 8);
    return branch;
}

std::uint64_t loop_hash(const sip::Message& request, const transaction::Seed& secret) {
    using sip::HeaderId;
    std::string text;
    text.reserve(512);
    const auto add = [&text](std::string_view part) { text.append(part).push_back('\n'); };
    add(request.request_uri());
    for (const auto id : {HeaderId::route, HeaderId::proxy_require, HeaderId::proxy_authorization})
        for (const auto value : request.values(id)) add(value);
    add(request.from_tag());
    add(request.to_tag());
    add(request.call_id());
    add(std::to_string(request.cseq()));
    return transaction::keyed_hash(secret, text);
}

bool is_loop(const sip::Message& request, const transaction::Seed& secret) {
    // The hash is only worth making when a Via could be ours.
    std::optional<std::uint64_t> hash;
    for (const auto value : request.values(sip::HeaderId::via)) {
        const auto via = sip::Via::parse(value);
        const auto branch = via ? decode_branch(via->branch()) : std::nullopt;
        if (!branch) continue;
        if (!hash) hash = loop_hash(request, secret);
        if (branch->loop == *hash) return true;
    }
    return false;
}

}  // namespace isthmus::proxy
