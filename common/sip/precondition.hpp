// Quality-of-service preconditions in a session description (RFC 3312, RFC 4032; IW-CAP-01..03).
// "local" is always the side that wrote the description.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/sip/sdp.hpp"

namespace isthmus::sip::qos {

enum class Status : std::uint8_t { e2e, local, remote };
enum class Strength : std::uint8_t { mandatory, optional, none, failure, unknown };

/// Bits: 1 send, 2 receive.
using Directions = std::uint8_t;

/// a=curr:qos, a=des:qos or a=conf:qos (IW-CAP-01).
struct Condition {
    enum class Kind : std::uint8_t { current, desired, confirm };
    Kind kind = Kind::current;
    Status status = Status::local;
    Strength strength = Strength::none;  ///< of a desired one
    Directions directions = 0;

    /// Nothing when the line is no such attribute, or not of type qos, or malformed.
    static std::optional<Condition> parse(const Sdp::Line& line);
};

/// The conditions of one stream.
class Stream {
  public:
    explicit Stream(const Sdp::Section& section);

    [[nodiscard]] bool empty() const { return conditions_.empty(); }
    /// IW-CAP-03: no mandatory condition blocks; optional and none never do.
    [[nodiscard]] bool met() const;
    /// The writer has not (all) the resources it wants on its own side.
    [[nodiscard]] bool unmet_locally() const;
    /// Of the first a=des line of that status.
    [[nodiscard]] std::optional<Strength> desired(Status status) const;
    [[nodiscard]] bool has_strength(Strength strength) const;

  private:
    [[nodiscard]] Directions current(Status status) const;

    std::vector<Condition> conditions_;
};

/// Any qos line at all, also a malformed one or one at session level.
bool present(const Sdp& sdp);
/// The conditions of the streams that are not refused (port 0), in order; those without conditions left out.
std::vector<Stream> streams(const Sdp& sdp);
/// IW-CAP-03 over all streams.
bool met(const Sdp& sdp);
/// E06: some stream has unmet local qos, and every such stream is a=inactive.
bool inactive_until_met(const Sdp& sdp);

/// L1: every `des:qos mandatory` becomes `optional`; nothing else of the line changes. False when nothing did.
bool weaken(Sdp& sdp);
/// L2: all qos lines go. False when there were none.
bool strip(Sdp& sdp);

}  // namespace isthmus::sip::qos
