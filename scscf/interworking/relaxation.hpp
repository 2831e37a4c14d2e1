// The relaxation levels: how much of what the IMS demands is taken off an INVITE towards the Internet
// (table "Relaxation levels", IW-POL-06, IW-POL-07, IW-ORG-05). Always applied to the INVITE as it was received.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/sip/message.hpp"
#include "common/sip/option_tags.hpp"
#include "scscf/interworking/capability.hpp"

namespace isthmus::interworking {

/// L0 as received, L1 "optional", L2 "without", L3 "plain".
enum class Level : std::uint8_t { as_received, optional, without, plain };
/// "L0" ... "L3".
std::string_view level_name(Level level);

struct TagSets {
    sip::OptionTags require;
    sip::OptionTags proxy_require;
    sip::OptionTags supported;

    static TagSets of(const sip::Message& message);
    [[nodiscard]] sip::OptionTags demanded() const { return require | proxy_require; }
};

/// What one attempt changes against the INVITE as received. Only ever lowers, but for `demanded` (IW-POL-06).
struct Relaxation {
    Level level = Level::as_received;
    sip::OptionTags demanded;      ///< from Supported to Require, because a 421 asked for it (T07)
    sip::OptionTags moved;         ///< from Require to Supported
    sip::OptionTags dropped;       ///< from Require and Supported
    bool weaken_strength = false;  ///< des:qos mandatory -> optional
    bool strip_qos = false;        ///< all qos lines go

    /// L1 on top of this one: precondition and 100rel no longer demanded.
    [[nodiscard]] Relaxation optional() const;
    /// L2 on top of this one, for exactly these tags; qos lines go only with precondition.
    [[nodiscard]] Relaxation without(const sip::OptionTags& tags) const;
    /// L3 on top of this one.
    [[nodiscard]] Relaxation plain() const;
};

/// The facts of the INVITE as received that the rules need.
struct Offer {
    TagSets tags;
    bool qos_lines = false;
    bool inactive_until_met = false;  ///< the Rel-6 form: streams wait for their resources (E06)
    bool sealed = false;              ///< the body may not be changed (IW-POL-07)

    static Offer of(const sip::Message& invite);
};

/// What an attempt at this relaxation carries.
struct Sent {
    Level level = Level::as_received;
    TagSets tags;
    bool qos_lines = false;
    bool strengths_weakened = false;

    static Sent of(const Offer& offer, const Relaxation& relaxation);
};

/// IW-ORG-05: equal keys are equal attempts.
std::string progress_key(const Sent& sent, std::string_view transport);

/// What a plain SIP server may stumble over besides preconditions: a multipart body, P- header fields (T15).
bool carries_extras(const sip::Message& invite);

/// Brings an INVITE (header fields and SDP) to the level. `peer`: methods it is known to lack leave Allow at L3.
void relax(sip::Message& invite, const Relaxation& relaxation, const CapabilityVector& peer);

}  // namespace isthmus::interworking
