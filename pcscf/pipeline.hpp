// The P-CSCF: a UE's first contact point. It registers UEs with the core, vouches for who they are, and makes their
// calls take the registered way (registration.md 2-3, sessions.md 1-2).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/runtime/address_range.hpp"
#include "common/runtime/core.hpp"
#include "common/transport/silent_hops.hpp"
#include "pcscf/access_binding.hpp"
#include "pcscf/route_enforcement.hpp"

namespace isthmus::pcscf {

struct Settings {
    std::string visited_network;
    std::string icscf;  ///< SIP URI
    std::vector<runtime::AddressRange> trusted;
    RouteCheck route_check = RouteCheck::replace;
    bool strict_contact = false;  ///< PO-SES-04
    /// A request of a user whose S-CSCF does not answer goes to the I-CSCF, which finds him another one (PO-SES-15).
    bool restoration = true;
    bool restoration_504 = true;  ///< where that comes to nothing the 504 tells the UE to register anew
    std::shared_ptr<transport::SilentHops> silent = std::make_shared<transport::SilentHops>();  ///< S-CSCFs
    transaction::Timing access_timing{2000, 16'000, 17'000};
};

/// `settings` and `bindings` serve all workers and outlive them.
std::unique_ptr<runtime::Role> make_role(runtime::Core& core, const Settings& settings, BindingTable& bindings);

}  // namespace isthmus::pcscf
