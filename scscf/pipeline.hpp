// The S-CSCF: registrar of its users, and the one who decides where their calls go (sessions.md 4-7, 13).
#pragma once

#include <memory>
#include <string>

#include "common/runtime/core.hpp"
#include "scscf/shared.hpp"

namespace isthmus::scscf {

/// The worker that owns the registrations of a private identity.
std::size_t registration_owner(const runtime::Core& core, const std::string& private_identity);

std::unique_ptr<runtime::Role> make_role(runtime::Core& core, Shared& shared);

}  // namespace isthmus::scscf
