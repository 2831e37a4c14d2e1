// What policy and detection say of one callee target before the first INVITE (IW-POL-01, IW-RET-01, IW-RET-06).
#pragma once

#include <cstdint>

#include "common/sip/option_tags.hpp"
#include "scscf/interworking/detection.hpp"

namespace isthmus::interworking {

enum class Mode : std::uint8_t { strict, pass, retry };
enum class Role : std::uint8_t { proxy, b2bua };

struct Terms {
    Mode mode = Mode::pass;
    Role role = Role::proxy;        ///< of the first attempt: first_role()
    Role retry_role = Role::b2bua;  ///< of further attempts, while nothing forces the b2bua role
    bool may_rewrite_sdp = false;   ///< a retry in the proxy role may change the SDP (IW-RET-01)
    bool peer_auth = false;         ///< credentials for the hop are provisioned (T20)
    sip::OptionTags required_caps;  ///< as the policy row names them
    sip::OptionTags known_missing;  ///< capabilities the destination is known to lack (provisioned, learned)
    unsigned max_attempts = 3;
};

/// IW-RET-06: the role of the first attempt. `privacy_needs_b2bua`: see border.hpp (IW-IDP-04).
Role first_role(const Terms& terms, UeClass ue_class, bool qos_lines, bool privacy_needs_b2bua);

}  // namespace isthmus::interworking
