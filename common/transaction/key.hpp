// Which transaction a message belongs to (RFC 3261 17.1.3, 17.2.3), as one 128-bit keyed hash.
//
// A hash instead of the text: a lingering transaction costs no copy of its branch, and a sender who does not know
// the seed cannot make two transactions meet.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/sip/message.hpp"

namespace isthmus::transaction {

struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool operator==(const Key&) const = default;
};

struct KeyHash {
    std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(key.low); }
};

using Seed = std::array<std::uint64_t, 2>;

/// SipHash-2-4 of `text`: what has to be unguessable from outside is hashed with it.
std::uint64_t keyed_hash(const Seed& seed, std::string_view text);

/// Top Via branch and sent-by and the method (ACK counts as INVITE); for a branch without the magic cookie, or with
/// nothing behind it, the older rule of 17.2.3: Request-URI, tags, Call-ID, CSeq number, top Via.
Key server_key(const Seed& seed, const sip::Message& request);
/// The server transaction a CANCEL speaks of: the same, with INVITE's method (RFC 3261 9.2).
Key cancelled_key(const Seed& seed, const sip::Message& cancel);
/// Top Via branch and CSeq method.
Key client_key(const Seed& seed, std::string_view branch, std::string_view method);

constexpr std::string_view magic_cookie = "z9hG4bK";

}  // namespace isthmus::transaction
