// TLS between two hubs over the loopback: who is believed, who is refused and in which words, reuse, reload,
// keep-alive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "common/transport/stream.hpp"
#include "tests/support/certificates.hpp"

namespace isthmus::transport {
namespace {

namespace asio = boost::asio;
using support::Authority;
using support::credentials;
using support::WantedCertificate;
using testing::HasSubstr;

Octets message(const std::string& text) {
    return std::make_shared<std::string>("OPTIONS sip:" + text + " SIP/2.0\r\nContent-Length: 0\r\n\r\n");
}

/// One node: its hub, its listener, and what they told.
struct Node {
    Node(asio::io_context& io, const StreamLimits& limits, const std::string& host = "127.0.0.1")
        : hub(io, limits,
              {[this](const Peer& from, const std::string& text) {
                   senders.push_back(from);
                   messages.push_back(text);
               },
               [this](std::uint64_t reference) { failed.push_back(reference); },
               [this](const Peer& otherwise, const Octets&) { undelivered.push_back(otherwise); },
               [this](const ConnectionNews& told) { news.push_back(told); }}),
          listener(io, *Address::parse(host, 0), [this](int socket, const Address& remote) {
              hub.adopt(socket, {accepts, remote});
          }) {}

    Protocol accepts = Protocol::tls;
    std::vector<Peer> senders;
    std::vector<std::string> messages;
    std::vector<std::uint64_t> failed;
    std::vector<Peer> undelivered;
    std::vector<ConnectionNews> news;
    StreamHub hub;
    StreamListener listener;
};

class Tls : public testing::Test {
  protected:
    void start() {
        isp = std::make_unique<Node>(io, limits);
        us = std::make_unique<Node>(io, limits);
        isp->hub.use(credentials(isp_options));
        us->hub.use(credentials(our_options));
    }
    template <class Done>
    bool run_until(Done done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (!done() && std::chrono::steady_clock::now() < deadline) io.run_one_for(std::chrono::milliseconds(100));
        return done();
    }
    [[nodiscard]] Peer peer(const std::string& domain = "isp.example") const {
        return {Protocol::tls, isp->listener.local(), domain};
    }
    void send(const std::string& text, std::uint64_t reference = 1, const std::string& domain = "isp.example") {
        us->hub.send({peer(domain), message(text), reference});
    }
    /// Sends one message that must fail, and what was said of the connection.
    ConnectionNews refused(const std::string& domain = "isp.example") {
        start();
        const auto began = std::chrono::steady_clock::now();
        send("x", 7, domain);
        EXPECT_TRUE(us->failed.empty()) << "never told inside the call";
        EXPECT_TRUE(run_until([&] { return !us->failed.empty() && !us->news.empty(); }));
        EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2)) << "at once, not by time-out";
        EXPECT_EQ(us->failed, std::vector<std::uint64_t>{7});
        EXPECT_TRUE(isp->messages.empty()) << "nothing was said to who is not believed";
        EXPECT_EQ(us->hub.connections(), 0U);
        return us->news.empty() ? ConnectionNews{} : us->news.front();
    }
    std::unique_ptr<asio::ip::tcp::socket> connect_plainly() {
        auto socket = std::make_unique<asio::ip::tcp::socket>(peer_io);
        socket->connect({asio::ip::make_address("127.0.0.1"), isp->listener.local().port});
        return socket;
    }

    asio::io_context io;
    asio::io_context peer_io;
    Authority authority;
    Authority stranger{"Stranger"};
    StreamLimits limits;
    TlsOptions isp_options{{authority.issue("isp", {{"URI:sip:isp.example"}})}, {authority.file()}};
    TlsOptions our_options{{authority.issue("us", {{"DNS:us.example"}})}, {authority.file()}};
    std::unique_ptr<Node> isp;
    std::unique_ptr<Node> us;
};

