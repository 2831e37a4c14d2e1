// The S-CSCF: registrar of its users, and the one who decides where their calls go (sessions.md 4-7, 13).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/observability/metrics.hpp"
#include "common/runtime/address_range.hpp"
#include "common/runtime/core.hpp"
#include "common/subscriber/directory.hpp"
#include "scscf/policy_loader.hpp"
#include "scscf/registrar_service.hpp"
#include "scscf/registration_table.hpp"

namespace isthmus::scscf {

struct Settings {
    RegistrarSettings registrar;
    std::string icscf;  ///< SIP URI
    std::vector<std::string> home_domains;
    std::vector<runtime::AddressRange> trusted;
};

/// What the workers of an S-CSCF share; it outlives them.
struct Shared {
    Settings settings;
    subscriber::Directory* directory = nullptr;
    PolicyStore* policy = nullptr;
    observability::Metrics* metrics = nullptr;
    RegistrationTable registrations;
    std::vector<RegistrarService*> registrars;  ///< by worker; filled as the roles are made
};

/// The worker that owns the registrations of a private identity.
std::size_t registration_owner(const runtime::Core& core, const std::string& private_identity);

std::unique_ptr<runtime::Role> make_role(runtime::Core& core, Shared& shared);

}  // namespace isthmus::scscf
