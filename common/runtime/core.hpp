// One worker's SIP engine: it matches messages to transactions, performs what the machines decide, and calls the role.
//
// It owns no socket, thread or clock: it is driven by receive(), advance() and the callbacks below, and acts through
// `Outside`. So a flow test runs several cores as text dialogues, and a worker thread wraps one with Asio.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/proxy/token.hpp"
#include "common/runtime/client_transaction.hpp"
#include "common/runtime/server_transaction.hpp"
#include "common/runtime/timer_wheel.hpp"
#include "common/sip/message.hpp"
#include "common/sip/uri.hpp"
#include "common/transaction/key.hpp"
#include "common/transport/address.hpp"
#include "common/transport/quarantine.hpp"
#include "common/transport/resolver.hpp"
#include "common/transport/server_location.hpp"
#include "common/transport/stream.hpp"
#include "common/transport/udp_socket.hpp"

namespace isthmus::runtime {

/// What a node is: the same for all its workers.
struct Node {
    std::string name;                     ///< host name for Warning and charging identifiers
    std::uint16_t epoch = 0;              ///< random at start; tokens of another epoch name no worker of ours
    transaction::Seed secret{};           ///< signs tokens; the same across restarts
    transaction::Seed seed{};             ///< of this process: hashes nobody outside may predict
    std::vector<transport::Address> udp;  ///< listening sockets, the first of a family is used for requests
    std::vector<transport::Address> tcp;
    std::vector<transport::Address> tls;
    std::size_t workers = 1;
    std::size_t largest_udp = 1300;   ///< longer requests go by TCP (RFC 3261 18.1.1), bytes
    transport::StreamLimits streams;  ///< of TCP and TLS; `sources` are the UDP addresses
    transaction::Timing timing;
    std::uint32_t timer_c_ms = 190'000;
    std::uint32_t invite_target_ms = 3'000;  ///< silence after which the next target is tried (IW-RTE-08)
    std::uint32_t other_target_ms = 4'000;   ///< the same for other methods: RFC 4320 allows 3.5 s
    std::uint32_t setup_budget_ms = 20'000;  ///< no target is tried later
    transport::ResolverOptions dns;
};

struct Outgoing {
    transport::Peer to;
    std::uint8_t listener = 0;  ///< index of the UDP socket it leaves by
    transport::Octets octets;
    std::uint64_t reference = 0;       ///< of the client transaction told when TCP or TLS fails; 0: nobody
    bool to_known_connection = false;  ///< a response: goes back on the connection its request came on
    std::optional<transport::Peer> otherwise = std::nullopt;  ///< when that is gone (RFC 3261 18.2.2)
};

/// One line of the trace: which message, and why it was sent.
struct Traced {
    bool sent = false;
    transport::Peer peer;
    transport::Address local;
    std::string_view octets;
    std::string_view decision;
};

class Outside {
  public:
    virtual ~Outside() = default;
    virtual void send(Outgoing outgoing) = 0;
    /// Runs `task` on another worker of this node (or on this one), later, never inside the call.
    virtual void post(std::size_t worker, std::function<void()> task) = 0;
    /// What is known of the domain name system without asking, or null. Allocates nothing.
    virtual transport::AnswerPtr known(const transport::Question& question) = 0;
    /// Asks; `done` is called on this worker, later.
    virtual void ask(const transport::Question& question, std::function<void(transport::AnswerPtr)> done) = 0;
    virtual transport::Quarantine& quarantine() = 0;         ///< of the node
    [[nodiscard]] virtual std::uint64_t now_ms() const = 0;  ///< of a steady clock
    [[nodiscard]] virtual std::chrono::system_clock::time_point time_of_day() const = 0;
    virtual std::uint64_t random() = 0;
    [[nodiscard]] virtual bool tracing() const = 0;
    virtual void trace(const Traced& traced) = 0;
};

class Core;

/// What makes a node a P-, I- or S-CSCF. One object per worker, called on that worker only.
class Role {
  public:
    virtual ~Role() = default;
    /// A new request other than ACK and CANCEL; 100 was sent when it is an INVITE.
    virtual void on_request(const std::shared_ptr<ServerTransaction>& transaction) = 0;
    /// An ACK to a 2xx: it is a request of its own that nobody answers (RFC 3261 13.2.2.4).
    virtual void on_ack(sip::Message ack, const Arrival& arrival) = 0;
    /// T1, T2 and T4 differ on the radio leg (PR-REG-14).
    /// The node is stopping: `transaction` would begin something new.
    virtual void refuse_new_work(ServerTransaction& transaction);
    [[nodiscard]] virtual transaction::Timing timing(const transport::Peer& peer) const = 0;
};

struct CoreCounters {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t malformed = 0;  ///< refused or dropped at the door
    std::uint64_t stray_responses = 0;
    std::uint64_t retransmissions = 0;  ///< requests and responses sent again
    std::uint64_t failovers = 0;        ///< requests that went to a further target
};

class Core {
  public:
    Core(const Node& node, std::uint8_t index, Outside& outside);
    ~Core();
    void set_role(std::unique_ptr<Role> role) { role_ = std::move(role); }

