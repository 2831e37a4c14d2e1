// The messages of the rooms under common/. A role has a catalogue of its own beside its pipeline.
#pragma once

#include <array>

#include "common/observability/message.hpp"

namespace isthmus::observability::messages {

inline constexpr Message node_started = MessageText{
    .id = "ISTHMUS-RT-001",
    .level = Level::info,
    .text = "{role} {version} started with {workers} workers, listening on {addresses}",
    .meaning = "The node is up and takes requests.",
    .cause = "It was started.",
    .action = "Nothing.",
};
inline constexpr Message node_stopping = MessageText{
    .id = "ISTHMUS-RT-002",
    .level = Level::info,
    .text = "stopping on {reason}, {transactions} transactions open",
    .meaning = "The node takes no new requests and lets open transactions end.",
    .cause = "It was asked to stop.",
    .action = "Nothing.",
};
inline constexpr Message node_stopped = MessageText{
    .id = "ISTHMUS-RT-003",
    .level = Level::info,
    .text = "stopped, {transactions} transactions were cut off",
    .meaning = "The node has ended.",
    .cause = "It was asked to stop; cut off transactions did not end within the time allowed.",
    .action = "If transactions are cut off often, allow more time before the process is killed.",
};
inline constexpr Message worker_failed = MessageText{
    .id = "ISTHMUS-RT-004",
    .level = Level::error,
    .text = "worker {worker} caught an exception: {what}",
    .meaning = "A message or event was given up; the worker goes on with the next one.",
    .cause = "A programming error.",
    .action = "Report it with the trace of the call named before it.",
};
inline constexpr Message connection_closed = MessageText{
    .id = "ISTHMUS-TP-004",
    .level = Level::debug,
    .text = "connection with {peer} closed: {reason}",
    .meaning = "A TCP connection has ended; the next request opens another.",
    .cause = "The peer closed it, or it broke framing or its queue was full.",
    .action = "If the reason is a full queue, the peer reads too slowly.",
};
inline constexpr Message tls_failed = MessageText{
    .id = "ISTHMUS-TP-005",
    .level = Level::warning,
    .text = "no TLS with {peer} for {domain}: {reason}",
    .meaning = "Requests for that peer fail at once; nothing is sent in clear text instead.",
    .cause =
        "Its certificate has expired, does not name the domain or is of an authority we do not know; or it refused "
        "ours.",
    .action = "Correct the peer's certificate, or [tls] authorities here.",
};
inline constexpr Message tls_client_failed = MessageText{
    .id = "ISTHMUS-TP-006",
    .level = Level::debug,
    .text = "no TLS with {peer}, who connected: {reason}",
    .meaning = "The connection was closed before anything was received.",
    .cause = "The peer speaks no TLS, does not believe our certificate, or showed none where one is required.",
    .action = "Nothing for strangers. For a neighbour: compare [tls] of both.",
};
inline constexpr Message certificates_in_use = MessageText{
    .id = "ISTHMUS-TP-007",
    .level = Level::info,
    .text = "{certificates} certificates in use, the first expires: {expires}",
    .meaning = "New TLS connections use what the files of [tls] hold now; those that exist go on.",
    .cause = "The node started, or SIGHUP told it to read them again.",
    .action = "Renew a certificate before it expires, then send SIGHUP.",
};
inline constexpr Message certificate_warning = MessageText{
    .id = "ISTHMUS-TP-008",
    .level = Level::warning,
    .text = "{reason}",
    .meaning = "Peers that check it will refuse to speak with us.",
    .cause = "A certificate of ours was not renewed, or the clock is wrong.",
    .action = "Renew the certificate and send SIGHUP; check the clock.",
};
inline constexpr Message certificates_refused = MessageText{
    .id = "ISTHMUS-TP-009",
    .level = Level::error,
    .text = "certificates not read again: {reason}",
    .meaning = "The certificates of before stay in use.",
    .cause = "A file of [tls] is missing, broken, or its key is another one's.",
    .action = "Correct the file and send SIGHUP again.",
};
inline constexpr Message dns_silent = MessageText{
    .id = "ISTHMUS-DN-001",
    .level = Level::error,
    .text = "no name server answers: {type} {name}: {reason}",
    .meaning = "Calls to names that are not remembered are answered with 504; numeric and remembered ones go on.",
    .cause = "The name servers of [dns] servers are down or not reachable.",
    .action = "Bring one back or name another; nothing needs a restart once they answer.",
};
inline constexpr Message dns_answers = MessageText{
    .id = "ISTHMUS-DN-002",
    .level = Level::info,
    .text = "a name server answers again",
    .meaning = "Names are looked up as usual.",
    .cause = "A name server came back.",
    .action = "Nothing.",
};
inline constexpr Message database_waiting = MessageText{
    .id = "ISTHMUS-DB-001",
    .level = Level::warning,
    .text = "waiting for the database: {reason}",
    .meaning = "The node has started but has no subscriber data yet; it keeps trying.",
    .cause = "PostgreSQL is not running, not reachable, or refuses the login.",
    .action = "Start PostgreSQL; check [database] conninfo.",
};
inline constexpr Message database_connected = MessageText{
    .id = "ISTHMUS-DB-002",
    .level = Level::info,
    .text = "connected to the database, schema {schema}",
    .meaning = "Subscriber data and policy are at hand.",
    .cause = "The node started, or PostgreSQL came back.",
    .action = "Nothing.",
};
inline constexpr Message database_lost = MessageText{
    .id = "ISTHMUS-DB-003",
    .level = Level::error,
    .text = "lost the database: {reason}",
    .meaning = "Calls go on with what is known; registrations are refused with 503 until it is back.",
    .cause = "PostgreSQL stopped or the network to it broke.",
    .action = "Bring PostgreSQL back; the node reconnects by itself.",
};
inline constexpr Message trace_failed = MessageText{
    .id = "ISTHMUS-OB-003",
    .level = Level::error,
    .text = "cannot write the trace {file}: {reason}",
    .meaning = "Messages are no longer traced.",
    .cause = "The disk is full or the folder is not writable.",
    .action = "Correct [trace] file, or make room.",
};

inline constexpr std::array all = {
    &node_started,        &node_stopping,        &node_stopped,      &worker_failed,
    &connection_closed,   &tls_failed,           &tls_client_failed, &certificates_in_use,
    &certificate_warning, &certificates_refused, &database_waiting,  &database_connected,
    &database_lost,       &trace_failed,         &dns_silent,        &dns_answers,
};

}  // namespace isthmus::observability::messages
