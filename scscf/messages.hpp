// The S-CSCF's own entries of the message catalogue.
#pragma once

#include "common/observability/log.hpp"
#include "common/observability/message.hpp"
#include "scscf/policy_loader.hpp"

namespace isthmus::scscf {

namespace messages {

inline constexpr observability::Message policy_loaded = observability::MessageText{
    .id = "ISTHMUS-PO-001",
    .level = observability::Level::info,
    .text = "policy version {version} is in force, {rows} rows",
    .meaning = "Calls to Internet domains are decided by this version from now on.",
    .cause = "The program started, or an operator changed the policy.",
    .action = "Nothing.",
};
inline constexpr observability::Message policy_waiting = observability::MessageText{
    .id = "ISTHMUS-PO-002",
    .level = observability::Level::warning,
    .text = "no policy yet: {reason}",
    .meaning = "Calls to Internet domains are answered with 504 until the policy is read.",
    .cause = "The database cannot be reached or refuses the login.",
    .action = "Start PostgreSQL; check [database] conninfo.",
};
inline constexpr observability::Message policy_row_rejected = observability::MessageText{
    .id = "ISTHMUS-PO-003",
    .level = observability::Level::error,
    .text = "policy row {pattern} is left out: its pattern cannot be read",
    .meaning = "Calls this row is for are decided by the other rows.",
    .cause = "The row was written past the checks of the schema.",
    .action = "Write it again with policy.allow_domain() or policy.deny_domain().",
};
inline constexpr observability::Message policy_database_lost = observability::MessageText{
    .id = "ISTHMUS-PO-004",
    .level = observability::Level::error,
    .text = "the policy database is gone: {reason}; version {version} stays in force",
    .meaning = "Calls go on by the last policy; changes do not arrive.",
    .cause = "PostgreSQL stopped or the network to it broke.",
    .action = "Bring PostgreSQL back; the policy is compared by version and read again.",
};
inline constexpr observability::Message policy_database_back = observability::MessageText{
    .id = "ISTHMUS-PO-005",
    .level = observability::Level::info,
    .text = "the policy database is back, version {version}",
    .meaning = "The policy in force is the one of the database.",
    .cause = "PostgreSQL came back.",
    .action = "Nothing.",
};

}  // namespace messages

void report(observability::Log& log, const PolicyEvent& event);

}  // namespace isthmus::scscf
