// May this call go to that domain, and how: access and mode with their reason (IW-POL-01, 04, 09; IW-RES-03).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scscf/policy/model.hpp"

namespace isthmus::policy {

class Snapshot;

/// What the decision looks at. The caller has found the destination to be outside (IW-RTE-01).
struct CallFacts {
    std::string_view host;           ///< of the Request-URI; an IPv6 reference keeps its brackets
    bool emergency = false;          ///< urn:service:sos
    bool resource_priority = false;  ///< Resource-Priority in a namespace of ours (IW-POL-04)
};

/// The answer to the subscriber; the Warning agent is the caller's host name (IW-RES-06).
struct Refusal {
    int status = 403;
    std::string_view reason_phrase = "Forbidden";
    int warning_code = 399;
    std::string warning_text;
};

/// The row as it stood in the snapshot, so that a log line can name it without the snapshot.
struct RowReference {
    std::int64_t id = 0;
    std::string pattern;
};

struct Decision {
    Access access = Access::deny;
    Mode mode = Mode::pass;           ///< with access allow
    std::optional<RowReference> row;  ///< none: no row matched (IW-POL-09)
    std::string_view rule_id;         ///< "IW-POL-01", "IW-POL-04", "IW-POL-09", "IW-RTE-02"
    std::string explanation;          ///< for people: what was looked at and why it ends so
    std::int64_t policy_version = 0;
    std::optional<Refusal> refusal;  ///< with access deny
    Parameters parameters;           ///< with access allow
};

Decision decide(const Snapshot& snapshot, const CallFacts& call);

/// A STRICT row's refusal: the far side lacks `capability`, e.g. "precondition" (IW-RES-03). The Reason header
/// (cause of the net leg) is the engine's, which saw the response.
Refusal lacks_required_capability(std::string_view capability);

}  // namespace isthmus::policy
