// Connections on a loopback socket: how many are held, and what a full or lost one tells the sender.
#include "common/transport/stream.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <memory>
#include <string>
#include <vector>

namespace isthmus::transport {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

const std::string ping = "OPTIONS sip:a@b.invalid SIP/2.0\r\nContent-Length: 0\r\n\r\n";

class StreamBounds : public testing::Test {
  protected:
    StreamBounds() {
        limits.connections = 3;
        limits.queue = 100'000;
    }
    void open() {
        hub = std::make_unique<StreamHub>(io, limits,
                                          StreamEvents{[this](const Peer& remote, const std::string& message) {
                                                           from.push_back(remote);
                                                           messages.push_back(message);
                                                       },
                                                       [this](std::uint64_t reference) { failed.push_back(reference); },
                                                       {},
                                                       [this](const ConnectionNews& news) { ended.push_back(news); }});
        listener = std::make_unique<StreamListener>(io, *Address::parse("127.0.0.1", 0),
                                                    [this](int socket, const Address& remote) {
                                                        hub->adopt(socket, {Protocol::tcp, remote});
                                                    });
    }
    /// Runs what is ready until `done`, for five seconds at most.
    template <class Done>
    bool run_until(Done done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (!done() && std::chrono::steady_clock::now() < deadline) io.run_one_for(std::chrono::milliseconds(100));
        return done();
    }
    std::unique_ptr<tcp::socket> connect(const char* from_address = "127.0.0.1") {
        auto socket = std::make_unique<tcp::socket>(peer_io);
        socket->open(tcp::v4());
        socket->bind({asio::ip::make_address(from_address), 0});
        socket->connect({asio::ip::make_address("127.0.0.1"), listener->local().port});
        return socket;
    }

