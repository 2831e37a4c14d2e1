// A worker outlives what one message or timer throws.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "common/runtime/server.hpp"
#include "common/runtime/timer_wheel.hpp"

namespace isthmus::runtime {
namespace {

/// Throws for INFO, before or after an answer; answers everything else.
class Thrower final : public Role {
  public:
    explicit Thrower(Core& core) : core_(core) {}
    void on_request(const std::shared_ptr<ServerTransaction>& transaction) override {
        if (transaction->request().method() == sip::Method::info) throw std::runtime_error("bad day");
        transaction->reply(200, "well");
    }
    void on_ack(sip::Message, const Arrival&) override {}
    [[nodiscard]] transaction::Timing timing(const transport::Peer&) const override { return core_.node().timing; }

  private:
    Core& core_;
};

class Client {
  public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        to_.sin_family = AF_INET;
        to_.sin_port = htons(port);
        ::inet_pton(AF_INET, "127.0.0.1", &to_.sin_addr);
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&to_), sizeof to_);
    }
    ~Client() { ::close(socket_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// The status line of the answer; empty when none came.
    std::string ask(const std::string& method, int number) const {
        const auto text = std::to_string(number);
        const auto request = method + " sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK" +
                             method + text +
                             "\r\nMax-Forwards: 70\r\nFrom: <sip:a@a.invalid>;tag=a\r\nTo: "
                             "<sip:b@b.invalid>\r\nCall-ID: c" +
                             text + "\r\nCSeq: 1 " + method + "\r\nContent-Length: 0\r\n\r\n";
        ::send(socket_, request.data(), request.size(), 0);
        pollfd waiting{socket_, POLLIN, 0};
        if (::poll(&waiting, 1, 5'000) != 1) return {};
        char answer[4096];
        const auto size = ::recv(socket_, answer, sizeof answer, 0);
        const std::string all(answer, size > 0 ? static_cast<std::size_t>(size) : 0);
        return all.substr(0, all.find('\r'));
    }

  private:
    int socket_;
    sockaddr_in to_{};
};

TEST(Survival, ISTHMUS_RT_004_an_exception_costs_one_message_not_the_worker) {
    Node node;
    node.name = "node.invalid";
    node.workers = 4;
    node.udp = {*transport::Address::parse("127.0.0.1", 0)};
    std::atomic<int> failures = 0;
    Server server(node, [](Core& core) { return std::make_unique<Thrower>(core); },
                  {.failed = [&](std::size_t, std::string_view what) {
                      if (what == "bad day") ++failures;
                  }});
    server.start();
    const Client client(server.node().udp.front().port);
    for (int i = 0; i < 20; ++i) {  // Call-IDs that meet every worker
        EXPECT_EQ(client.ask("INFO", i), "SIP/2.0 500 Server Internal Error");
        EXPECT_EQ(client.ask("OPTIONS", i), "SIP/2.0 200 OK");
    }
    server.stop(std::chrono::milliseconds(0));
    EXPECT_EQ(failures, 20);
    EXPECT_EQ(server.unanswered(), 0U);
}

struct Target final : TimerTarget {
    void on_timer(std::uint8_t) override {
        ++fired;
        if (throws) throw std::runtime_error("bad day");
    }
    int fired = 0;
    bool throws = false;
};

TEST(Survival, timers_behind_one_that_throws_fire_at_the_next_tick) {
    TimerWheel wheel(0);
    Target bad;
    Target good;
    bad.throws = true;
    Timer first(bad, 0);
    Timer second(good, 0);
    wheel.arm(first, 0, 100);
    wheel.arm(second, 0, 100);
    EXPECT_THROW(wheel.advance(1'000), std::runtime_error);
    EXPECT_EQ(good.fired, 0);
    EXPECT_EQ(wheel.armed(), 1U);
    wheel.advance(1'000);
    EXPECT_EQ(bad.fired, 1);
    EXPECT_EQ(good.fired, 1);
    EXPECT_EQ(wheel.armed(), 0U);
}

}  // namespace
}  // namespace isthmus::runtime