TEST_F(Tls, a_message_arrives_and_is_answered_on_its_connection) {
    start();
    send("one");
    ASSERT_TRUE(run_until([&] { return isp->messages.size() == 1; }));
    EXPECT_EQ(isp->messages.front(), *message("one"));
    EXPECT_EQ(isp->senders.front().protocol, Protocol::tls);
    isp->hub.send({isp->senders.front(), message("answer"), 0, true});
    ASSERT_TRUE(run_until([&] { return us->messages.size() == 1; }));
    EXPECT_EQ(us->senders.front(), peer()) << "the connection keeps the name it was opened for";
    EXPECT_EQ(us->hub.tls_connections(), 1U);
    EXPECT_EQ(isp->hub.tls_connections(), 1U);
}

TEST_F(Tls, RFC5923_a_connection_is_reused_for_its_domain_and_not_for_another) {
    isp_options.identities = {authority.issue("isp", {{"DNS:isp.example", "DNS:other.example"}})};
    start();
    send("one");
    send("two");
    ASSERT_TRUE(run_until([&] { return isp->messages.size() == 2; }));
    EXPECT_EQ(isp->hub.connections(), 1U);
    send("three", 1, "other.example");
    ASSERT_TRUE(run_until([&] { return isp->messages.size() == 3; }));
    EXPECT_EQ(isp->hub.connections(), 2U);
}

TEST_F(Tls, RFC5922_a_certificate_of_another_domain_is_refused_at_once) {
    const auto news = refused("other.example");
    EXPECT_EQ(news.fault, TlsFault::wrong_name);
    EXPECT_THAT(news.reason, HasSubstr("names isp.example, not other.example"));
}

TEST_F(Tls, an_expired_certificate_is_refused_at_once) {
    WantedCertificate wanted{{"DNS:isp.example"}};
    wanted.valid_from_days = -10;
    wanted.valid_until_days = -1;
    isp_options.identities = {authority.issue("isp", wanted)};
    const auto news = refused();
    EXPECT_EQ(news.fault, TlsFault::expired);
    EXPECT_THAT(news.reason, HasSubstr("certificate has expired"));
}

TEST_F(Tls, a_certificate_of_tomorrow_is_refused_at_once) {
    WantedCertificate wanted{{"DNS:isp.example"}};
    wanted.valid_from_days = 1;
    wanted.valid_until_days = 2;
    isp_options.identities = {authority.issue("isp", wanted)};
    const auto news = refused();
    EXPECT_EQ(news.fault, TlsFault::expired);
    EXPECT_THAT(news.reason, HasSubstr("certificate is not yet valid"));
}

TEST_F(Tls, a_self_signed_certificate_is_refused_at_once) {
    WantedCertificate wanted{{"DNS:isp.example"}};
    wanted.self_signed = true;
    isp_options.identities = {authority.issue("isp", wanted)};
    const auto news = refused();
    EXPECT_EQ(news.fault, TlsFault::self_signed);
    EXPECT_THAT(news.reason, HasSubstr("self-signed certificate"));
}

TEST_F(Tls, a_certificate_of_an_unknown_authority_is_refused_at_once) {
    isp_options.identities = {stranger.issue("isp", {{"DNS:isp.example"}})};
    EXPECT_EQ(refused().fault, TlsFault::unknown_authority);
}

TEST_F(Tls, no_TLS_at_the_other_end_is_a_failure_at_once) {
    limits.setup_ms = 200;
    start();
    isp->accepts = Protocol::tcp;
    send("x", 7);
    EXPECT_TRUE(run_until([&] { return !us->failed.empty(); }));
    EXPECT_TRUE(isp->messages.empty());
}

TEST_F(Tls, without_credentials_nothing_is_sent) {
    start();
    us->hub.use(nullptr);
    send("x", 7);
    EXPECT_TRUE(run_until([&] { return !us->failed.empty(); }));
    EXPECT_TRUE(isp->news.empty() && isp->messages.empty());
}

TEST_F(Tls, a_peer_that_is_to_be_found_by_its_flow_only_is_never_connected_to) {
    start();
    send("x", 7, "");
    EXPECT_TRUE(run_until([&] { return !us->failed.empty(); }));
    EXPECT_EQ(isp->hub.connections(), 0U);
}

