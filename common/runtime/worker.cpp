#include "common/runtime/worker.hpp"

#include <boost/asio/post.hpp>

#include <bit>
#include <cstring>
#include <random>

#include "common/runtime/dispatch.hpp"

namespace isthmus::runtime {

namespace asio = boost::asio;
using boost::system::error_code;
using transport::Address;
using transport::Protocol;

namespace {

transport::StreamLimits limits_of(const Node& node) {
    auto limits = node.streams;
    limits.sources = node.udp;
    return limits;
}

constexpr std::size_t inbox_octets = std::size_t{64} << 20;
constexpr int worker_shift = 56;
constexpr std::uint64_t reference_mask = (std::uint64_t{1} << worker_shift) - 1;

std::uint64_t steady_ms() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
}

}  // namespace

Worker::Worker(const Node& node, std::uint8_t index, std::vector<std::unique_ptr<transport::UdpSocket>>& sockets,
               std::vector<std::unique_ptr<Worker>>& colleagues, Naming& naming, Sinks sinks)
    : node_(node),
      index_(index),
      sockets_(sockets),
      colleagues_(colleagues),
      naming_(naming),
      sinks_(std::move(sinks)),
      now_ms_(steady_ms()),
      random_state_{[] {
                        std::random_device device;
                        return (static_cast<std::uint64_t>(device()) << 32) | device() | 1;
                    }(),
                    static_cast<std::uint64_t>(index) * 0x9e3779b97f4a7c15ULL + 1},
      core_(node, index, *this),
      streams_(io_, limits_of(node), stream_events()),
      ticker_(io_),
      outbox_(sockets.size()) {}

transport::StreamEvents Worker::stream_events() {
    transport::StreamEvents events;
    events.message = [this](const transport::Peer& from, const std::string& message) {
        begin();
        take(message, {from, 0});
        flush();
    };
    events.failed = [this](std::uint64_t reference) {
        // A reference names its worker, for the connection may be another one's.
        auto& asker = *colleagues_[reference >> worker_shift];
        asker.enqueue([&asker, reference] { asker.core_.send_failed(reference & reference_mask); });
    };
    events.undelivered = [this](const transport::Peer& otherwise, transport::Octets octets) {
        deliver({otherwise, std::move(octets)});
    };
    events.ended = [this](const transport::ConnectionNews& news) {
        if (sinks_.connection) sinks_.connection(index_, news);
    };
    return events;
}

void Worker::start() {
    for (std::size_t listener = 0; listener < sockets_.size(); ++listener) {
        readers_.emplace_back(io_);
        if (listener % node_.workers != index_) continue;  // one reader per socket
        readers_.back().assign(::dup(sockets_[listener]->handle()));
        read_socket(listener);
    }
    tick();
    thread_ = std::thread([this] { io_.run(); });
}

void Worker::stop() {
    asio::post(io_, [this] {
        for (auto& reader : readers_) {
            error_code ignored;
            reader.close(ignored);
        }
        ticker_.cancel();
        io_.stop();
    });
    if (thread_.joinable()) thread_.join();
}

void Worker::begin() {
    now_ms_ = steady_ms();
}

void Worker::read_socket(std::size_t listener) {
    readers_[listener].async_wait(asio::posix::stream_descriptor::wait_read, [this, listener](error_code error) {
        if (error) return;
        begin();
        // A few batches at most, so that timers and connections get their turn.
        for (int batches = 0; batches < 4; ++batches) {
            const auto count = sockets_[listener]->receive([&](const Address& from, std::string_view octets) {
                take(octets, {{Protocol::udp, from}, static_cast<std::uint8_t>(listener)});
            });
            flush();
            // An error keeps the socket readable: woken for nothing, it is looked for.
            if (count == 0) read_errors(listener);
            if (count < transport::UdpSocket::batch) break;
        }
        read_socket(listener);
    });
}

void Worker::read_errors(std::size_t listener) {
    sockets_[listener]->receive_errors([this](const Address& to, std::string_view octets) {
        const auto returned = returned_request(octets, node_);
        if (!returned) return;
        auto& owner = *colleagues_[returned->branch.worker];
        owner.enqueue(
            [&owner, to, returned = *returned] { owner.core_.unreachable(to, returned.branch, returned.cancel); });
    });
}

void Worker::take(std::string_view octets, const Arrival& arrival) {
    if (octets.size() < 20) return;  // keep-alives and noise
    const auto worker = worker_of(octets, node_);
    if (worker == index_) return guarded([&] { core_.receive(std::string(octets), arrival); });
    colleagues_[worker]->hand_over(octets, arrival);
}

/// A message that a colleague read. Whoever sends faster than this worker works must not fill the memory: what finds no
/// room is lost as it would be in the system's own buffer.
void Worker::hand_over(std::string_view octets, const Arrival& arrival) {
    bool first = false;
    {
        const std::lock_guard lock(inbox_lock_);
        if (inbox_octets_ + octets.size() > inbox_octets) {
            published_.overrun.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        inbox_octets_ += octets.size();
        first = inbox_.empty();
        inbox_.push_back(
            [this, text = std::string(octets), arrival]() mutable { core_.receive(std::move(text), arrival); });
    }
    if (first) asio::post(io_, [this] { drain_inbox(); });
}

void Worker::enqueue(std::function<void()> task) {
    bool first = false;
    {
        const std::lock_guard lock(inbox_lock_);
        first = inbox_.empty();
        inbox_.push_back(std::move(task));
    }
    if (first) asio::post(io_, [this] { drain_inbox(); });
}

void Worker::drain_inbox() {
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(inbox_lock_);
        tasks.swap(inbox_);
        inbox_octets_ = 0;
    }
    begin();
    for (auto& task : tasks) guarded(task);
    flush();
}