    // Driven by the worker
    void receive(std::string octets, const Arrival& arrival);
    void advance();
    void send_failed(std::uint64_t reference);
    /// An ICMP error says that a request did not get to `to` (IW-RTE-08). It counts only for a transaction that sent
    /// there by UDP and has heard nothing yet: so whoever forges one, and has seen or guessed the branch, makes a
    /// request go to its next target, no more.
    void unreachable(const transport::Address& to, const proxy::Branch& branch, bool cancel);

    // For roles and for the interpreters of this room
    [[nodiscard]] const Node& node() const { return node_; }
    [[nodiscard]] Outside& outside() { return outside_; }
    [[nodiscard]] Role& role() { return *role_; }
    [[nodiscard]] std::uint8_t index() const { return index_; }
    [[nodiscard]] const CoreCounters& counters() const { return counters_; }
    [[nodiscard]] std::size_t server_transactions() const { return servers_.size(); }
    [[nodiscard]] std::size_t client_transactions() const { return clients_.size(); }
    [[nodiscard]] TimerWheel& wheel() { return wheel_; }
    void arm(Timer& timer, std::uint64_t delay_ms) { wheel_.arm(timer, outside_.now_ms(), delay_ms); }
    /// 16 characters nobody can guess, for tags and identifiers.
    std::string random_text();
    [[nodiscard]] std::string token(proxy::Position position, std::uint64_t id) const;
    /// The address our Via, Record-Route and Contact show towards `peer`.
    [[nodiscard]] const transport::Address& local_for(const transport::Peer& peer) const;
    /// True when host and port are one of our listening addresses or our node name.
    [[nodiscard]] bool is_own(const sip::Uri& uri) const;

    /// Sends `request` (without our Via) to `peer` as a client transaction. `loop` is proxy::loop_hash() of the request
    /// it was made from, 0 for one of our own. `user` hears of responses until the transaction ends.
    std::shared_ptr<ClientTransaction> send_request(sip::Message request, const transport::Peer& peer,
                                                    std::shared_ptr<ClientUser> user, std::uint16_t branch,
                                                    std::uint64_t loop, std::string_view decision);
    /// An ACK to a 2xx, or anything else that has no transaction.
    void send_stateless(sip::Message request, const transport::Peer& peer, std::uint64_t loop,
                        std::string_view decision);
    void send_octets(const transport::Peer& peer, transport::Octets octets, std::uint64_t reference,
                     std::string_view decision);
    void send_response(const ReplyPath& path, std::uint8_t listener, transport::Octets octets,
                       std::string_view decision);
    /// The search for the targets of a next hop, started (RFC 3263 4).
    [[nodiscard]] transport::ServerLocation location_of(const sip::Uri& next_hop,
                                                        transport::Security security = transport::Security::open);
    /// Goes on with what is known. True when it is done.
    bool advance(transport::ServerLocation& location);
    /// Asks for what is not; `done` is called later.
    void ask_for(transport::ServerLocation location, std::function<void(transport::Located&)> done);
    /// Where a request goes that nobody would send again: the first target, or nothing.
    void locate(const sip::Uri& next_hop, std::function<void(std::optional<transport::Peer>)> done);
    void count_retransmission() { ++counters_.retransmissions; }
    void count_failover() { ++counters_.failovers; }
    /// From now on new requests outside dialogs get 503; what is under way goes on (graceful stop).
    void refuse_new_work() { draining_ = true; }
    /// Server transactions that still wait for their final response.
    [[nodiscard]] std::size_t unanswered() const { return unanswered_; }

  private:
    friend class ServerTransaction;
    friend class ClientTransaction;

    void on_request(sip::Message request, const Arrival& arrival);
    void on_cancel(sip::Message cancel, const Arrival& arrival);
    void on_response(sip::Message response);
    void answer_stateless(const sip::Message& request, const Arrival& arrival, int status, std::string_view reason,
                          std::string_view detail);
    static void record_source(sip::Message& request, const Arrival& arrival);
    void forget(const transaction::Key& key);
    void forget(std::uint64_t reference);

    const Node& node_;
    Outside& outside_;
    std::uint8_t index_;
    TimerWheel wheel_;
    std::unordered_map<transaction::Key, std::shared_ptr<ServerTransaction>, transaction::KeyHash> servers_;
    std::unordered_map<std::uint64_t, std::shared_ptr<ClientTransaction>> clients_;
    std::unique_ptr<Role> role_;
    std::uint64_t next_branch_;
    CoreCounters counters_;
    std::size_t unanswered_ = 0;
    bool draining_ = false;
};

/// What a node may use to reach a target: its listening sockets say which transports and families.
transport::LocationPolicy location_policy(const Node& node, transport::Security security);

/// The reason phrase of RFC 3261 21 and its extensions.
std::string_view reason_phrase(int status);

}  // namespace isthmus::runtime
