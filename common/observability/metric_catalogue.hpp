// The metrics of the rooms under common/: every node has them. A role has a catalogue of its own beside its pipeline.
#pragma once

#include <array>

#include "common/observability/metric.hpp"

namespace isthmus::observability::measures {

inline constexpr Metric sip_received = MetricText{
    .name = "isthmus_sip_received_total",
    .kind = MetricKind::counter,
    .unit = "messages",
    .help = "SIP messages received",
};
inline constexpr Metric sip_sent = MetricText{
    .name = "isthmus_sip_sent_total",
    .kind = MetricKind::counter,
    .unit = "messages",
    .help = "SIP messages sent",
};
inline constexpr Metric sip_malformed = MetricText{
    .name = "isthmus_sip_malformed_total",
    .kind = MetricKind::counter,
    .unit = "messages",
    .help = "Messages refused or dropped at the door",
};
inline constexpr Metric sip_stray_responses = MetricText{
    .name = "isthmus_sip_stray_responses_total",
    .kind = MetricKind::counter,
    .unit = "messages",
    .help = "Responses that matched no transaction",
};
inline constexpr Metric sip_retransmissions = MetricText{
    .name = "isthmus_sip_retransmissions_total",
    .kind = MetricKind::counter,
    .unit = "messages",
    .help = "Requests and responses repeated, ours and theirs",
};
inline constexpr Metric sip_failovers = MetricText{
    .name = "isthmus_sip_failovers_total",
    .kind = MetricKind::counter,
    .unit = "requests",
    .help = "Requests that went to a further target",
};
inline constexpr Metric server_transactions = MetricText{
    .name = "isthmus_server_transactions",
    .kind = MetricKind::gauge,
    .unit = "transactions",
    .help = "Server transactions held",
};
inline constexpr Metric client_transactions = MetricText{
    .name = "isthmus_client_transactions",
    .kind = MetricKind::gauge,
    .unit = "transactions",
    .help = "Client transactions held",
};
inline constexpr Metric tcp_connections = MetricText{
    .name = "isthmus_tcp_connections",
    .kind = MetricKind::gauge,
    .unit = "connections",
    .help = "TCP connections open, those with TLS included",
};
inline constexpr Metric tls_connections = MetricText{
    .name = "isthmus_tls_connections",
    .kind = MetricKind::gauge,
    .unit = "connections",
    .help = "TLS connections in use",
};
inline constexpr Metric tls_failures = MetricText{
    .name = "isthmus_tls_failures_total",
    .kind = MetricKind::counter,
    .unit = "connections",
    .labels = {"opened_by", "reason"},
    .help = "TLS connections that did not come about",
};
inline constexpr Metric tls_certificate_expiry = MetricText{
    .name = "isthmus_tls_certificate_expiry_seconds",
    .kind = MetricKind::gauge,
    .unit = "seconds",
    .help = "When the first of our certificates expires, since 1970",
};
inline constexpr Metric quarantined_targets = MetricText{
    .name = "isthmus_quarantined_targets",
    .kind = MetricKind::gauge,
    .unit = "targets",
    .help = "Next hops that were put in quarantine and not asked since",
};
inline constexpr Metric dns_queries = MetricText{
    .name = "isthmus_dns_queries_total",
    .kind = MetricKind::counter,
    .unit = "questions",
    .help = "Questions put to name servers",
};
inline constexpr Metric dns_cache_hits = MetricText{
    .name = "isthmus_dns_cache_hits_total",
    .kind = MetricKind::counter,
    .unit = "questions",
    .help = "Questions answered from memory",
};
inline constexpr Metric dns_timeouts = MetricText{
    .name = "isthmus_dns_timeouts_total",
    .kind = MetricKind::counter,
    .unit = "questions",
    .help = "Questions that no name server answered",
};
inline constexpr Metric dns_negative = MetricText{
    .name = "isthmus_dns_negative_total",
    .kind = MetricKind::counter,
    .unit = "answers",
    .help = "Answers: no such name or no such record",
};
inline constexpr Metric dns_failures = MetricText{
    .name = "isthmus_dns_failures_total",
    .kind = MetricKind::counter,
    .unit = "answers",
    .help = "Answers of no use: errors, lame servers, loops of aliases",
};
inline constexpr Metric dns_cache_entries = MetricText{
    .name = "isthmus_dns_cache_entries",
    .kind = MetricKind::gauge,
    .unit = "answers",
    .help = "Answers remembered",
};
inline constexpr Metric directory_down = MetricText{
    .name = "isthmus_directory_down",
    .kind = MetricKind::gauge,
    .unit = "0 or 1",
    .help = "1 while the subscriber directory is known to be unreachable",
};
inline constexpr Metric trace_dropped = MetricText{
    .name = "isthmus_trace_dropped_total",
    .kind = MetricKind::counter,
    .unit = "records",
    .help = "Trace records dropped",
};
inline constexpr Metric hep_sent = MetricText{
    .name = "isthmus_hep_sent_total",
    .kind = MetricKind::counter,
    .unit = "messages",
    .help = "Messages sent to the HEP collector",
};
inline constexpr Metric hep_dropped = MetricText{
    .name = "isthmus_hep_dropped_total",
    .kind = MetricKind::counter,
    .unit = "messages",
    .help = "Messages the HEP queue had no room for, or that could not be sent",
};
inline constexpr Metric log_dropped = MetricText{
    .name = "isthmus_log_dropped_total",
    .kind = MetricKind::counter,
    .unit = "lines",
    .help = "Log lines dropped",
};

inline constexpr std::array all = {
    &sip_received,        &sip_sent,        &sip_malformed,       &sip_stray_responses,
    &sip_retransmissions, &sip_failovers,   &server_transactions, &client_transactions,
    &tcp_connections,     &tls_connections, &tls_failures,        &tls_certificate_expiry,
    &quarantined_targets, &dns_queries,     &dns_cache_hits,      &dns_timeouts,
    &dns_negative,        &dns_failures,    &dns_cache_entries,   &directory_down,
    &trace_dropped,       &hep_sent,        &hep_dropped,         &log_dropped};

}  // namespace isthmus::observability::measures
