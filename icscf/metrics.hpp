// The I-CSCF's own entries of the catalogue of metrics.
#pragma once

#include <array>

#include "common/observability/metric.hpp"

namespace isthmus::icscf::measures {

inline constexpr observability::Metric location_cache_entries = observability::MetricText{
    .name = "isthmus_location_cache_entries",
    .kind = observability::MetricKind::gauge,
    .unit = "identities",
    .help = "Identities whose S-CSCF is remembered",
};

inline constexpr std::array all = {&location_cache_entries};

}  // namespace isthmus::icscf::measures
