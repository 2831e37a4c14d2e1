// The P-CSCF's own entries of the catalogue of metrics.
#pragma once

#include <array>

#include "common/observability/metric.hpp"

namespace isthmus::pcscf::measures {

inline constexpr observability::Metric access_bindings = observability::MetricText{
    .name = "isthmus_access_bindings",
    .kind = observability::MetricKind::gauge,
    .unit = "contacts",
    .help = "Registered contacts the P-CSCF knows",
};

inline constexpr std::array all = {&access_bindings};

}  // namespace isthmus::pcscf::measures
