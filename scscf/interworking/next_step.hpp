// Column RETRY of the failure table: what is tried after a failure (internet-interworking.md section 4, IW-ENG-01,
// IW-ENG-04). Guards on the call as a whole (IW-ORG-03, IW-ORG-05, IW-RET-06) are the engine's.
#pragma once

#include <optional>
#include <string>

#include "scscf/interworking/failure.hpp"
#include "scscf/interworking/relaxation.hpp"
#include "scscf/interworking/terms.hpp"

namespace isthmus::interworking {

/// The attempt that failed, as it went out.
struct Tried {
    Relaxation relaxation;
    Role role = Role::proxy;
    bool again = false;             ///< not the first one to its target
    bool with_credentials = false;  ///< ours, after a challenge (T20)
    bool extras = false;            ///< a multipart body or header fields that L3 takes off (T15)
    std::string transport;          ///< it went by: "udp", "tcp", "tls"
};

struct Step {
    Relaxation relaxation;
    Role role = Role::b2bua;
    std::string transport;  ///< "tcp" where that is what changes (T24); empty: as RFC 3263 finds it
    bool with_credentials = false;
    bool repeats_key = false;  ///< the named exceptions of IW-ORG-05: T20, and IW-RET-05 in the other role
    std::string what;          ///< "L1", "L0 by TCP": for the reason
};

/// `refused`: tags that a 420 in this response context named (T07). Nothing where the table says "pass", where the
/// step would change nothing, or where only another tool could take it.
std::optional<Step> next_step(const Classified& classified, const Failure& failure, const Offer& offer,
                              const Tried& tried, const Terms& terms, const sip::OptionTags& refused);

}  // namespace isthmus::interworking
