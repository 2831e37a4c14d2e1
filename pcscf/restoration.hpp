// What a 504 says to a UE whose S-CSCF does not answer (PO-SES-15; TS 24.229 5.2.6.3, 7.6), pure.
#pragma once

#include <string>

#include "common/sip/message.hpp"

namespace isthmus::pcscf {

/// The UE is to register anew. `service_route`: the entry of the S-CSCF, by which the UE knows who speaks.
void ask_to_register(sip::Message& response, const std::string& service_route);

}  // namespace isthmus::pcscf
