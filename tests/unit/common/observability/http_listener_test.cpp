#include "common/observability/http_listener.hpp"

#include <gmock/gmock.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <mutex>

namespace isthmus::observability {
namespace {

using boost::asio::ip::tcp;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class HttpListenerTest : public testing::Test {
  protected:
    HttpListenerTest()
        : listener_(HttpListener::start("127.0.0.1", 0,
                                        {.metrics = [] { return std::string("isthmus_x 1\n"); },
                                         .health =
                                             [this] {
                                                 const std::lock_guard lock(mutex_);
                                                 return health_;
                                             }})
                        .value()) {}

    tcp::socket connect() {
        tcp::socket socket(context_);
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), listener_.port()});
        return socket;
    }

    /// Sends the text, closes its side and reads until the listener closes.
    std::string ask(const std::string& text) {
        auto socket = connect();
        boost::system::error_code error;
        boost::asio::write(socket, boost::asio::buffer(text), error);
        socket.shutdown(tcp::socket::shutdown_send, error);
        std::string answer;
        boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
        return answer;
    }

    static std::string get(const std::string& target) {
        return "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    }

    void set(const Health& health) {
        const std::lock_guard lock(mutex_);
        health_ = health;
    }

    std::mutex mutex_;
    Health health_{.serving = true, .state = "ok", .node = "scscf1", .parts = {{"database", "connected"}}};
    boost::asio::io_context context_;
    HttpListener listener_;
};

TEST_F(HttpListenerTest, metrics) {
    const auto answer = ask(get("/metrics"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nisthmus_x 1\n"));
    EXPECT_THAT(ask(get("/metrics?x=1")), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpListenerTest, health_is_json_and_503_when_it_does_not_serve) {
    EXPECT_THAT(ask(get("/healthz")),
                EndsWith("\r\n\r\n{\"state\":\"ok\",\"node\":\"scscf1\",\"parts\":{\"database\":\"connected\"}}\n"));
    set({.serving = false, .state = "starting", .node = "scscf1", .parts = {}});
    const auto answer = ask(get("/healthz"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(answer, EndsWith("{\"state\":\"starting\",\"node\":\"scscf1\",\"parts\":{}}\n"));
}

TEST_F(HttpListenerTest, anything_else_is_404_and_other_methods_405) {
    for (const auto* target : {"/", "/metricsx", "/healthz/", "/../etc/passwd", "*"})
        EXPECT_THAT(ask(get(target)), StartsWith("HTTP/1.1 404 ")) << target;
    const auto answer = ask("DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST_F(HttpListenerTest, head_has_the_length_and_no_body) {
    const auto answer = ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Content-Length: 12\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpListenerTest, a_connection_serves_several_requests) {
    const auto answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" + get("/nothing"));
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 OK"));
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 404 Not Found"));
}

TEST_F(HttpListenerTest, malformed_requests_get_400_or_nothing_and_do_no_harm) {
    const std::string long_header = "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n";
    EXPECT_THAT(ask("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(ask("GET / HTTP/9.9\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(ask("GET /\r\nHost x\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(ask("POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    ask(long_header);  // refused or cut off: what counts is the next one
    EXPECT_EQ(ask("GET /metr"), "");
    EXPECT_EQ(ask(""), "");
    EXPECT_THAT(ask(get("/metrics")), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpListenerTest, idle_connections_hinder_neither_others_nor_the_end) {
    std::vector<tcp::socket> idle;
    for (int i = 0; i < 10; ++i) idle.push_back(connect());
    EXPECT_THAT(ask(get("/metrics")), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpListenerTest, beyond_its_limit_connections_are_closed_and_old_ones_still_served) {
    std::vector<tcp::socket> held;
    for (int i = 0; i < 64; ++i) held.push_back(connect());
    EXPECT_EQ(ask(get("/metrics")), "");
    boost::asio::write(held.front(), boost::asio::buffer(get("/metrics")));
    std::string answer;
    boost::system::error_code error;
    boost::asio::read(held.front(), boost::asio::dynamic_buffer(answer), error);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
}

TEST(HttpListener, a_taken_address_is_a_value_not_an_exception) {
    const HttpHandlers handlers{.metrics = [] { return std::string(); }, .health = [] { return Health{}; }};
    const auto first = HttpListener::start("127.0.0.1", 0, handlers);
    ASSERT_TRUE(first.has_value());
    const auto second = HttpListener::start("127.0.0.1", first->port(), handlers);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error(), boost::system::errc::address_in_use);
    EXPECT_FALSE(HttpListener::start("localhost", 0, handlers).has_value());
}

}  // namespace
}  // namespace isthmus::observability
