// The S-CSCF's own entries of the message catalogue.
#pragma once

#include <array>

#include "common/observability/log.hpp"
#include "common/observability/message.hpp"
#include "scscf/policy_loader.hpp"
#include "scscf/shared.hpp"

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

inline constexpr observability::Message user_taken_over = observability::MessageText{
    .id = "ISTHMUS-SC-001",
    .level = observability::Level::info,
    .text = "{identity} is served here now, {server} did not answer",
    .meaning = "This S-CSCF took the user's registration over with all contacts.",
    .cause = "An I-CSCF had no answer from the other S-CSCF.",
    .action = "If that was not on purpose, look why the other one did not answer.",
};
inline constexpr observability::Message user_lost = observability::MessageText{
    .id = "ISTHMUS-SC-002",
    .level = observability::Level::info,
    .text = "{identity} is served by another S-CSCF now, the copy here is dropped",
    .meaning = "Requests for the user that come here are sent on.",
    .cause = "This S-CSCF did not answer an I-CSCF in time, so another one took the user over.",
    .action = "If it was running all the time, look at the network between it and the I-CSCFs.",
};
inline constexpr observability::Message assignment_circle = observability::MessageText{
    .id = "ISTHMUS-SC-003",
    .level = observability::Level::error,
    .text = "a request for {identity} was sent here, but the directory names {server}; answered with 500",
    .meaning = "S-CSCFs disagree about who serves the user; the request was ended before it could go round.",
    .cause = "S-CSCFs read different databases, or two of them have each other's name in scscf.uri.",
    .action = "Compare [database] conninfo and scscf.uri of the S-CSCFs.",
};

inline constexpr std::array all = {&policy_loaded,        &policy_waiting,  &policy_row_rejected, &policy_database_lost,
                                   &policy_database_back, &user_taken_over, &user_lost,           &assignment_circle};

}  // namespace messages

void report(observability::Log& log, const PolicyEvent& event);
void report(observability::Log& log, const RestorationEvent& event);

}  // namespace isthmus::scscf