void Worker::tick() {
    ticker_.expires_after(std::chrono::milliseconds(TimerWheel::tick_ms));
    ticker_.async_wait([this](error_code error) {
        if (error) return;
        begin();
        guarded([this] { core_.advance(); });
        flush();
        tick();
    });
}

void Worker::flush() {
    for (std::size_t listener = 0; listener < outbox_.size(); ++listener) {
        if (outbox_[listener].empty()) continue;
        sockets_[listener]->send(outbox_[listener]);
        outbox_[listener].clear();
    }
    const auto& counters = core_.counters();
    constexpr auto relaxed = std::memory_order_relaxed;
    published_.received.store(counters.received, relaxed);
    published_.sent.store(counters.sent, relaxed);
    published_.malformed.store(counters.malformed, relaxed);
    published_.stray.store(counters.stray_responses, relaxed);
    published_.again.store(counters.retransmissions, relaxed);
    published_.failovers.store(counters.failovers, relaxed);
    published_.servers.store(core_.server_transactions(), relaxed);
    published_.clients.store(core_.client_transactions(), relaxed);
    published_.connections.store(streams_.connections(), relaxed);
    published_.tls.store(streams_.tls_connections(), relaxed);
    pending_.store(core_.unanswered(), relaxed);
}

Server::Totals Worker::totals() const {
    constexpr auto relaxed = std::memory_order_relaxed;
    Server::Totals totals;
    totals.counters = {published_.received.load(relaxed),
                       published_.sent.load(relaxed),
                       published_.malformed.load(relaxed) + published_.overrun.load(relaxed),
                       published_.stray.load(relaxed),
                       published_.again.load(relaxed),
                       published_.failovers.load(relaxed)};
    totals.server_transactions = published_.servers.load(relaxed);
    totals.client_transactions = published_.clients.load(relaxed);
    totals.connections = published_.connections.load(relaxed);
    totals.tls_connections = published_.tls.load(relaxed);
    return totals;
}

std::size_t Worker::owner_of(const Address& remote) const {
    return transport::AddressHash{}(remote) % node_.workers;
}

void Worker::adopt(int socket, const transport::Peer& remote) {
    auto& owner = *colleagues_[owner_of(remote.address)];
    owner.enqueue([&owner, socket, remote] { owner.streams_.adopt(socket, remote); });
}

void Worker::use(std::shared_ptr<const transport::TlsCredentials> credentials) {
    enqueue([this, credentials = std::move(credentials)] { streams_.use(credentials); });
}

void Worker::deliver(transport::Delivery delivery) {
    const auto owner = owner_of(delivery.to.address);
    if (owner == index_) return streams_.send(std::move(delivery));
    auto& other = *colleagues_[owner];
    other.enqueue([&other, delivery = std::move(delivery)]() mutable { other.streams_.send(std::move(delivery)); });
}

void Worker::send(Outgoing outgoing) {
    if (outgoing.to.protocol == Protocol::udp) {
        const std::size_t listener = outgoing.listener < outbox_.size() ? outgoing.listener : 0;
        outbox_[listener].push_back({outgoing.to.address, std::move(outgoing.octets)});
        if (outbox_[listener].size() >= transport::UdpSocket::batch) {
            sockets_[listener]->send(outbox_[listener]);
            outbox_[listener].clear();
        }
        return;
    }
    if (outgoing.reference != 0) outgoing.reference |= std::uint64_t{index_} << worker_shift;
    deliver({std::move(outgoing.to), std::move(outgoing.octets), outgoing.reference, outgoing.to_known_connection,
             std::move(outgoing.otherwise)});
}

void Worker::post(std::size_t worker, std::function<void()> task) {
    colleagues_[worker]->enqueue(std::move(task));
}

transport::AnswerPtr Worker::known(const transport::Question& question) {
    return naming_.resolver.known(question);
}

void Worker::ask(const transport::Question& question, std::function<void(transport::AnswerPtr)> done) {
    // `done` leaves the resolver's thread with the answer: what it holds belongs to this worker and must end here.
    naming_.resolver.ask(question, [this, done = std::move(done)](transport::AnswerPtr answer) mutable {
        enqueue([done = std::move(done), answer = std::move(answer)] { done(answer); });
    });
}

std::uint64_t Worker::random() {
    // xoroshiro128+, seeded by the system: identifiers must not collide or be guessed in a call's time; what must be
    // secret (nonces) is made elsewhere.
    const auto s0 = random_state_[0];
    auto s1 = random_state_[1];
    const auto result = s0 + s1;
    s1 ^= s0;
    random_state_[0] = std::rotl(s0, 24) ^ s1 ^ (s1 << 16);
    random_state_[1] = std::rotl(s1, 37);
    return result;
}

}  // namespace isthmus::runtime
