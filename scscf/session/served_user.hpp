// The identities of a served user in a request (SO-SES-02, SO-SES-11), pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/ims/profile.hpp"
#include "common/sip/message.hpp"

namespace isthmus::session {

/// Canonical identities the request is made in the name of, in the order they count: P-Asserted-Identity.
std::vector<std::string> served_identities(const sip::Message& request);

/// True when `identity` is of the set and not barred (SO-SES-03).
bool may_use(const ims::Profile& profile, const std::string& identity);
bool barred(const ims::Profile& profile, const std::string& identity);

/// Adds the tel (or sip) alias of the set where only the other kind is asserted.
void complete_asserted_identity(sip::Message& request, const ims::Profile& profile);

}  // namespace isthmus::session
