// A network without sockets or clocks for flow tests: nodes made of cores, phones that are scripts, and a ladder of
// what passed between them. Everything runs in one thread, in the order it was sent; time moves only by advance().
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/runtime/core.hpp"

namespace isthmus::flow {

class Net;

/// Something with an address: a node or a phone.
class Host {
  public:
    Host(Net& net, std::string name, const std::string& address);
    virtual ~Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    virtual void deliver(const transport::Peer& from, const std::string& octets) = 0;
    /// What was sent to `to` came back, as ICMP has it.
    virtual void undeliverable(const transport::Address& to, const std::string& octets) {
        (void)to;
        (void)octets;
    }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const transport::Address& address() const { return address_; }

  protected:
    Net& net_;
    std::string name_;
    transport::Address address_;
};

class Net {
  public:
    void add(Host& host) { add(host, host.address()); }
    void add(Host& host, const transport::Address& at) { hosts_[at.text()] = &host; }
    /// TLS with this address comes to nothing from now on.
    void refuse_tls(const std::string& address) { no_tls_.insert(address); }
    [[nodiscard]] bool refuses_tls(const transport::Peer& peer) const {
        return peer.protocol == transport::Protocol::tls && no_tls_.count(peer.address.text()) == 1;
    }
    /// Nobody listens at this UDP port: who sends there gets back an ICMP error with the first 548 octets.
    void close_port(const std::string& address, bool closed = true) { closed_[address] = closed; }
    /// Puts a message on its way and a line into the ladder.
    void send(Host& from, const transport::Peer& to, const std::string& octets);
    void later(std::function<void()> task) { tasks_.push_back(std::move(task)); }
    void at_tick(std::function<void()> tick) { ticks_.push_back(std::move(tick)); }
    /// Until nothing is left to be done at this moment.
    void settle();
    void advance(std::uint64_t ms);
    [[nodiscard]] std::uint64_t now() const { return now_; }
    std::uint64_t random() { return random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL; }

    // The name server of this network: records that exist, and what was asked.
    transport::DnsAnswer& record(transport::RecordType type, const std::string& host);
    void srv(const std::string& service, std::uint16_t priority, const std::string& host, std::uint16_t port = 5060);
    void a(const std::string& host, const std::string& address);
    void aaaa(const std::string& host, const std::string& address);
    void ask(const transport::Question& question, std::function<void(transport::AnswerPtr)> done);
    bool name_server_silent = false;
    std::vector<std::string> dns_queries;  ///< "A host.example.net"
    transport::DnsCache names{1000};

    /// "alice -> pcscf INVITE" a line, since the last call; 100 Trying is left out.
    std::string ladder();
    void silence(const std::string& address, bool silent) { silent_[address] = silent; }
    /// What each node said of the messages it sent.
    std::vector<std::string> decisions;
    /// "tls:address domain" of each message a node sent by TLS.
    std::vector<std::string> by_tls;

  private:
    struct Unanswered {
        std::uint64_t due;
        transport::Question question;
        std::function<void(transport::AnswerPtr)> done;
    };
    void answer_silent_questions();

    std::map<std::string, transport::DnsAnswer> zone_;
    std::set<std::string> zone_names_;
    std::deque<Unanswered> silent_questions_;
    std::map<std::string, Host*> hosts_;
    std::map<std::string, bool> silent_;
    std::map<std::string, bool> closed_;
    std::set<std::string> no_tls_;
    std::deque<std::function<void()>> tasks_;
    std::vector<std::function<void()>> ticks_;
    std::vector<std::string> ladder_;
    std::uint64_t now_ = 1'000'000;
    std::uint64_t random_ = 42;
};

/// A CSCF: one core per worker behind one address, dispatched as the real one is.
class NodeHost final : public Host {
  public:
    NodeHost(Net& net, std::string name, const std::string& address, std::size_t workers);
    ~NodeHost() override;
    /// Call once for each worker, then the node works.
    void start(const std::function<std::unique_ptr<runtime::Role>(runtime::Core&)>& make_role);
    void deliver(const transport::Peer& from, const std::string& octets) override;
    void undeliverable(const transport::Address& to, const std::string& octets) override;
    [[nodiscard]] const runtime::Node& node() const { return node_; }
    runtime::Core& core(std::size_t worker) { return *cores_[worker]; }
    transport::Quarantine& quarantine() { return quarantine_; }

  private:
    class Outside;
    void send_failed(const Outside& outside, std::uint64_t reference);
    runtime::Node node_;
    transport::Quarantine quarantine_;
    std::vector<std::unique_ptr<Outside>> outsides_;
    std::vector<std::unique_ptr<runtime::Core>> cores_;
};

/// A script's end of the wire. Texts are written with LF; `{via}` becomes its Via value with a fresh branch.
class Phone final : public Host {
  public:
    Phone(Net& net, std::string name, const std::string& address) : Host(net, std::move(name), address) {}
    void deliver(const transport::Peer& from, const std::string& octets) override;

    /// Sends to a host and lets everything happen that follows at once. Returns the branch that was used.
    std::string send(const Host& to, std::string text);
    /// Sends what was printed.
    void send(const Host& to, const sip::Message& message);
    /// Answers `request`: its Vias, From, To with `tag`, Call-ID, CSeq, Record-Route, and `more` lines.
    void answer(const sip::Message& request, int status, const std::string& reason, const std::string& tag,
                const std::string& more = {}, const std::string& sdp = {});
    /// The oldest message not yet looked at that begins with `start`, "INVITE" or "SIP/2.0 200"; fails the test
    /// without.
    sip::Message expect(const std::string& start);
    /// True when a message that begins so is there; it stays.
    [[nodiscard]] bool has(const std::string& start) const;
    void drop_all() { inbox_.clear(); }
    transport::Protocol protocol = transport::Protocol::udp;  ///< by which it sends requests

  private:
    struct Received {
        transport::Peer from;
        std::string octets;
    };
    std::deque<Received> inbox_;
    std::map<std::string, transport::Peer> sources_;  // by top branch: where an answer goes
    unsigned branches_ = 0;
};

}  // namespace isthmus::flow