    asio::io_context io;
    asio::io_context peer_io;
    StreamLimits limits;
    std::vector<std::string> messages;
    std::vector<Peer> from;
    std::vector<std::uint64_t> failed;
    std::vector<ConnectionNews> ended;
    std::unique_ptr<StreamHub> hub;
    std::unique_ptr<StreamListener> listener;
};

TEST_F(StreamBounds, connections_accepted_are_bounded) {
    open();
    std::vector<std::unique_ptr<tcp::socket>> peers;
    for (int i = 0; i < 3; ++i) peers.push_back(connect());
    ASSERT_TRUE(run_until([&] { return hub->connections() == 3; }));
    const auto fourth = connect();
    fourth->non_blocking(true);
    char octet = 0;
    boost::system::error_code error;
    EXPECT_TRUE(run_until([&] {
        fourth->read_some(asio::buffer(&octet, 1), error);
        return error == asio::error::eof || error == asio::error::connection_reset;
    })) << error.message();
    EXPECT_EQ(hub->connections(), 3U);
    asio::write(*peers.front(), asio::buffer(ping));
    EXPECT_TRUE(run_until([&] { return messages.size() == 1; })) << "the others go on";
    peers.front()->close();
    ASSERT_TRUE(run_until([&] { return hub->connections() == 2; }));
    const auto next = connect();
    EXPECT_TRUE(run_until([&] { return hub->connections() == 3; })) << "room again";
}

TEST_F(StreamBounds, bad_input_one_address_cannot_take_the_places_of_all) {
    limits.connections = 10;
    limits.same_address = 2;
    open();
    std::vector<std::unique_ptr<tcp::socket>> peers;
    for (int i = 0; i < 5; ++i) peers.push_back(connect("127.0.0.1"));
    peers.push_back(connect("127.0.0.2"));
    asio::write(*peers.back(), asio::buffer(ping));
    ASSERT_TRUE(run_until([&] { return messages.size() == 1; })) << "accepted in turn, so the five were looked at";
    EXPECT_EQ(hub->connections(), 3U);
    peers.clear();
    ASSERT_TRUE(run_until([&] { return hub->connections() == 0; }));
    const auto again = connect("127.0.0.1");
    EXPECT_TRUE(run_until([&] { return hub->connections() == 1; })) << "room again";
}

TEST_F(StreamBounds, bad_input_strangers_who_hold_every_place_do_not_keep_us_from_connecting) {
    open();
    std::vector<std::unique_ptr<tcp::socket>> peers;
    for (int i = 0; i < 3; ++i) peers.push_back(connect());
    ASSERT_TRUE(run_until([&] { return hub->connections() == 3; }));
    tcp::acceptor neighbour(peer_io, {asio::ip::make_address("127.0.0.1"), 0});
    const auto port = neighbour.local_endpoint().port();
    hub->send({{Protocol::tcp, *Address::parse("127.0.0.1", port)}, std::make_shared<std::string>(ping), 5});
    neighbour.non_blocking(true);
    tcp::socket socket(peer_io);
    boost::system::error_code error;
    EXPECT_TRUE(run_until([&] { return socket.is_open() || !neighbour.accept(socket, error); })) << error.message();
    EXPECT_TRUE(failed.empty());
}

TEST_F(StreamBounds, bad_input_many_who_do_not_read_hold_a_bounded_amount_together) {
    limits.connections = 10;
    limits.together = 100'000;
    limits.little = 20'000;
    open();
    std::vector<std::unique_ptr<tcp::socket>> peers;
    for (int i = 0; i < 4; ++i) peers.push_back(connect());
    for (auto& peer : peers) asio::write(*peer, asio::buffer(ping));
    ASSERT_TRUE(run_until([&] { return from.size() == 4; }));
    const auto queue = [&](std::size_t peer, std::size_t size, std::uint64_t reference) {
        hub->send({from[peer], std::make_shared<std::string>(size, 'x'), reference});
    };
    queue(0, 90'000, 1);
    queue(1, 90'000, 2);
    queue(2, 90'000, 3);  // enough
    queue(3, 10'000, 4);  // who reads needs no more
    EXPECT_TRUE(run_until([&] { return !failed.empty(); }));
    EXPECT_EQ(failed, std::vector<std::uint64_t>{3});
    run_until([&] { return io.poll() == 0; });  // the system has taken what waited
    queue(2, 90'000, 5);
    run_until([&] { return io.poll() == 0; });
    EXPECT_EQ(failed, std::vector<std::uint64_t>{3}) << "room again";
}

TEST_F(StreamBounds, bad_input_the_answers_to_pings_take_their_place_in_the_queue) {
    limits.queue = 1'000;
    open();
    const auto peer = connect();
    asio::write(*peer, asio::buffer(ping));
    ASSERT_TRUE(run_until([&] { return messages.size() == 1; }));
    for (std::uint64_t i = 1; i <= 100; ++i) hub->send({from.front(), std::make_shared<std::string>("\r\n"), i});
    EXPECT_TRUE(run_until([&] { return !failed.empty(); })) << "two octets each, but not for nothing";
}

TEST_F(StreamBounds, an_answer_goes_back_on_the_connection_its_request_came_on) {
    open();
    const auto peer = connect();
    asio::write(*peer, asio::buffer(ping));
    ASSERT_TRUE(run_until([&] { return messages.size() == 1; }));
    hub->send({from.front(), std::make_shared<std::string>("SIP/2.0 200 OK\r\n\r\n"), 0, true});
    peer->non_blocking(true);
    std::string got(64, '\0');
    std::size_t size = 0;
    EXPECT_TRUE(run_until([&] {
        boost::system::error_code error;
        size += peer->read_some(asio::buffer(got.data() + size, got.size() - size), error);
        return size == 18;
    }));
    EXPECT_EQ(got.substr(0, size), "SIP/2.0 200 OK\r\n\r\n");
}

TEST_F(StreamBounds, a_full_queue_fails_the_message_that_finds_no_room) {
    open();
    const auto peer = connect();
    asio::write(*peer, asio::buffer(ping));
    ASSERT_TRUE(run_until([&] { return messages.size() == 1; }));
    hub->send({from.front(), std::make_shared<std::string>(60'000, 'x'), 7});
    hub->send({from.front(), std::make_shared<std::string>(60'000, 'x'), 8});
    EXPECT_TRUE(failed.empty()) << "never told inside the call";
    EXPECT_TRUE(run_until([&] { return !failed.empty(); }));
    EXPECT_EQ(failed, std::vector<std::uint64_t>{8});
}

/// What the peer reads until there are `size` octets or the end of the stream.
class StreamTime : public StreamBounds {
  protected:
    std::string read_from(tcp::socket& socket, std::size_t size) {
        socket.non_blocking(true);
        std::string got;
        run_until([&] {
            char space[64];
            boost::system::error_code error;
            got.append(space, socket.read_some(asio::buffer(space), error));
            return got.size() >= size || error == asio::error::eof || error == asio::error::connection_reset;
        });
        return got;
    }
    [[nodiscard]] std::string why() const { return ended.empty() ? "" : ended.back().reason; }
};

TEST_F(StreamTime, RFC5626_3_5_1_a_double_CRLF_is_answered_with_CRLF) {
    open();
    const auto peer = connect();
    asio::write(*peer, asio::buffer(std::string("\r\n")));
    asio::write(*peer, asio::buffer(std::string("\r\n")));
    EXPECT_EQ(read_from(*peer, 2), "\r\n");
    EXPECT_TRUE(messages.empty());
}

TEST_F(StreamTime, slow_bytes_have_until_the_end_of_their_message_and_no_longer) {
    limits.half_message_ms = 300;
    limits.framer.head = std::size_t{1} << 30;
    open();
    const auto peer = connect();
    asio::write(*peer, asio::buffer(ping));  // a good one first: it does not buy time for the next
    ASSERT_TRUE(run_until([&] { return messages.size() == 1; }));
    boost::system::error_code error;
    EXPECT_TRUE(run_until([&] {
        asio::write(*peer, asio::buffer(std::string("O")), error);  // again and again: never idle, never whole
        return !ended.empty();
    }));
    EXPECT_EQ(why(), "a message was begun and not finished");
    EXPECT_EQ(hub->connections(), 0U);
}

TEST_F(StreamTime, who_connects_and_says_nothing_is_let_go) {
    limits.half_message_ms = 100;
    open();
    const auto peer = connect();
    EXPECT_TRUE(run_until([&] { return !ended.empty(); }));
    EXPECT_EQ(why(), "nothing was sent");
}

TEST_F(StreamTime, an_idle_connection_is_closed_and_a_used_one_is_not) {
    limits.idle_ms = 300;
    open();
    const auto idle = connect();
    const auto used = connect();
    asio::write(*idle, asio::buffer(ping));
    ASSERT_TRUE(run_until([&] {
        asio::write(*used, asio::buffer(ping));
        return !ended.empty();
    }));
    EXPECT_EQ(why(), "nothing passed for too long");
    EXPECT_EQ(ended.back().peer.address.port, idle->local_endpoint().port());
    EXPECT_EQ(hub->connections(), 1U);
}

/// A peer that accepts one connection of ours.
class KeepAlive : public StreamTime {
  protected:
    std::unique_ptr<tcp::socket> connected_to() {
        tcp::acceptor acceptor(peer_io, {asio::ip::make_address("127.0.0.1"), 0});
        hub->send({{Protocol::tcp, *Address::parse("127.0.0.1", acceptor.local_endpoint().port())},
                   std::make_shared<std::string>(ping),
                   5});
        acceptor.non_blocking(true);
        auto socket = std::make_unique<tcp::socket>(peer_io);
        EXPECT_TRUE(run_until([&] {
            boost::system::error_code error;
            if (!socket->is_open()) acceptor.accept(*socket, error);
            return socket->is_open();
        }));
        EXPECT_EQ(read_from(*socket, ping.size()), ping);
        return socket;
    }
};

TEST_F(KeepAlive, RFC5626_4_4_1_a_peer_that_answers_pings_keeps_its_connection) {
    limits.keepalive_ms = 50;
    limits.pong_ms = 2'000;
    open();
    const auto peer = connected_to();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(read_from(*peer, 4), "\r\n\r\n");
        asio::write(*peer, asio::buffer(std::string("\r\n")));
    }
    EXPECT_EQ(hub->connections(), 1U) << why();
}

TEST_F(KeepAlive, RFC5626_4_4_1_a_peer_that_answers_no_ping_is_gone) {
    limits.keepalive_ms = 50;
    limits.pong_ms = 100;
    open();
    const auto peer = connected_to();
    EXPECT_EQ(read_from(*peer, 4), "\r\n\r\n");
    EXPECT_TRUE(run_until([&] { return !ended.empty(); }));
    EXPECT_EQ(why(), "a ping was not answered (RFC 5626 4.4.1)");
    EXPECT_EQ(read_from(*peer, 1), "") << "no second ping";
}

TEST_F(KeepAlive, without_configuration_nobody_is_pinged) {
    limits.idle_ms = 200;  // so that the wait has an end
    open();
    const auto peer = connected_to();
    EXPECT_EQ(read_from(*peer, 1), "");
    EXPECT_EQ(why(), "nothing passed for too long");
}

TEST_F(StreamBounds, a_refused_connection_fails_its_message_later) {
    open();
    const auto port = listener->local().port;
    listener.reset();
    hub->send({{Protocol::tcp, *Address::parse("127.0.0.1", port)}, std::make_shared<std::string>(ping), 9});
    EXPECT_TRUE(failed.empty());
    EXPECT_TRUE(run_until([&] { return !failed.empty(); }));
    EXPECT_EQ(failed, std::vector<std::uint64_t>{9});
    EXPECT_EQ(hub->connections(), 0U);
}

}  // namespace
}  // namespace isthmus::transport
