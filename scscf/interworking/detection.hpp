// Which release a UE behaves like, and what kind of peer the far side is (IW-DET).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/sip/message.hpp"
#include "scscf/interworking/capability.hpp"

namespace isthmus::interworking {

enum class UeClass : std::uint8_t { rel5, rel6, plain, unknown };
/// "UE_R5", "UE_R6", "UE_PLAIN", "UE_UNKNOWN".
std::string_view ue_class_name(UeClass ue_class);

/// What is known of the UE besides its INVITE.
struct KnownOfUe {
    std::optional<UeClass> provisioned;     ///< of the IMPI or IMPU
    bool contact_had_feature_tags = false;  ///< E15, of the registered binding
};

struct Evidence {
    std::string id;    ///< "E01"
    std::string text;  ///< "Require contains precondition"
    int rel5 = 0;
    int rel6 = 0;
};

struct Detection {
    UeClass ue_class = UeClass::unknown;
    std::string rule;  ///< "IW-DET-01(b)"
    std::vector<Evidence> evidence;

    /// "UE_R5 by IW-DET-01(c): E01 Require contains precondition (+4/0); ..."
    [[nodiscard]] std::string describe() const;
};

/// Classifies the sender of an initial INVITE (IW-DET-01, IW-DET-02).
Detection detect_ue(const sip::Message& invite, const KnownOfUe& known);

enum class PeerClass : std::uint8_t { ims, sip_with_extensions, plain, unknown };

struct PeerFacts {
    bool trusted_interconnect = false;  ///< the link is configured as trusted
    CapabilityVector capabilities;
};

/// IW-DET-04. Over a link that is not trusted, P- and g.3gpp content is no evidence; so it is no input here.
PeerClass classify_peer(const PeerFacts& facts);

}  // namespace isthmus::interworking
