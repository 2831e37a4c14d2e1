// Strangers at a TLS port: what they hold is bounded, they are let go in time, and nobody else notices.
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <mutex>

#include "common/runtime/server.hpp"
#include "icscf/pipeline.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/memory_directory.hpp"
#include "tests/support/wire.hpp"

namespace isthmus::torture {
namespace {

using support::Patience;
using transport::Address;
using transport::Peer;
using transport::Protocol;
using transport::TlsFault;

class HostileTls : public testing::Test {
  protected:
    HostileTls() {
        shared_.directory = &directory_;
        const std::vector<std::string> trusted = {"127.0.0.0/8"};
        shared_.trusted = runtime::address_ranges(trusted);
        runtime::Node node;
        node.name = "icscf.home1.net";
        node.udp = node.tls = {support::loopback_address(1, 0)};
        node.secret = {1, 2};
        node.seed = {3, 4};
        node.streams.setup_ms = 500;
        node.streams.half_message_ms = 500;
        server_ = std::make_unique<runtime::Server>(
            node, [this](runtime::Core& core) { return icscf::make_role(core, shared_); },
            runtime::Sinks{.connection = [this](std::size_t, const transport::ConnectionNews& news) {
                const std::lock_guard lock(lock_);
                news_.push_back(news);
            }});
        transport::TlsOptions options;
        options.identities = {authority_.issue("node", {{"IP:" + support::loopback(1)}})};
        options.authority_files = {authority_.file()};
        credentials_ = support::credentials(options);
        server_->use(credentials_);
        server_->start();
        client_ = std::make_unique<transport::StreamHub>(
            io_, transport::StreamLimits{},
            transport::StreamEvents{[this](const Peer&, const std::string& text) { answers_.push_back(text); },
                                    [](std::uint64_t) {},
                                    {},
                                    [this](const transport::ConnectionNews&) { ++closed_; }});
        client_->use(credentials_);
    }
    ~HostileTls() override {
        server_->stop(std::chrono::milliseconds(0));
        directory_.stop();
    }

    [[nodiscard]] Address tls_port() const { return server_->node().tls.front(); }
    void send(const std::string& octets) {
        client_->send({{Protocol::tls, tls_port(), support::loopback(1)}, std::make_shared<std::string>(octets), 0});
    }
    template <class Done>
    bool run_until(Done done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!done() && std::chrono::steady_clock::now() < deadline) io_.run_one_for(std::chrono::milliseconds(20));
        return done();
    }
    bool heard(TlsFault fault) {
        return run_until([&] {
            const std::lock_guard lock(lock_);
            return std::any_of(news_.begin(), news_.end(), [&](const auto& one) { return one.fault == fault; });
        });
    }
    bool heard(const std::string& reason) {
        return run_until([&] {
            const std::lock_guard lock(lock_);
            return std::any_of(news_.begin(), news_.end(), [&](const auto& one) { return one.reason == reason; });
        });
    }
    static std::string options(const std::string& vias, const std::string& more = {}) {
        return "OPTIONS sip:nobody@home1.net SIP/2.0\r\n" + vias +
               "Max-Forwards: 70\r\nFrom: <sip:a@home1.net>;tag=1\r\nTo: <sip:nobody@home1.net>\r\nCall-ID: c\r\nCSeq: "
               "1 OPTIONS\r\n" +
               more + "Content-Length: 0\r\n\r\n";
    }
    static std::string via(int number) {
        return "Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK" + std::to_string(number) + "\r\n";
    }
    /// Good traffic is served whatever went on before.
    void expect_service() {
        answers_.clear();
        send(options(via(++number_)));
        EXPECT_TRUE(run_until([&] { return !answers_.empty(); }));
    }

    std::mutex lock_;
    std::vector<transport::ConnectionNews> news_;
    support::MemoryDirectory directory_;
    icscf::Shared shared_{1000};
    support::Authority authority_;
    std::shared_ptr<const transport::TlsCredentials> credentials_;
    std::unique_ptr<runtime::Server> server_;
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{io_.get_executor()};
    std::unique_ptr<transport::StreamHub> client_;
    std::vector<std::string> answers_;
    std::size_t closed_ = 0;
    int number_ = 1'000'000;
};

TEST_F(HostileTls, plain_SIP_at_the_TLS_port_ends_its_connection) {
    support::TcpEnd stranger(support::loopback_address(41, 0), tls_port());
    EXPECT_TRUE(stranger.send(options(via(1))));
    EXPECT_TRUE(stranger.closed());
    EXPECT_TRUE(heard(TlsFault::no_tls));
    expect_service();
}

TEST_F(HostileTls, a_record_longer_than_TLS_allows_ends_its_connection) {
    support::TcpEnd stranger(support::loopback_address(41, 0), tls_port());
    EXPECT_TRUE(stranger.send(std::string("\x16\x03\x01\xff\xff", 5) + std::string(65'535, 'x')));
    EXPECT_TRUE(stranger.closed());
    expect_service();
}

TEST_F(HostileTls, two_hundred_handshakes_never_finished_are_let_go_in_time_and_hold_little) {
    const auto before = support::allocated_bytes();
    std::vector<std::unique_ptr<support::TcpEnd>> strangers;
    for (int i = 0; i < 200; ++i) {
        strangers.push_back(std::make_unique<support::TcpEnd>(support::loopback_address(41, 0), tls_port()));
        ASSERT_TRUE(strangers.back()->send(std::string("\x16\x03\x01\x02\x00\x01", 6)));  // begins, and says no more
    }
    EXPECT_LT(support::allocated_bytes(), before + 200 * 100'000);
    for (auto& stranger : strangers) EXPECT_TRUE(stranger->closed());
    EXPECT_TRUE(heard(TlsFault::too_slow));
    EXPECT_TRUE(run_until([&] { return server_->totals().connections == 0; }));
    expect_service();
}

TEST_F(HostileTls, ten_thousand_Vias_are_answered_or_refused_and_nothing_stays) {
    std::string vias;
    for (int i = 0; i < 10'000; ++i) vias += "Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK0\r\n";
    send(options(vias));
    EXPECT_TRUE(run_until([&] { return closed_ == 1 || !answers_.empty(); }));
    expect_service();
}

TEST_F(HostileTls, a_header_of_more_than_64_KB_ends_its_connection) {
    send(options(via(1), "Subject: " + std::string(70'000, 'x') + "\r\n"));
    EXPECT_TRUE(heard("a message's header was too long"));
    EXPECT_TRUE(run_until([&] { return closed_ == 1; }));
    expect_service();
}

TEST_F(HostileTls, a_header_of_nearly_64_KB_is_answered) {
    send(options(via(1), "Subject: " + std::string(60'000, 'x') + "\r\n"));
    EXPECT_TRUE(run_until([&] { return !answers_.empty(); }));
}

TEST_F(HostileTls, half_a_message_by_TLS_has_its_time_and_no_more) {
    send(options(via(1)).substr(0, 60));
    EXPECT_TRUE(heard("a message was begun and not finished"));
    EXPECT_TRUE(run_until([&] { return closed_ == 1; }));
    expect_service();
}

TEST_F(HostileTls, a_Content_Length_that_lies_ends_its_connection_or_waits_for_its_time) {
    for (const std::string length : {"99999999999999999999", "-1", "300000", "abc"}) {
        const auto before = closed_;
        auto text = options(via(1));
        text.replace(text.find("Content-Length: 0"), 17, "Content-Length: " + length);
        send(text);
        EXPECT_TRUE(run_until([&] { return closed_ > before; })) << length;
    }
    expect_service();
}

}  // namespace
}  // namespace isthmus::torture
