// The options that all roles share.
#include "common/runtime/configuration.hpp"
#include "common/runtime/connections.hpp"

namespace isthmus::runtime {

namespace {

using List = std::vector<std::string>;

void append_node_options(std::vector<Option>& to) {
    to.push_back({.section = "node",
                  .key = "name",
                  .form = Form::host,
                  .help = "Host name of this node, as it stands in Via, Record-Route and Warning."});
    to.push_back({.section = "node",
                  .key = "domains",
                  .form = Form::host_list,
                  .min = 1,
                  .max = 64,
                  .help = "Home domains: a SIP URI of one of these is ours, of any other is outside."});
    to.push_back({.section = "node",
                  .key = "workers",
                  .form = Form::integer,
                  .fallback = 1,
                  .unit = "threads",
                  .min = 1,
                  .max = 64,
                  .help = "Worker threads; each owns its transactions and dialogs."});
    to.push_back({.section = "listen",
                  .key = "udp",
                  .form = Form::endpoint_list,
                  .fallback = List{},
                  .max = 16,
                  .help = "Addresses on which SIP over UDP is received and from which it is sent."});
    to.push_back({.section = "listen",
                  .key = "tcp",
                  .form = Form::endpoint_list,
                  .fallback = List{},
                  .max = 16,
                  .help = "Addresses on which SIP over TCP is accepted."});
    to.push_back(
        {.section = "listen",
         .key = "tls",
         .form = Form::endpoint_list,
         .fallback = List{},
         .max = 16,
         .help = "Addresses on which SIP over TLS is accepted; needs [tls]. Without it nothing is sent by TLS."});
    to.push_back({.section = "listen",
                  .key = "udp_max_bytes",
                  .form = Form::integer,
                  .fallback = 1300,
                  .unit = "bytes",
                  .min = 500,
                  .max = 65000,
                  .help = "Longer requests go by TCP where [listen] tcp is set (RFC 3261 18.1.1)."});
}

void append_dns_options(std::vector<Option>& to) {
    to.push_back({.section = "dns",
                  .key = "servers",
                  .form = Form::endpoint_list,
                  .fallback = List{},
                  .max = 4,
                  .help = "Name servers with port, such as \"127.0.0.1:53\"; none: those of /etc/resolv.conf."});
    to.push_back({.section = "dns",
                  .key = "patience_ms",
                  .form = Form::integer,
                  .fallback = 1900,
                  .unit = "ms",
                  .min = 100,
                  .max = 10000,
                  .help = "How long one question may take, all servers, tries and aliases included."});
    to.push_back({.section = "dns",
                  .key = "cache_entries",
                  .form = Form::integer,
                  .fallback = 50'000,
                  .unit = "answers",
                  .min = 100,
                  .max = 10'000'000,
                  .help = "Answers remembered for as long as their time to live allows, at most an hour."});
}

void append_timer_options(std::vector<Option>& to) {
    to.push_back({.section = "timers",
                  .key = "t1_ms",
                  .form = Form::integer,
                  .fallback = 500,
                  .unit = "ms",
                  .min = 10,
                  .max = 10000,
                  .help = "RFC 3261 T1 between nodes: estimate of the round trip."});
    to.push_back({.section = "timers",
                  .key = "t2_ms",
                  .form = Form::integer,
                  .fallback = 4000,
                  .unit = "ms",
                  .min = 10,
                  .max = 60000,
                  .help = "RFC 3261 T2 between nodes: longest interval between retransmissions."});
    to.push_back({.section = "timers",
                  .key = "t4_ms",
                  .form = Form::integer,
                  .fallback = 5000,
                  .unit = "ms",
                  .min = 0,
                  .max = 60000,
                  .help = "RFC 3261 T4 between nodes: how long a message stays in the network."});
    to.push_back({.section = "timers",
                  .key = "timer_c_s",
                  .form = Form::integer,
                  .fallback = 190,
                  .unit = "s",
                  .min = 1,
                  .max = 3600,
                  .help = "RFC 3261 timer C: how long a proxied INVITE may ring. Outside of tests above 180 s."});
    to.push_back({.section = "timers",
                  .key = "stop_s",
                  .form = Form::integer,
                  .fallback = 5,
                  .unit = "s",
                  .min = 0,
                  .max = 600,
                  .help = "How long requests under way may take to end after SIGTERM or SIGINT."});
}

void append_observability_options(std::vector<Option>& to) {
    to.push_back({.section = "log",
                  .key = "level",
                  .form = Form::choice,
                  .fallback = "info",
                  .choices = {"debug", "info", "warning", "error"},
                  .help = "Least level that is logged."});
    to.push_back({.section = "log",
                  .key = "file",
                  .form = Form::text,
                  .fallback = "",
                  .may_be_empty = true,
                  .help = "File the log is appended to; empty: standard error."});
    to.push_back({.section = "trace",
                  .key = "file",
                  .form = Form::text,
                  .fallback = "",
                  .may_be_empty = true,
                  .help = "File every SIP message and decision is appended to, one JSON object a line; empty: off."});
    to.push_back({.section = "hep",
                  .key = "collector",
                  .form = Form::endpoint,
                  .fallback = "",
                  .may_be_empty = true,
                  .help = "Address every SIP message is sent to as HEP version 3 (Homer, sngrep -L); empty: off."});
    to.push_back({.section = "hep",
                  .key = "capture_id",
                  .form = Form::integer,
                  .fallback = 1,
                  .min = 0,
                  .max = 4'294'967'295,
                  .help = "Number by which the collector tells this node from others."});
    to.push_back({.section = "http",
                  .key = "listen",
                  .form = Form::endpoint,
                  .fallback = "",
                  .may_be_empty = true,
                  .help = "Address that serves /metrics and /healthz; empty: off."});
}

void append_security_options(std::vector<Option>& to) {
    to.push_back(
        {.section = "security",
         .key = "token_secret",
         .form = Form::text,
         .min = 16,
         .max = 256,
         .secret = true,
         .help = "Signs the tokens in Path, Service-Route and Record-Route. Keep the same value across restarts."});
}

}  // namespace

std::vector<Option> shared_options() {
    std::vector<Option> options;
    append_node_options(options);
    append_connection_options(options);
    append_dns_options(options);
    append_timer_options(options);
    append_observability_options(options);
    append_security_options(options);
    return options;
}

std::vector<Option> database_options() {
    std::vector<Option> to;
    to.push_back({.section = "database",
                  .key = "conninfo",
                  .form = Form::text,
                  .fallback = "dbname=isthmus",
                  .min = 1,
                  .help = "PostgreSQL connection string as libpq reads it. Passwords belong into a passfile."});
    to.push_back({.section = "database",
                  .key = "connections",
                  .form = Form::integer,
                  .fallback = 4,
                  .unit = "connections",
                  .min = 1,
                  .max = 64,
                  .help = "Connections for queries and writes, each with a thread; LISTEN has one more."});
    return to;
}

}  // namespace isthmus::runtime
