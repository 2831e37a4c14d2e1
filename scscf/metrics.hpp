// The S-CSCF's own entries of the catalogue of metrics.
#pragma once

#include <array>

#include "common/observability/metric.hpp"

namespace isthmus::scscf::measures {

inline constexpr observability::Metric registrations = observability::MetricText{
    .name = "isthmus_registrations",
    .kind = observability::MetricKind::gauge,
    .unit = "sets",
    .help = "Implicit registration sets with a live contact",
};
inline constexpr observability::Metric policy_version = observability::MetricText{
    .name = "isthmus_policy_version",
    .kind = observability::MetricKind::gauge,
    .unit = "version",
    .help = "Version of the policy in force",
};
inline constexpr observability::Metric policy_rows = observability::MetricText{
    .name = "isthmus_policy_rows",
    .kind = observability::MetricKind::gauge,
    .unit = "rows",
    .help = "Rows of the policy in force",
};
inline constexpr observability::Metric policy_age = observability::MetricText{
    .name = "isthmus_policy_age_seconds",
    .kind = observability::MetricKind::gauge,
    .unit = "seconds",
    .help = "How long the database has not confirmed the policy",
};
inline constexpr observability::Metric internet_attempts = observability::MetricText{
    .name = "isthmus_internet_attempts_total",
    .kind = observability::MetricKind::counter,
    .unit = "requests",
    .labels = {"level", "status"},
    .help = "INVITEs to Internet domains by relaxation level and final status",
};
inline constexpr observability::Metric internet_calls = observability::MetricText{
    .name = "isthmus_internet_calls_total",
    .kind = observability::MetricKind::counter,
    .unit = "calls",
    .labels = {"mode", "outcome"},
    .help = "Calls to Internet domains by mode and outcome",
};

inline constexpr std::array all = {&registrations, &policy_version,    &policy_rows,
                                   &policy_age,    &internet_attempts, &internet_calls};

}  // namespace isthmus::scscf::measures