TEST_F(Tls, a_handshake_that_is_not_finished_fails_in_time) {
    limits.setup_ms = 100;
    start();
    asio::ip::tcp::acceptor silent(peer_io, {asio::ip::make_address("127.0.0.1"), 0});  // accepts and says nothing
    us->hub.send({{Protocol::tls, *Address::parse("127.0.0.1", silent.local_endpoint().port()), "isp.example"},
                  message("x"),
                  7});
    ASSERT_TRUE(run_until([&] { return !us->failed.empty() && !us->news.empty(); }));
    EXPECT_EQ(us->news.front().fault, TlsFault::too_slow);
}

TEST_F(Tls, a_name_asked_for_gets_the_certificate_that_has_it) {
    isp_options.identities.push_back(authority.issue("second", {{"DNS:second.example"}}));
    start();
    send("one");
    send("two", 2, "second.example");
    EXPECT_TRUE(run_until([&] { return isp->messages.size() == 2; }));
    EXPECT_TRUE(us->failed.empty());
}

TEST_F(Tls, a_required_client_certificate_is_shown) {
    isp_options.client_certificate = ClientCertificate::require;
    start();
    send("one");
    EXPECT_TRUE(run_until([&] { return isp->messages.size() == 1; }));
}

TEST_F(Tls, who_shows_no_certificate_where_one_is_required_is_told_at_once) {
    isp_options.client_certificate = ClientCertificate::require;
    our_options.identities.clear();
    const auto news = refused();
    EXPECT_EQ(news.fault, TlsFault::not_accepted);
    ASSERT_FALSE(isp->news.empty());
    EXPECT_EQ(isp->news.front().fault, TlsFault::unfit);
}

TEST_F(Tls, a_client_certificate_of_an_unknown_authority_is_refused_at_once) {
    isp_options.client_certificate = ClientCertificate::request;
    our_options.identities = {stranger.issue("us", {{"DNS:us.example"}})};
    const auto news = refused();
    EXPECT_EQ(news.fault, TlsFault::not_accepted);
    ASSERT_FALSE(isp->news.empty());
    EXPECT_EQ(isp->news.front().fault, TlsFault::unknown_authority);
}

TEST_F(Tls, new_credentials_count_for_new_connections_and_drop_none) {
    start();
    send("one");
    ASSERT_TRUE(run_until([&] { return isp->messages.size() == 1; }));
    isp_options.identities = {authority.issue("isp", {{"DNS:renamed.example"}})};
    isp->hub.use(credentials(isp_options));
    send("two");
    EXPECT_TRUE(run_until([&] { return isp->messages.size() == 2; })) << "the old connection goes on";
    send("three", 3, "renamed.example");
    EXPECT_TRUE(run_until([&] { return isp->messages.size() == 3; })) << "a new one sees the new name";
}

TEST_F(Tls, RFC3261_18_2_2_a_response_whose_connection_is_gone_is_given_back_with_its_other_way) {
    start();
    const Peer other_way{Protocol::tls, isp->listener.local(), "isp.example"};
    us->hub.send({{Protocol::tls, *Address::parse("127.0.0.1", 9)}, message("answer"), 0, true, other_way});
    ASSERT_TRUE(run_until([&] { return !us->undelivered.empty(); }));
    EXPECT_EQ(us->undelivered.front(), other_way);
}

TEST_F(Tls, messages_larger_than_a_record_and_many_of_them_arrive_in_order) {
    start();
    std::vector<std::string> sent;
    for (int i = 0; i < 200; ++i) {
        const auto body = std::string(static_cast<std::size_t>(i) * 500, static_cast<char>('a' + i % 26));
        sent.push_back("MESSAGE sip:x SIP/2.0\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        us->hub.send({peer(), std::make_shared<std::string>(sent.back()), 1});
    }
    ASSERT_TRUE(run_until([&] { return isp->messages.size() == sent.size(); }));
    EXPECT_EQ(isp->messages, sent);
}

}  // namespace
}  // namespace isthmus::transport
