// To which contacts a terminating request goes, and in which order (ST-SES-04, ST-SES-06, ST-SES-10), pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "common/ims/profile.hpp"
#include "scscf/session/disposition.hpp"

namespace isthmus::session {

struct Contact {
    ims::Binding binding;
    std::uint16_t group = 0;  ///< tried in rising order, equal ones at once
};

/// Live contacts by falling q, newest first among equals, at most ten; one of them where the caller wants no fork.
std::vector<Contact> target_set(const std::vector<ims::Binding>& bindings, std::chrono::system_clock::time_point now,
                                const Disposition& wanted = {});

}  // namespace isthmus::session
