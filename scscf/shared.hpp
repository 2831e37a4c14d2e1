// What all workers of an S-CSCF see.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/observability/metrics.hpp"
#include "common/runtime/address_range.hpp"
#include "common/subscriber/directory.hpp"
#include "scscf/call_rates.hpp"
#include "scscf/policy_loader.hpp"
#include "scscf/registrar_service.hpp"
#include "scscf/registration_table.hpp"

namespace isthmus::scscf {

struct Settings {
    RegistrarSettings registrar;
    std::string icscf;  ///< SIP URI
    std::vector<std::string> home_domains;
    std::vector<runtime::AddressRange> trusted;
    bool follow_redirections = false;  ///< 3xx of a callee to users of ours (`redirect_term`, FK-SES-04, ST-SES-11)
};

/// What an operator hears of users that change their S-CSCF (SR-REG-54..57).
struct RestorationEvent {
    enum class Kind : std::uint8_t {
        taken_over,  ///< from `server`
        lost,        ///< somebody else serves the user
        circle       ///< sent here as ours, while the directory names `server`
    };
    Kind kind;
    std::string identity;
    std::string server;
};

/// What the workers of an S-CSCF share; it outlives them.
struct Shared {
    Settings settings;
    subscriber::Directory* directory = nullptr;
    PolicyStore* policy = nullptr;
    observability::Metrics* metrics = nullptr;
    RegistrationTable registrations;
    CallRates call_rates;
    std::function<void(const RestorationEvent&)> report;  ///< called on any thread; may be empty
    std::vector<RegistrarService*> registrars;            ///< by worker; filled as the roles are made
};

}  // namespace isthmus::scscf
