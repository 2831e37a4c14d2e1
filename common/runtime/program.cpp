#include "common/runtime/program.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>
#include <random>

#include "common/observability/catalogue.hpp"
#include "common/observability/metric_catalogue.hpp"
#include "common/observability/trace.hpp"
#include "common/runtime/connections.hpp"
#include "common/runtime/diagnose.hpp"
#include "common/runtime/naming.hpp"
#include "common/runtime/trace_sink.hpp"
#include "common/sip/digest.hpp"

namespace isthmus::runtime {
namespace {

namespace messages = observability::messages;

constexpr std::string_view version = "0.1.0";

struct CommandLine {
    std::string config;
    bool check = false;
    bool print = false;
    std::string diagnose_dns;
};

sigset_t awaited_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

std::uint64_t random64() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

std::vector<transport::Address> addresses(const std::vector<Endpoint>& endpoints) {
    std::vector<transport::Address> found;
    for (const auto& endpoint : endpoints)
        if (const auto address = transport::Address::parse(endpoint.address, endpoint.port)) found.push_back(*address);
    return found;
}

/// The signing key: the same for the same secret, on every node that is to understand the tokens.
transaction::Seed key_of(const std::string& secret) {
    const auto digest = sip::md5_hex("isthmus token " + secret);
    return {std::stoull(digest.substr(0, 16), nullptr, 16), std::stoull(digest.substr(16, 16), nullptr, 16)};
}

Node make_node(const Configuration& configuration) {
    Node node;
    node.name = configuration.text("node.name");
    node.epoch = static_cast<std::uint16_t>(random64());
    node.secret = key_of(configuration.text("security.token_secret"));
    node.seed = {random64(), random64()};
    node.udp = addresses(configuration.endpoints("listen.udp"));
    node.tcp = addresses(configuration.endpoints("listen.tcp"));
    node.tls = addresses(configuration.endpoints("listen.tls"));
    node.streams = stream_limits(configuration);
    node.workers = static_cast<std::size_t>(configuration.integer("node.workers"));
    node.largest_udp = static_cast<std::size_t>(configuration.integer("listen.udp_max_bytes"));
    node.dns = resolver_options(configuration);
    node.timing.t1 = static_cast<std::uint32_t>(configuration.integer("timers.t1_ms"));
    node.timing.t2 = static_cast<std::uint32_t>(configuration.integer("timers.t2_ms"));
    node.timing.t4 = static_cast<std::uint32_t>(configuration.integer("timers.t4_ms"));
    node.timer_c_ms = static_cast<std::uint32_t>(configuration.integer("timers.timer_c_s")) * 1000;
    return node;
}

observability::HepOptions hep_options(const Configuration& configuration) {
    observability::HepOptions options;
    if (const auto collector = configuration.endpoint("hep.collector")) {
        options.address = collector->address;
        options.port = collector->port;
    }
    options.capture_id = static_cast<std::uint32_t>(configuration.integer("hep.capture_id"));
    return options;
}

std::string listening_on(const Node& node) {
    std::string text;
    for (const auto& address : node.udp) text += (text.empty() ? "udp:" : " udp:") + address.text();
    for (const auto& address : node.tcp) text += (text.empty() ? "tcp:" : " tcp:") + address.text();
    for (const auto& address : node.tls) text += (text.empty() ? "tls:" : " tls:") + address.text();
    return text;
}

void watch_server(observability::Metrics& metrics, const Server& server) {
    const auto watch = [&](const observability::Metric& metric, auto read) {
        metrics.watch(metric, {}, [&server, read] { return static_cast<double>(read(server.totals())); });
    };
    using Totals = const Server::Totals&;
    watch(observability::measures::sip_received, [](Totals t) { return t.counters.received; });
    watch(observability::measures::sip_sent, [](Totals t) { return t.counters.sent; });
    watch(observability::measures::sip_malformed, [](Totals t) { return t.counters.malformed; });
    watch(observability::measures::sip_stray_responses, [](Totals t) { return t.counters.stray_responses; });
    watch(observability::measures::sip_retransmissions, [](Totals t) { return t.counters.retransmissions; });
    watch(observability::measures::server_transactions, [](Totals t) { return t.server_transactions; });
    watch(observability::measures::client_transactions, [](Totals t) { return t.client_transactions; });
    watch(observability::measures::tcp_connections, [](Totals t) { return t.connections; });
    watch(observability::measures::tls_connections, [](Totals t) { return t.tls_connections; });
}

observability::HttpHandlers handlers(observability::Metrics& metrics, const Assembly& assembly, const std::string& name,
                                     const std::atomic<bool>& stopping) {
    return {[&metrics] { return metrics.serialise(); },
            [&assembly, name, &stopping] {
                observability::Health health;
                health.node = name;
                const bool ready = !assembly.ready || assembly.ready();
                health.serving = ready && !stopping;
                health.state = stopping ? "stopping" : ready ? "ok" : "starting";
                if (assembly.health) health.parts = assembly.health();
                return health;
            }};
}

int serve(const Configuration& configuration, const Description& description) {
    // Blocked before any thread is made, so that only sigwait() below sees them.
    const auto signals = awaited_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    Node node = make_node(configuration);
    const auto name = node.name;
    observability::Log log({.node = name,
                            .level = observability::level_from(configuration.text("log.level")),
                            .file = configuration.text("log.file")});
    observability::Metrics metrics(node.workers);
    observability::Trace trace(
        {.file = configuration.text("trace.file"), .node = name, .on_error = [&](const std::string& why) {
             log.write(messages::trace_failed, {{"file", configuration.text("trace.file")}, {"reason", why}});
         }});
    observability::HepExporter hep(hep_options(configuration));
    node.dns.event = [&log](const transport::ResolverEvent& event) { report(log, event); };
    const auto assembly = description.assemble({configuration, metrics, log});
    Server server(std::move(node), assembly.make_role,
                  {trace_sink(trace, hep),
                   [&log](std::size_t worker, std::string_view what) {
                       log.write(messages::worker_failed, {{"worker", worker}, {"what", what}});
                   },
                   connection_sink(log, metrics)});
    watch_server(metrics, server);
    watch_dns(metrics, server);
    metrics.watch(observability::measures::trace_dropped, {},
                  [&trace] { return static_cast<double>(trace.dropped()); });
    metrics.watch(observability::measures::hep_sent, {}, [&hep] { return static_cast<double>(hep.sent()); });
    metrics.watch(observability::measures::hep_dropped, {}, [&hep] { return static_cast<double>(hep.dropped()); });
    metrics.watch(observability::measures::log_dropped, {}, [&log] { return static_cast<double>(log.dropped()); });
    Certificates certificates(configuration, log, metrics);
    certificates.start(server);
    if (assembly.bound) assembly.bound(server);

    std::atomic<bool> stopping = false;
    std::optional<observability::HttpListener> http;
    if (const auto listen = configuration.endpoint("http.listen")) {
        auto started = observability::HttpListener::start(listen->address, listen->port,
                                                          handlers(metrics, assembly, name, stopping));
        if (!started) {
            std::cerr << description.role << ": cannot serve HTTP on " << listen->print() << ": "
                      << started.error().message() << "\n";
            return 1;
        }
        http.emplace(std::move(*started));
    }

    server.start();
    log.write(messages::node_started, {{"role", description.role},
                                       {"version", version},
                                       {"workers", server.node().workers},
                                       {"addresses", listening_on(server.node())}});
    int signal = 0;
    while (sigwait(&signals, &signal) != 0 || signal == SIGHUP) certificates.reload(server);
    stopping = true;
    log.write(messages::node_stopping, {{"reason", signal == SIGINT ? "SIGINT" : "SIGTERM"},
                                        {"transactions", server.totals().server_transactions}});
    server.stop(configuration.milliseconds("timers.stop_s"));
    if (assembly.stopped) assembly.stopped();
    log.write(messages::node_stopped, {{"transactions", server.unanswered()}});
    return 0;
}

}  // namespace

int run_program(int argc, const char* const* argv, const Description& description) {
    CommandLine line;
    CLI::App app(std::string(description.summary), std::string(description.role));
    app.set_version_flag("--version", std::string(description.role) + " " + std::string(version));
    app.add_option("-c,--config", line.config, "Configuration file (TOML)")->required()->check(CLI::ExistingFile);
    app.add_flag("--check-config", line.check, "Check the configuration and exit: 0 good, 2 not");
    app.add_flag("--print-config", line.print, "Print every option with its value, help and range, and exit");
    auto* diagnose = app.add_subcommand("diagnose", "Say in words what this configuration would do, and exit");
    diagnose->require_subcommand(1);
    auto* dns = diagnose->add_subcommand("dns", "Where a request for a URI would be sent, and why (RFC 3263)");
    dns->add_option("URI", line.diagnose_dns, "such as sip:isp.example")->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const auto loaded = Configuration::load(line.config, description.options);
    if (!loaded) {
        std::cerr << print(loaded.error());
        return 2;
    }
    if (loaded->endpoints("listen.udp").empty()) {
        std::cerr
            << loaded->problem("listen.udp", "expected at least one address, such as [\"127.0.0.1:5060\"]").print()
            << "\n";
        return 2;
    }
    if (const auto credentials = load_credentials(*loaded); !credentials.problems.empty()) {
        std::cerr << print(credentials.problems);
        return 2;
    }
    if (line.print) {
        std::cout << loaded->print();
        return 0;
    }
    if (line.check) return 0;
    if (!line.diagnose_dns.empty()) return diagnose_dns(make_node(*loaded), line.diagnose_dns, std::cout, std::cerr);
    try {
        return serve(*loaded, description);
    } catch (const StopRequested&) {
        return 0;
    } catch (const std::exception& error) {
        std::cerr << description.role << ": " << error.what() << "\n";
        return 1;
    }
}

}  // namespace isthmus::runtime
