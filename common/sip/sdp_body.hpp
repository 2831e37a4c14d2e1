// Where the session description of a message is: the whole body, or one part of a multipart body, and whether
// it may be changed (IW-BRD-04, IW-POL-07).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/sip/message.hpp"
#include "common/sip/sdp.hpp"

namespace isthmus::sip {

struct SdpBody {
    Sdp sdp;
    bool changeable = true;  ///< false: signed, encoded, or covered by an Identity header
    std::size_t offset = 0;  ///< of the description in the message's body
    std::size_t length = 0;
};

/// Nothing when there is no description, or it cannot be read (encrypted, compressed, malformed).
std::optional<SdpBody> sdp_of(const Message& message);
/// True when a signature or encryption forbids any change of the body, even where no description can be read.
bool body_is_sealed(const Message& message);
/// Puts `sdp` in the place `found` came from; the other parts stay to the byte. Only for a changeable one.
void replace_sdp(Message& message, const SdpBody& found, const Sdp& sdp);
/// Makes the description the whole body (the last relaxation level). Only for a changeable one.
void reduce_to_sdp(Message& message, const SdpBody& found);

}  // namespace isthmus::sip
