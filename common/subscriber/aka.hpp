// Authentication vectors and re-synchronisation of AKA as a home network does them (TS 33.102 6.3, annex C;
// cx.md sections 7 and 9, CX-60). Pure: the random challenge and the sequence number come from the caller.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/subscriber/directory.hpp"
#include "common/subscriber/milenage.hpp"

namespace isthmus::subscriber::aka {

/// What the directory and the subscriber's card share.
struct Secret {
    Block k{};
    Block opc{};
    Amf amf{};
};

using Number = std::uint64_t;  ///< SQN: 48 bits, SEQ (43) then IND (5)
Sqn octets_of(Number sqn);
Number number_of(const Sqn& sqn);

/// CX-41.
AkaVector make_vector(const Secret& secret, Number sqn, const Block& rand);

/// The card's SQN out of an AUTS it made for `rand`; nothing when its MAC-S is not the card's (CX-60).
std::optional<Number> open_auts(const Secret& secret, const Resynchronisation& said);

}  // namespace isthmus::subscriber::aka
