// A UE's calls take the way its registration gave them (PO-SES-02), pure.
#pragma once

#include <string>
#include <vector>

#include "common/sip/message.hpp"

namespace isthmus::pcscf {

enum class RouteCheck : std::uint8_t { reject, replace };
enum class RouteVerdict : std::uint8_t { as_registered, replaced, refused };

/// Our own entry is off the Route already. Overwrites it with `service_route` where it differs and `check` says so.
RouteVerdict enforce_route(sip::Message& request, const std::vector<std::string>& service_route, RouteCheck check);

}  // namespace isthmus::pcscf
