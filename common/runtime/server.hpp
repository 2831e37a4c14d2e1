// A running node: its sockets, its N workers with a core each, their threads, and how they end.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/runtime/core.hpp"

namespace isthmus::runtime {

/// Makes the role of one worker; called once per worker before the threads start.
using RoleFactory = std::function<std::unique_ptr<Role>(Core& core)>;
using TraceSink = std::function<void(const Traced& traced)>;
/// An exception left the handling of one message or event; its worker goes on. Called on that worker.
using FailureSink = std::function<void(std::size_t worker, std::string_view what)>;
/// A TCP or TLS connection ended. Called on that worker.
using ConnectionSink = std::function<void(std::size_t worker, const transport::ConnectionNews& news)>;

/// Where a node's workers tell what they saw; each may be empty.
struct Sinks {
    TraceSink trace = {};
    FailureSink failed = {};
    ConnectionSink connection = {};
};

class Server {
  public:
    /// Binds the sockets of `node` (a port 0 is replaced by the one the system gave). Throws std::system_error when an
    /// address cannot be had.
    Server(Node node, const RoleFactory& make_role, const Sinks& sinks = {});
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void start();
    /// Takes no new requests, lets what is under way end, at most for `patience`, then stops the threads.
    void stop(std::chrono::milliseconds patience);

    [[nodiscard]] const Node& node() const;
    /// For TLS connections made from now on; the others go on with what they have. From any thread.
    void use(const std::shared_ptr<const transport::TlsCredentials>& credentials);
    /// Runs `task` on a worker; from any thread.
    void post(std::size_t worker, std::function<void()> task);
    [[nodiscard]] Core& core(std::size_t worker);

    struct Totals {
        CoreCounters counters;
        std::size_t server_transactions = 0;
        std::size_t client_transactions = 0;
        std::size_t connections = 0;
        std::size_t tls_connections = 0;
    };
    /// Requests that still wait for their final response.
    [[nodiscard]] std::size_t unanswered() const;
    /// Sums over the workers, as of each one's last loop; from any thread.
    [[nodiscard]] Totals totals() const;
    // From any thread
    [[nodiscard]] transport::ResolverCounts dns() const;
    [[nodiscard]] transport::Quarantine& quarantine() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::runtime
