#include "common/observability/hep.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <thread>

#include "common/observability/hep_exporter.hpp"

namespace isthmus::observability {
namespace {

std::uint64_t number(std::string_view octets) {
    std::uint64_t value = 0;
    for (char c : octets) value = (value << 8) | static_cast<unsigned char>(c);
    return value;
}

/// What a collector reads: chunk type to value. Empty when the lengths do not add up.
std::map<std::uint64_t, std::string> decode(std::string_view packet) {
    std::map<std::uint64_t, std::string> chunks;
    if (packet.substr(0, 4) != "HEP3" || number(packet.substr(4, 2)) != packet.size()) return {};
    for (auto rest = packet.substr(6); !rest.empty();) {
        const auto size = number(rest.substr(4, 2));
        if (number(rest.substr(0, 2)) != 0 || size < 6 || size > rest.size()) return {};
        chunks[number(rest.substr(2, 2))] = std::string(rest.substr(6, size - 6));
        rest.remove_prefix(size);
    }
    return chunks;
}

HepPacket packet() {
    HepPacket made;
    made.time = std::chrono::system_clock::time_point(std::chrono::microseconds(1'700'000'000'123'456));
    made.source.octets = {127, 0, 1, 10};
    made.source.port = 5060;
    made.destination.octets = {127, 0, 1, 20};
    made.destination.port = 5070;
    made.capture_id = 2001;
    made.call_id = "c1";
    made.payload = "OPTIONS sip:x SIP/2.0\r\n\r\n";
    return made;
}

TEST(Hep, a_collector_reads_what_was_seen) {
    const auto chunks = decode(encode(packet()).value());
    EXPECT_EQ(number(chunks.at(1)), 2U);
    EXPECT_EQ(number(chunks.at(2)), 17U);
    EXPECT_EQ(chunks.at(3), std::string("\x7f\x00\x01\x0a", 4));
    EXPECT_EQ(chunks.at(4), std::string("\x7f\x00\x01\x14", 4));
    EXPECT_EQ(number(chunks.at(7)), 5060U);
    EXPECT_EQ(number(chunks.at(8)), 5070U);
    EXPECT_EQ(number(chunks.at(9)), 1'700'000'000U);
    EXPECT_EQ(number(chunks.at(10)), 123'456U);
    EXPECT_EQ(number(chunks.at(11)), 1U);
    EXPECT_EQ(number(chunks.at(12)), 2001U);
    EXPECT_EQ(chunks.at(15), "OPTIONS sip:x SIP/2.0\r\n\r\n");
    EXPECT_EQ(chunks.at(17), "c1");
}

TEST(Hep, IPv6_and_TCP) {
    auto made = packet();
    made.source.v6 = made.destination.v6 = true;
    made.tcp = true;
    made.call_id = {};
    const auto chunks = decode(encode(made).value());
    EXPECT_EQ(number(chunks.at(1)), 10U);
    EXPECT_EQ(number(chunks.at(2)), 6U);
    EXPECT_EQ(chunks.at(5).size(), 16U);
    EXPECT_EQ(chunks.at(6).size(), 16U);
    EXPECT_FALSE(chunks.contains(3));
    EXPECT_FALSE(chunks.contains(17));
}

TEST(Hep, what_fits_no_datagram_is_not_made) {
    auto made = packet();
    const std::string long_payload(65'500, 'x');
    made.payload = long_payload;
    EXPECT_FALSE(encode(made).has_value());
}

class Collector {
  public:
    Collector() : handle_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(handle_, reinterpret_cast<sockaddr*>(&own), sizeof own);
        socklen_t size = sizeof own;
        ::getsockname(handle_, reinterpret_cast<sockaddr*>(&own), &size);
        port = ntohs(own.sin_port);
        const timeval patience{5, 0};
        ::setsockopt(handle_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    ~Collector() { ::close(handle_); }
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;
    std::string receive() {
        std::string space(70'000, '\0');
        const auto size = ::recv(handle_, space.data(), space.size(), 0);
        return size < 0 ? std::string() : space.substr(0, static_cast<std::size_t>(size));
    }
    std::uint16_t port = 0;

  private:
    int handle_;
};

TEST(HepExporter, sends_to_the_collector_with_its_own_capture_id) {
    Collector collector;
    HepExporter exporter({.address = "127.0.0.1", .port = collector.port, .capture_id = 7});
    exporter.send(packet());
    const auto chunks = decode(collector.receive());
    ASSERT_TRUE(chunks.contains(15));
    EXPECT_EQ(number(chunks.at(12)), 7U);
}

TEST(HepExporter, what_the_queue_does_not_hold_is_dropped_and_counted) {
    Collector collector;
    HepExporter exporter({.address = "127.0.0.1", .port = collector.port, .queue_bytes = 10});
    exporter.send(packet());
    EXPECT_EQ(exporter.dropped(), 1U);
    EXPECT_EQ(exporter.sent(), 0U);
}

TEST(HepExporter, a_collector_that_never_reads_holds_nobody_up_and_each_message_is_counted) {
    const Collector collector;
    HepExporter exporter({.address = "127.0.0.1", .port = collector.port, .queue_bytes = 4'000});
    constexpr std::uint64_t many = 50'000;  // more than the system's buffers hold
    for (std::uint64_t i = 0; i < many; ++i) exporter.send(packet());
    EXPECT_GT(exporter.dropped(), 0U);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (exporter.sent() + exporter.dropped() < many && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_EQ(exporter.sent() + exporter.dropped(), many);
}

TEST(HepExporter, nobody_at_the_collector_is_no_reason_to_stop) {
    std::uint16_t closed = 0;
    {
        const Collector gone;
        closed = gone.port;
    }
    HepExporter exporter({.address = "127.0.0.1", .port = closed});
    for (int i = 0; i < 100; ++i) exporter.send(packet());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (exporter.sent() + exporter.dropped() < 100 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_EQ(exporter.sent() + exporter.dropped(), 100U);
}

TEST(HepExporter, off_without_an_address_and_loud_about_a_bad_one) {
    HepExporter off({});
    EXPECT_FALSE(off.on());
    off.send(packet());
    EXPECT_THROW(HepExporter({.address = "collector.example"}), std::runtime_error);
}

}  // namespace
}  // namespace isthmus::observability
