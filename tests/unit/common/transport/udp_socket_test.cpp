// ICMP errors on a UDP socket that is not connected (RFC 3261 18.4): what comes back, and that nobody else suffers.
#include "common/transport/udp_socket.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <optional>
#include <system_error>

namespace isthmus::transport {
namespace {

class UdpErrors : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        try {
            sender.emplace(Address::parse(GetParam(), 0).value());
            receiver.emplace(Address::parse(GetParam(), 0).value());
            closed = UdpSocket(Address::parse(GetParam(), 0).value()).local();  // nobody listens there any more
        } catch (const std::system_error&) {
            GTEST_SKIP() << "this machine has no " << GetParam();
        }
    }
    static Octets text(const std::string& of) { return std::make_shared<const std::string>(of); }
    static bool readable(const UdpSocket& socket) {
        pollfd waiting{socket.handle(), POLLIN, 0};
        return ::poll(&waiting, 1, 5'000) == 1;
    }
    std::vector<std::string> errors() {
        std::vector<std::string> found;
        sender->receive_errors([&](const Address& to, std::string_view octets) {
            EXPECT_EQ(to, closed);
            found.emplace_back(octets);
        });
        return found;
    }
    std::optional<UdpSocket> sender, receiver;
    Address closed;
};
INSTANTIATE_TEST_SUITE_P(On, UdpErrors, testing::Values("127.0.0.1", "::1"),
                         [](const auto& row) { return std::string(row.param) == "::1" ? "v6" : "v4"; });

TEST_P(UdpErrors, IW_RTE_08_a_closed_port_gives_back_its_address_and_what_was_sent) {
    sender->send({{closed, text("OPTIONS sip:x SIP/2.0\r\n")}});
    ASSERT_TRUE(readable(*sender)) << "an error wakes the reader";
    EXPECT_EQ(sender->receive([](const auto&, auto) { ADD_FAILURE() << "nobody sent anything"; }), 0U);
    EXPECT_EQ(errors(), std::vector<std::string>{"OPTIONS sip:x SIP/2.0\r\n"});
    EXPECT_TRUE(errors().empty()) << "once";
}

TEST_P(UdpErrors, an_error_costs_no_datagram_to_or_from_somebody_else) {
    std::vector<Datagram> batch;
    for (int i = 0; i < 100; ++i) {
        batch.push_back({closed, text("dead")});
        batch.push_back({receiver->local(), text("alive")});
    }
    EXPECT_EQ(sender->send(batch), batch.size());
    std::size_t received = 0;
    while (receiver->receive([&](const auto&, auto octets) { received += octets == "alive" ? 1 : 0; }) > 0) {
    }
    EXPECT_EQ(received, 100U);
    receiver->send({{sender->local(), text("hello")}});
    std::string heard;
    ASSERT_TRUE(readable(*sender));
    sender->receive([&](const auto&, auto octets) { heard = octets; });
    EXPECT_EQ(heard, "hello") << "though errors wait";
    std::size_t told = 0;
    for (auto some = errors(); !some.empty(); some = errors()) told += some.size();
    EXPECT_EQ(told, 100U);
}

TEST_P(UdpErrors, once_read_the_socket_is_quiet) {
    sender->send({{closed, text("dead")}});
    ASSERT_TRUE(readable(*sender));
    while (!errors().empty()) {
    }
    pollfd waiting{sender->handle(), POLLIN, 0};
    EXPECT_EQ(::poll(&waiting, 1, 0), 0) << "else the worker would spin";
}

}  // namespace
}  // namespace isthmus::transport
