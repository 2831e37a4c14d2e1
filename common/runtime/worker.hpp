// A worker: a thread with its io_context around one core. It reads the UDP sockets it was given, owns the TCP
// connections (TCP and TLS) whose remote address hashes to it, and batches what leaves by UDP. Internal to this room.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "common/runtime/core.hpp"
#include "common/runtime/server.hpp"
#include "common/transport/stream.hpp"
#include "common/transport/udp_socket.hpp"

namespace isthmus::runtime {

/// What all workers of a node know of the names and targets outside.
struct Naming {
    explicit Naming(const transport::ResolverOptions& options) : resolver(options) {}
    transport::Quarantine quarantine;
    transport::Resolver resolver;
};

class Worker final : public Outside {
  public:
    /// The workers of a node know each other through `colleagues`, complete before the threads start.
    Worker(const Node& node, std::uint8_t index, std::vector<std::unique_ptr<transport::UdpSocket>>& sockets,
           std::vector<std::unique_ptr<Worker>>& colleagues, Naming& naming, Sinks sinks);

    Core& core() { return core_; }
    boost::asio::io_context& io() { return io_; }
    void start();
    void stop();
    /// From any thread.
    void enqueue(std::function<void()> task);
    void adopt(int socket, const transport::Peer& remote);
    void use(std::shared_ptr<const transport::TlsCredentials> credentials);
    [[nodiscard]] Server::Totals totals() const;
    [[nodiscard]] std::size_t pending() const { return pending_.load(std::memory_order_relaxed); }

    // Outside
    void send(Outgoing outgoing) override;
    void post(std::size_t worker, std::function<void()> task) override;
    transport::AnswerPtr known(const transport::Question& question) override;
    void ask(const transport::Question& question, std::function<void(transport::AnswerPtr)> done) override;
    transport::Quarantine& quarantine() override { return naming_.quarantine; }
    [[nodiscard]] std::uint64_t now_ms() const override { return now_ms_; }
    [[nodiscard]] std::chrono::system_clock::time_point time_of_day() const override {
        return std::chrono::system_clock::now();
    }
    std::uint64_t random() override;
    [[nodiscard]] bool tracing() const override { return static_cast<bool>(sinks_.trace); }
    void trace(const Traced& traced) override { sinks_.trace(traced); }

  private:
    void read_socket(std::size_t listener);
    void read_errors(std::size_t listener);
    void take(std::string_view octets, const Arrival& arrival);
    void hand_over(std::string_view octets, const Arrival& arrival);
    void drain_inbox();
    /// One message, event or timer: what it throws ends here, the next one is handled (ISTHMUS-RT-004).
    template <class Task>
    void guarded(Task&& task) {
        try {
            task();
        } catch (const std::exception& error) {
            if (sinks_.failed) sinks_.failed(index_, error.what());
        } catch (...) {
            if (sinks_.failed) sinks_.failed(index_, "not a standard exception");
        }
    }
    void tick();
    void begin();
    void flush();
    transport::StreamEvents stream_events();
    void deliver(transport::Delivery delivery);
    [[nodiscard]] std::size_t owner_of(const transport::Address& remote) const;

    const Node& node_;
    std::uint8_t index_;
    boost::asio::io_context io_{1};
    std::vector<std::unique_ptr<transport::UdpSocket>>& sockets_;
    std::vector<std::unique_ptr<Worker>>& colleagues_;
    Naming& naming_;
    Sinks sinks_;
    std::uint64_t now_ms_;
    std::uint64_t random_state_[2];
    Core core_;
    transport::StreamHub streams_;
    boost::asio::steady_timer ticker_;
    std::vector<boost::asio::posix::stream_descriptor> readers_;
    std::vector<std::vector<transport::Datagram>> outbox_;
    std::mutex inbox_lock_;
    std::vector<std::function<void()>> inbox_;
    std::size_t inbox_octets_ = 0;  // of messages that colleagues read
    std::thread thread_;
    std::atomic<std::size_t> pending_ = 0;
    struct Published {
        std::atomic<std::uint64_t> received = 0, sent = 0, malformed = 0, stray = 0, again = 0, failovers = 0,
                                   overrun = 0;
        std::atomic<std::size_t> servers = 0, clients = 0, connections = 0, tls = 0;
    } published_;
};

}  // namespace isthmus::runtime
