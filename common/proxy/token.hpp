// What we write into our own Record-Route, Service-Route, Path and Contact URIs and into our Via branches, so that
// what comes back finds the worker and the thing it belongs to (architecture section 3, HX-SES-11, DG-SES-05).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/sip/message.hpp"
#include "common/transaction/key.hpp"

namespace isthmus::proxy {

/// The position a token stands for.
enum class Position : std::uint8_t {
    access = 1,     ///< Record-Route of the P-CSCF
    path,           ///< Path of the P-CSCF: one access binding
    service_route,  ///< Service-Route of the S-CSCF: originating, one registration
    originating,    ///< Record-Route of the S-CSCF, served user calls
    terminating,    ///< Record-Route of the S-CSCF, served user is called
    bridge,         ///< Contact of a translated dialog
    hop             ///< Record-Route of a node that serves nobody
};

struct Token {
    Position position = Position::hop;
    std::uint8_t worker = 0;
    std::uint16_t epoch = 0;  ///< of the process that made it; workers of another epoch are nobody's
    std::uint64_t id = 0;     ///< binding, registration or dialog; 0 where the position says all

    bool operator==(const Token&) const = default;
};

/// 32 characters for a URI's user part, signed: nobody else can make or change one.
std::string encode(const Token& token, const transaction::Seed& secret);
/// Nothing for text that we did not sign.
std::optional<Token> decode(std::string_view text, const transaction::Seed& secret);
/// The token in the user part of a SIP URI or name-addr, without parsing it; for the dispatcher.
std::optional<Token> token_of(std::string_view uri_or_name_addr, const transaction::Seed& secret);

/// A branch of ours: unique, and telling the worker that waits for the response.
struct Branch {
    std::uint8_t worker = 0;
    std::uint16_t epoch = 0;
    std::uint64_t number = 0;  ///< counts up in each worker; 48 bits are written
    std::uint64_t loop = 0;    ///< loop_hash() of the request it was made for

    bool operator==(const Branch&) const = default;
};

std::string encode(const Branch& branch);
std::optional<Branch> decode_branch(std::string_view text);

/// RFC 3261 16.6 item 8 as DG-SES-06 has it: equal for a request that comes back as it was, different for a spiral.
std::uint64_t loop_hash(const sip::Message& request, const transaction::Seed& secret);
/// True when one of `request`'s Vias carries a branch of ours made for a request equal to this one.
bool is_loop(const sip::Message& request, const transaction::Seed& secret);

}  // namespace isthmus::proxy
