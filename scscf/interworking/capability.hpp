// What an endpoint can do, and how we know (IW-CAP). Only explicit evidence gives "no" (IW-CAP-05).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/sip/message.hpp"
#include "common/sip/option_tags.hpp"

namespace isthmus::interworking {

enum class Capability : std::uint8_t { precondition, reliable_responses, update, prack, timer, count_ };
enum class Has : std::uint8_t { unknown, yes, no };
enum class Source : std::uint8_t {
    none,
    request_header,
    response_header,
    unsupported,     ///< named by a 420
    method_refused,  ///< 405 or 501 to the method
    ignored,         ///< required, and answered as if it were not (IW-DET-05)
    sdp,
    provisioned
};

/// "precondition", "100rel", "update", "prack", "timer".
std::string_view capability_name(Capability capability);

class CapabilityVector {
  public:
    struct Fact {
        Has has = Has::unknown;
        Source source = Source::none;
    };

    [[nodiscard]] Fact of(Capability capability) const { return facts_.at(static_cast<std::size_t>(capability)); }
    [[nodiscard]] bool lacks(Capability capability) const { return of(capability).has == Has::no; }
    [[nodiscard]] bool shows(Capability capability) const { return of(capability).has == Has::yes; }
    /// The newest evidence stands, except that nothing overrides what was provisioned.
    void note(Capability capability, Has has, Source source);
    /// "precondition=no (420), update=yes (header)"; what is unknown is left out.
    [[nodiscard]] std::string describe() const;

  private:
    std::array<Fact, static_cast<std::size_t>(Capability::count_)> facts_{};
};

/// What an initial INVITE shows of who sent it. An Allow without UPDATE says no; no Allow says nothing (IW-CAP-04).
void learn_from_request(CapabilityVector& vector, const sip::Message& invite);
/// What a response shows of who sent it.
void learn_from_response(CapabilityVector& vector, const sip::Message& response);

}  // namespace isthmus::interworking
