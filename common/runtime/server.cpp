#include "common/runtime/server.hpp"

#include "common/runtime/worker.hpp"

namespace isthmus::runtime {

struct Server::Impl {
    explicit Impl(Node node_in) : node(std::move(node_in)), naming(node.dns) {}

    Node node;
    std::vector<std::unique_ptr<transport::UdpSocket>> sockets;
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::unique_ptr<transport::StreamListener>> listeners;
    Naming naming;  // ends first: its thread posts to the workers

    void listen(transport::Protocol protocol, transport::Address& address) {
        Worker& first = *workers.front();
        listeners.push_back(std::make_unique<transport::StreamListener>(
            first.io(), address, [&first, protocol](int socket, const transport::Address& remote) {
                first.adopt(socket, {protocol, remote});
            }));
        address = listeners.back()->local();
    }
    bool running = false;
};

Server::Server(Node node, const RoleFactory& make_role, const Sinks& sinks)
    : impl_(std::make_unique<Impl>(std::move(node))) {
    for (auto& address : impl_->node.udp) {
        impl_->sockets.push_back(std::make_unique<transport::UdpSocket>(address));
        address = impl_->sockets.back()->local();
    }
    for (std::size_t i = 0; i < impl_->node.workers; ++i)
        impl_->workers.push_back(std::make_unique<Worker>(impl_->node, static_cast<std::uint8_t>(i), impl_->sockets,
                                                          impl_->workers, impl_->naming, sinks));
    for (auto& address : impl_->node.tcp) impl_->listen(transport::Protocol::tcp, address);
    for (auto& address : impl_->node.tls) impl_->listen(transport::Protocol::tls, address);
    for (auto& worker : impl_->workers) worker->core().set_role(make_role(worker->core()));
}

Server::~Server() {
    stop(std::chrono::milliseconds(0));
}

void Server::start() {
    impl_->running = true;
    for (auto& worker : impl_->workers) worker->start();
}

void Server::stop(std::chrono::milliseconds patience) {
    if (!impl_->running) return;
    impl_->running = false;
    for (auto& worker : impl_->workers) worker->enqueue([&core = worker->core()] { core.refuse_new_work(); });
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (unanswered() > 0 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (auto& worker : impl_->workers) worker->stop();
}

const Node& Server::node() const {
    return impl_->node;
}
void Server::post(std::size_t worker, std::function<void()> task) {
    impl_->workers[worker]->enqueue(std::move(task));
}
void Server::use(const std::shared_ptr<const transport::TlsCredentials>& credentials) {
    for (auto& worker : impl_->workers) worker->use(credentials);
}
Core& Server::core(std::size_t worker) {
    return impl_->workers[worker]->core();
}

transport::ResolverCounts Server::dns() const {
    return impl_->naming.resolver.counts();
}

transport::Quarantine& Server::quarantine() const {
    return impl_->naming.quarantine;
}

std::size_t Server::unanswered() const {
    std::size_t sum = 0;
    for (const auto& worker : impl_->workers) sum += worker->pending();
    return sum;
}

Server::Totals Server::totals() const {
    Totals sum;
    for (const auto& worker : impl_->workers) {
        const auto one = worker->totals();
        sum.counters.received += one.counters.received;
        sum.counters.sent += one.counters.sent;
        sum.counters.malformed += one.counters.malformed;
        sum.counters.stray_responses += one.counters.stray_responses;
        sum.counters.retransmissions += one.counters.retransmissions;
        sum.counters.failovers += one.counters.failovers;
        sum.server_transactions += one.server_transactions;
        sum.client_transactions += one.client_transactions;
        sum.connections += one.connections;
        sum.tls_connections += one.tls_connections;
    }
    return sum;
}

}  // namespace isthmus::runtime
