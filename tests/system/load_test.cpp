// Many at once: a burst over one TCP connection, a reader that does not read, four workers a node.
#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "tests/system/core.hpp"
#include "tests/system/phone.hpp"

namespace isthmus::system_test {
namespace {

using sip::Message;
using sip::Method;

class Load : public Core {};

/// Somebody on the Internet who is busy: 486 to every INVITE, on a thread of its own.
class BusyServer {
  public:
    explicit BusyServer(int host) : end_(support::loopback_address(host, 5060)), thread_([this] { run(); }) {}
    ~BusyServer() {
        stopping_ = true;
        thread_.join();
    }
    BusyServer(const BusyServer&) = delete;
    BusyServer& operator=(const BusyServer&) = delete;

  private:
    void run() {
        while (!stopping_) {
            const auto octets = end_.receive(support::Patience(50));
            if (!octets) continue;
            const auto request = Message::from_wire(*octets);
            if (request && request->method() == Method::invite)
                end_.send(end_.source(), answer_text(*request, 486, "sip:busy@isp.example"));
        }
    }
    std::atomic<bool> stopping_ = false;
    support::UdpEnd end_;
    std::thread thread_;
};

/// A phone that registers and calls over one TCP connection.
struct TcpPhone {
    explicit TcpPhone(int host, const transport::Address& pcscf)
        : tcp(support::loopback_address(host, 0), pcscf), via("TCP " + tcp.local().text()) {
        contact = "sip:alice@" + tcp.local().text() + ";transport=tcp";
        EXPECT_TRUE(tcp.send(register_text("alice", via, contact, 1, no_credentials("alice"))));
        const auto challenged = Message::from_wire(tcp.receive().value());
        EXPECT_TRUE(tcp.send(register_text("alice", via, contact, 2, credentials_for(*challenged, "alice"))));
        const auto ok = Message::from_wire(tcp.receive().value());
        EXPECT_EQ(ok->status(), 200);
        route = "<sip:" + pcscf.text() + ";transport=tcp;lr>, " + std::string(ok->value(sip::HeaderId::service_route));
    }
    support::TcpEnd tcp;
    std::string via;
    std::string contact;
    std::string route;
};

TEST_F(Load, a_thousand_calls_at_once_over_one_TCP_connection_are_all_answered) {
    workers_ = 2;
    provide();
    add_user("alice");
    start_all();
    BusyServer isp(200);
    sql("SELECT policy.allow_domain('isp.example', next_hop => 'sip:" + support::loopback(200) +
        ":5060', setup_budget => '120 s', target_timeout => '120 s')");  // a slow machine is no silent target
    TcpPhone alice(140, address(pcscf_host));
    constexpr int calls = 1'000;
    std::string burst;
    for (int i = 0; i < calls; ++i)
        burst += invite_text("alice", alice.via, alice.contact, alice.route, "sip:dave@isp.example",
                             "burst" + std::to_string(i));
    std::thread sender([&] { EXPECT_TRUE(alice.tcp.send(burst)); });
    std::map<std::string, int> answered;  // final status by Call-ID
    while (answered.size() < calls) {
        const auto octets = alice.tcp.receive(std::chrono::seconds(30));
        if (!octets) break;
        const auto message = Message::from_wire(*octets);
        ASSERT_TRUE(message.has_value());
        if (message->status() < 200) continue;
        const std::string call_id(message->call_id());
        EXPECT_EQ(answered.count(call_id), 0U) << "answered twice: " << call_id;
        answered[call_id] = message->status();
    }
    sender.join();
    EXPECT_EQ(answered.size(), static_cast<std::size_t>(calls));
    const auto busy =
        std::count_if(answered.begin(), answered.end(), [](const auto& one) { return one.second == 486; });
    EXPECT_EQ(busy, calls) << "all by the callee, none by a node that gave up";
    EXPECT_EQ(metric(pcscf_host, "isthmus_tcp_connections"), 1.0);
}

TEST_F(Load, who_does_not_read_is_not_read_from_and_nothing_of_his_is_lost) {
    start_pcscf();
    support::TcpEnd greedy(support::loopback_address(140, 0), address(pcscf_host), 4'096);
    const std::string long_tag(8'000, 't');  // comes back in each answer
    int sent = 0;
    std::size_t bytes = 0;
    std::string rest;
    constexpr std::size_t far_too_much = 200'000'000;
    support::UdpEnd neighbour(support::loopback_address(141, 0));
    while (bytes < far_too_much) {
        if (rest.empty()) {
            rest = "OPTIONS sip:nobody@home1.net SIP/2.0\r\nVia: SIP/2.0/TCP " + greedy.local().text() +
                   ";branch=z9hG4bKg" + std::to_string(sent) +
                   "\r\nMax-Forwards: 70\r\nFrom: <sip:greedy@home1.net>;tag=" + long_tag +
                   "\r\nTo: <sip:nobody@home1.net>\r\nCall-ID: g" + std::to_string(sent) +
                   "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
            ++sent;
        }
        const auto taken = greedy.send_some(rest);
        bytes += taken;
        rest.erase(0, taken);
        if (taken > 0) continue;
        // Nothing more goes now. Somebody else is served meanwhile, and behind his answer it is tried once more.
        bool moved = false;
        for (int i = 0; i < 20 && !moved; ++i) {
            neighbour.send(address(pcscf_host), "OPTIONS sip:x@home1.net SIP/2.0\r\nVia: SIP/2.0/UDP " +
                                                    neighbour.local().text() + ";branch=z9hG4bKn" +
                                                    std::to_string(sent) + "-" + std::to_string(i) +
                                                    "\r\nMax-Forwards: 70\r\nFrom: <sip:n@home1.net>;tag=n\r\nTo: "
                                                    "<sip:x@home1.net>\r\nCall-ID: n" +
                                                    std::to_string(sent) + "-" + std::to_string(i) +
                                                    "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
            ASSERT_TRUE(neighbour.receive()) << "one slow reader holds everybody up";
            const auto more = greedy.send_some(rest);
            bytes += more;
            rest.erase(0, more);
            moved = more > 0;
        }
        if (!moved) break;
    }
    EXPECT_LT(bytes, far_too_much) << "it reads on from a peer that takes nothing";
    EXPECT_GT(bytes, 1'000'000U) << "it stopped for another reason";
    std::set<std::string> answered;
    const auto all = static_cast<std::size_t>(sent - (rest.empty() ? 0 : 1));
    while (answered.size() < all) {
        const auto octets = greedy.receive();
        if (!octets) break;
        answered.insert(std::string(Message::from_wire(*octets)->call_id()));
    }
    EXPECT_EQ(answered.size(), all) << "every request that went out whole is answered";
}

/// Two hundred users behind one socket who call each other in a ring.
class Switchboard {
  public:
    Switchboard(int host, const transport::Address& pcscf)
        : pcscf_(pcscf), end_(support::loopback_address(host, 5070)) {}

    static std::string name(int user) { return "u" + std::to_string(user); }
    [[nodiscard]] std::string contact(int user) const { return "sip:" + name(user) + "@" + end_.local().text(); }

    /// All of them; how many got a 200.
    int register_all(int users) {
        routes_.assign(static_cast<std::size_t>(users), "");
        int done = 0;
        run(
            users,
            [&](int user) { return register_text(name(user), via_, contact(user), 1, no_credentials(name(user))); },
            [&](const Message& answer) {
                if (answer.is_request() || answer.cseq_method() != "REGISTER") return std::optional<int>();
                const int user = std::stoi(std::string(answer.call_id().substr(5)));
                if (answer.status() == 401 && answer.cseq() == 1)
                    end_.send(pcscf_,
                              register_text(name(user), via_, contact(user), 2, credentials_for(answer, name(user))));
                if (answer.status() != 200) return std::optional<int>();
                auto& route = routes_[static_cast<std::size_t>(user)];
                if (route.empty()) ++done;
                route = "<sip:" + pcscf_.text() + ";lr>, " + std::string(answer.value(sip::HeaderId::service_route));
                return std::optional<int>(user);
            });
        return done;
    }
    /// Each user calls the next one and hangs up; how many BYEs were answered.
    int call_all(int users) {
        std::set<int> done;
        run(
            users,
            [&](int user) {
                return invite_text(name(user), via_, contact(user), routes_[static_cast<std::size_t>(user)],
                                   "sip:" + name((user + 1) % users) + "@home1.net", "ring" + std::to_string(user));
            },
            [&](const Message& message) -> std::optional<int> {
                if (message.call_id().substr(0, 4) != "ring") return std::nullopt;
                const int user = std::stoi(std::string(message.call_id().substr(4)));
                if (message.is_request()) {
                    if (message.method() != Method::ack)
                        end_.send(end_.source(), answer_text(message, 200, contact((user + 1) % users)));
                } else if (message.status() == 200 && message.cseq_method() == "INVITE") {
                    end_.send(pcscf_, in_dialog_text("ACK", 1, via_, message));
                    end_.send(pcscf_, in_dialog_text("BYE", 2, via_, message));
                } else if (message.status() == 200 && message.cseq_method() == "BYE") {
                    done.insert(user);
                    return user;
                } else if (message.status() >= 300) {
                    ADD_FAILURE() << message.print();
                    return user;
                }
                return std::nullopt;
            });
        return static_cast<int>(done.size());
    }

  private:
    /// Starts them with at most twenty under way: more than that a socket of ours could lose.
    template <class Start, class Handle>
    void run(int users, Start start, Handle handle) {
        std::set<int> under_way;
        int next = 0;
        while (next < users || !under_way.empty()) {
            while (next < users && under_way.size() < 20) {
                end_.send(pcscf_, start(next));
                under_way.insert(next++);
            }
            const auto octets = end_.receive(std::chrono::seconds(20));
            if (!octets) return;
            const auto message = Message::from_wire(*octets);
            if (!message) continue;
            if (const auto ended = handle(*message)) under_way.erase(*ended);
        }
    }

    transport::Address pcscf_;
    support::UdpEnd end_;
    std::string via_ = "UDP " + end_.local().text();
    std::vector<std::string> routes_;
};

TEST_F(Load, four_workers_a_node_two_hundred_registrations_and_two_hundred_calls) {
    constexpr int users = 200;
    workers_ = 4;
    provide();
    sql("SELECT subscriber.add('u' || n, 'home1.net', 'u' || n || '-secret') FROM generate_series(0, " +
        std::to_string(users - 1) + ") n");
    start_all();
    Switchboard board(140, address(pcscf_host));
    ASSERT_EQ(board.register_all(users), users);
    EXPECT_EQ(metric(scscf_host, "isthmus_registrations"), static_cast<double>(users));
    EXPECT_EQ(board.call_all(users), users);
}

}  // namespace
}  // namespace isthmus::system_test
