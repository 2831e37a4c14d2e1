// The hop that is measured: stateful, record-routing, from common/ alone, one worker, UDP. It takes every step of
// RFC 3261 16 a real role takes for a call it only passes on, and nothing else.
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/proxy/forward.hpp"
#include "common/runtime/forwarding.hpp"
#include "common/runtime/refusal.hpp"
#include "common/runtime/server.hpp"
#include "common/runtime/trace_sink.hpp"
#include "tests/bench/hop/ways.hpp"

namespace {

using namespace isthmus;
using sip::HeaderId;
using sip::Message;
using sip::Method;

class Hop final : public runtime::Role {
  public:
    explicit Hop(runtime::Core& core) : core_(core) {}

    void on_request(const std::shared_ptr<runtime::ServerTransaction>& transaction) override {
        const auto& node = core_.node();
        if (const auto refusal = proxy::check_request(transaction->request(), node.secret, {}))
            return runtime::refuse(*transaction, *refusal);
        const auto loop = proxy::loop_hash(transaction->request(), node.secret);
        take_own_routes(transaction->request());
        Message onward = transaction->request().copy();
        proxy::count_hop(onward);
        if (onward.method() == Method::invite && onward.to_tag().empty()) record_route(onward, *transaction);
        std::vector<runtime::Target> targets;
        targets.push_back({std::move(onward), std::nullopt, 0, "RFC 3261 16"});
        runtime::forward(transaction, std::move(targets), nullptr, loop);
    }

    void on_ack(Message ack, const runtime::Arrival&) override {
        take_own_routes(ack);
        proxy::count_hop(ack);
        runtime::forward_ack(core_, std::move(ack), "RFC 3261 16");
    }

    [[nodiscard]] transaction::Timing timing(const transport::Peer&) const override { return core_.node().timing; }

  private:
    void take_own_routes(Message& request) {
        proxy::take_own_routes(request, core_.node().secret, [this](const sip::Uri& uri) { return core_.is_own(uri); });
    }

    void record_route(Message& request, const runtime::ServerTransaction& transaction) {
        const auto& local = core_.local_for(transaction.arrival().peer);
        request.prepend(HeaderId::record_route,
                        "<sip:" + core_.token(proxy::Position::hop, ++calls_) + "@" + local.text() + ";lr>");
    }

    runtime::Core& core_;
    std::uint64_t calls_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    constexpr std::string_view hep_option = "hep=";
    observability::HepOptions watched;
    if (argc > 2 && std::string_view(argv[argc - 1]).starts_with(hep_option)) {
        const auto collector = transport::Address::parse_with_port(argv[--argc] + hep_option.size(), 9060);
        if (collector) watched = {.address = collector->ip(), .port = collector->port};
    }
    const auto address = transport::Address::parse_with_port(argc > 1 ? argv[1] : "127.0.3.10:5060", 5060);
    const auto ways = bench::ways_from(argc - 2, argv + 2);
    if (!address || !ways) {
        std::fprintf(stderr, "usage: hop [ADDRESS:PORT [udp|tcp|tls CERTIFICATE KEY AUTHORITY] [hep=ADDRESS:PORT]]\n");
        return 2;
    }
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    runtime::Node node;
    node.name = "hop.example";
    node.epoch = 1;
    node.secret = {0x0123456789abcdef, 0xfedcba9876543210};
    node.seed = {0x1122334455667788, 0x8877665544332211};
    node.udp = {*address};  // without TCP a message of any size leaves by UDP
    if (ways->protocol == transport::Protocol::tcp) node.tcp = node.udp;
    if (ways->protocol == transport::Protocol::tls) node.tls = node.udp;
    observability::Trace trace({});
    observability::HepExporter hep(watched);
    runtime::Server server(std::move(node), [](runtime::Core& core) { return std::make_unique<Hop>(core); },
                           {.trace = runtime::trace_sink(trace, hep)});
    if (ways->credentials) server.use(ways->credentials);
    server.start();
    std::printf("ready\n");
    std::fflush(stdout);
    int received = 0;
    sigwait(&ends, &received);

    const auto totals = server.totals();
    std::printf(
        "received=%llu sent=%llu malformed=%llu stray=%llu retransmissions=%llu servers=%zu clients=%zu hep_sent=%llu "
        "hep_dropped=%llu\n",
        static_cast<unsigned long long>(totals.counters.received),
        static_cast<unsigned long long>(totals.counters.sent),
        static_cast<unsigned long long>(totals.counters.malformed),
        static_cast<unsigned long long>(totals.counters.stray_responses),
        static_cast<unsigned long long>(totals.counters.retransmissions), totals.server_transactions,
        totals.client_transactions, static_cast<unsigned long long>(hep.sent()),
        static_cast<unsigned long long>(hep.dropped()));
    server.stop(std::chrono::milliseconds(0));
    return 0;
}
