// Connections on a loopback socket: how many are held, and what a full or lost one tells the sender.
#include "common/transport/tcp.hpp"

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

class TcpBounds : public testing::Test {
  protected:
    TcpBounds() {
        limits.connections = 3;
        limits.queue = 100'000;
    }
    void open() {
        hub = std::make_unique<TcpHub>(io, limits,
                                       TcpEvents{[this](const Address& remote, const std::string& message) {
                                                     from.push_back(remote);
                                                     messages.push_back(message);
                                                 },
                                                 [this](std::uint64_t reference) { failed.push_back(reference); }});
        listener =
            std::make_unique<TcpListener>(io, *Address::parse("127.0.0.1", 0),
                                          [this](int socket, const Address& remote) { hub->adopt(socket, remote); });
    }
    /// Runs what is ready until `done`, for five seconds at most.
    template <class Done>
    bool run_until(Done done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (!done() && std::chrono::steady_clock::now() < deadline) io.run_one_for(std::chrono::milliseconds(100));
        return done();
    }
    std::unique_ptr<tcp::socket> connect() {
        auto socket = std::make_unique<tcp::socket>(peer_io);
        socket->connect({asio::ip::make_address("127.0.0.1"), listener->local().port});
        return socket;
    }

    asio::io_context io;
    asio::io_context peer_io;
    TcpLimits limits;
    std::vector<std::string> messages;
    std::vector<Address> from;
    std::vector<std::uint64_t> failed;
    std::unique_ptr<TcpHub> hub;
    std::unique_ptr<TcpListener> listener;
};

TEST_F(TcpBounds, connections_accepted_are_bounded) {
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

TEST_F(TcpBounds, an_answer_goes_back_on_the_connection_its_request_came_on) {
    open();
    const auto peer = connect();
    asio::write(*peer, asio::buffer(ping));
    ASSERT_TRUE(run_until([&] { return messages.size() == 1; }));
    hub->send(from.front(), std::make_shared<std::string>("SIP/2.0 200 OK\r\n\r\n"), 0, true);
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

TEST_F(TcpBounds, a_full_queue_fails_the_message_that_finds_no_room) {
    open();
    const auto peer = connect();
    asio::write(*peer, asio::buffer(ping));
    ASSERT_TRUE(run_until([&] { return messages.size() == 1; }));
    hub->send(from.front(), std::make_shared<std::string>(60'000, 'x'), 7, false);
    hub->send(from.front(), std::make_shared<std::string>(60'000, 'x'), 8, false);
    EXPECT_TRUE(failed.empty()) << "never told inside the call";
    EXPECT_TRUE(run_until([&] { return !failed.empty(); }));
    EXPECT_EQ(failed, std::vector<std::uint64_t>{8});
}

TEST_F(TcpBounds, a_refused_connection_fails_its_message_later) {
    open();
    const auto port = listener->local().port;
    listener.reset();
    hub->send(*Address::parse("127.0.0.1", port), std::make_shared<std::string>(ping), 9, false);
    EXPECT_TRUE(failed.empty());
    EXPECT_TRUE(run_until([&] { return !failed.empty(); }));
    EXPECT_EQ(failed, std::vector<std::uint64_t>{9});
    EXPECT_EQ(hub->connections(), 0U);
}

}  // namespace
}  // namespace isthmus::transport
