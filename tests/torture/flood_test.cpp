// More comes for one worker than it can work off: memory stays bounded, the others go on, and it recovers.
#include <gtest/gtest.h>

#include <future>

#include "common/runtime/server.hpp"
#include "tests/support/wire.hpp"

namespace isthmus::torture {
namespace {

/// Answers 200 on the first worker, which reads the socket, and 202 on the second, which the first INFO holds up.
class Slow final : public runtime::Role {
  public:
    Slow(runtime::Core& core, std::promise<void>& held, std::shared_future<void> go)
        : core_(core), held_(held), go_(std::move(go)) {}
    void on_request(const std::shared_ptr<runtime::ServerTransaction>& transaction) override {
        if (core_.index() != 0 && transaction->request().method() == sip::Method::info && !was_held_) {
            was_held_ = true;
            held_.set_value();
            go_.wait();
        }
        transaction->reply(core_.index() == 0 ? 200 : 202, "");
    }
    void on_ack(sip::Message, const runtime::Arrival&) override {}
    [[nodiscard]] transaction::Timing timing(const transport::Peer&) const override { return core_.node().timing; }

  private:
    runtime::Core& core_;
    std::promise<void>& held_;
    std::shared_future<void> go_;
    bool was_held_ = false;
};

class Flood : public testing::Test {
  protected:
    Flood() {
        runtime::Node node;
        node.name = "node.invalid";
        node.workers = 2;
        node.udp = {support::loopback_address(1, 0)};
        node.tcp = node.udp;
        node.seed = {3, 4};
        server_ = std::make_unique<runtime::Server>(node, [this, go = go_.get_future().share()](runtime::Core& core) {
            return std::make_unique<Slow>(core, held_, go);
        });
        server_->start();
    }
    ~Flood() override { server_->stop(std::chrono::milliseconds(0)); }

    void send(const std::string& method, const std::string& call_id, std::size_t more = 0) {
        const auto number = std::to_string(++sent_);
        phone_.send(server_->node().udp.front(),
                    method + " sip:a@node.invalid SIP/2.0\r\nVia: SIP/2.0/UDP " + phone_.local().text() +
                        ";branch=z9hG4bK" + number + "\r\nMax-Forwards: 70\r\nFrom: <sip:b@node.invalid>;tag=" +
                        number + "\r\nTo: <sip:a@node.invalid>\r\nCall-ID: " + call_id + "\r\nCSeq: 1 " + method +
                        "\r\nSubject: " + std::string(more, 'x') + "\r\nContent-Length: 0\r\n\r\n");
    }
    /// The status of the answer; 0 when none came.
    int answer(const std::string& call_id) {
        while (const auto octets = phone_.receive()) {
            const auto answer = sip::Message::from_wire(*octets);
            if (answer && answer->call_id() == call_id) return answer->status();
        }
        return 0;
    }
    /// A Call-ID of the worker that answers so.
    std::string call_of(int status) {
        for (int i = 0; i < 64; ++i) {
            const auto call_id = "c" + std::to_string(i);
            send("OPTIONS", call_id);
            if (answer(call_id) == status) return call_id;
        }
        return {};
    }

    std::promise<void> held_, go_;
    std::unique_ptr<runtime::Server> server_;
    support::UdpEnd phone_{support::loopback_address(2, 0)};
    int sent_ = 0;
};

TEST_F(Flood, bad_input_what_a_worker_cannot_work_off_does_not_fill_the_memory) {
    const auto fast = call_of(200);
    const auto slow = call_of(202);
    send("INFO", slow);
    ASSERT_EQ(held_.get_future().wait_for(support::patience), std::future_status::ready);
    const auto before = support::allocated_bytes();
    for (int burst = 0; burst < 150; ++burst) {
        for (int i = 0; i < 16; ++i) send("INFO", slow, 60'000);
        send("OPTIONS", fast);  // its answer says that the socket was read
        ASSERT_EQ(answer(fast), 200) << "the other worker goes on";
    }
    EXPECT_LT(support::allocated_bytes(), before + 100'000'000);
    EXPECT_GT(server_->totals().counters.malformed, 0U) << "what was dropped is counted";
    go_.set_value();
    send("OPTIONS", slow);
    EXPECT_EQ(answer(slow), 202);
}

}  // namespace
}  // namespace isthmus::torture
