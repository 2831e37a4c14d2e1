// Messages cut out of a byte stream (RFC 3261 18.3, 20.14; RFC 5626 3.5.1), and addresses.
#include <gtest/gtest.h>

#include <ctime>
#include <vector>

#include "common/transport/address.hpp"
#include "common/transport/framer.hpp"

namespace isthmus::transport {
namespace {

using Fault = Framer::Fault;

std::string message(const std::string& id, const std::string& body = "") {
    return "OPTIONS sip:x SIP/2.0\r\nCall-ID: " + id + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::vector<std::string> all_of(Framer& framer) {
    std::vector<std::string> messages;
    while (auto one = framer.next()) messages.push_back(std::move(*one));
    return messages;
}

class Slices : public testing::TestWithParam<std::size_t> {};

TEST_P(Slices, RFC3261_18_3_do_not_change_what_comes_out) {
    const std::vector<std::string> sent = {message("1"), message("2", "body\r\n\r\nwith an empty line"),
                                           message("3", std::string(5'000, 'x')), message("4")};
    std::string stream;
    for (const auto& one : sent) stream += one;
    Framer framer;
    std::vector<std::string> got;
    for (std::size_t at = 0; at < stream.size(); at += GetParam()) {
        framer.feed(std::string_view(stream).substr(at, GetParam()));
        for (auto& one : all_of(framer)) got.push_back(std::move(one));
    }
    EXPECT_EQ(got, sent);
    EXPECT_EQ(framer.fault(), Fault::none);
    EXPECT_FALSE(framer.half_message());
}

INSTANTIATE_TEST_SUITE_P(Of, Slices, testing::Values(1, 2, 3, 7, 64, 1'000, 100'000));

TEST(Framer, half_a_message_is_kept_and_known_as_such) {
    Framer framer;
    const auto whole = message("1", "0123456789");
    framer.feed(whole.substr(0, whole.size() - 1));
    EXPECT_EQ(framer.next(), std::nullopt);
    EXPECT_TRUE(framer.half_message());
    framer.feed("9");
    EXPECT_EQ(framer.next(), whole);
    EXPECT_FALSE(framer.half_message());
}

TEST(Framer, RFC5626_3_5_1_a_double_CRLF_between_messages_is_a_ping_a_single_one_is_not) {
    Framer framer;
    framer.feed("\r\n\r\n");
    EXPECT_EQ(framer.next(), std::nullopt);
    EXPECT_TRUE(framer.take_ping());
    EXPECT_FALSE(framer.take_ping()) << "told once";
    framer.feed("\r\n" + message("1"));
    EXPECT_EQ(framer.next(), message("1"));
    EXPECT_FALSE(framer.take_ping());
    framer.feed("\r\n\r\n" + message("2"));
    EXPECT_EQ(framer.next(), message("2"));
    EXPECT_TRUE(framer.take_ping());
}

struct Length {
    const char* name;
    const char* line;
    Fault fault;
};
class Lengths : public testing::TestWithParam<Length> {};

TEST_P(Lengths, RFC3261_20_14) {
    Framer framer;
    framer.feed("OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\n" + std::string(GetParam().line) + "\r\n");
    EXPECT_EQ(framer.next().has_value(), GetParam().fault == Fault::none);
    EXPECT_EQ(framer.fault(), GetParam().fault);
    if (GetParam().fault == Fault::none) return;
    framer.feed(message("2"));
    EXPECT_EQ(framer.next(), std::nullopt) << "nobody knows where the next one begins";
}

INSTANTIATE_TEST_SUITE_P(
    Row, Lengths,
    testing::Values(Length{"given", "Content-Length: 0\r\n", Fault::none}, Length{"compact", "l:0\r\n", Fault::none},
                    Length{"any_case", "content-LENGTH : 0\r\n", Fault::none},
                    Length{"none", "", Fault::no_content_length},
                    Length{"negative", "Content-Length: -1\r\n", Fault::bad_content_length},
                    Length{"word", "Content-Length: many\r\n", Fault::bad_content_length},
                    Length{"empty", "Content-Length:\r\n", Fault::bad_content_length},
                    Length{"beyond_64_bits", "Content-Length: 99999999999999999999\r\n", Fault::bad_content_length},
                    Length{"largest_of_64_bits", "Content-Length: 18446744073709551615\r\n", Fault::body_too_large},
                    Length{"too_large", "Content-Length: 262145\r\n", Fault::body_too_large}),
    [](const testing::TestParamInfo<Length>& row) { return row.param.name; });

TEST(Framer, bad_input_slow_bytes_of_a_body_do_not_have_the_head_read_again_each_time) {
    std::string head = "OPTIONS sip:x SIP/2.0\r\n";
    while (head.size() < 60'000) head += "a:\r\n";
    head += "l:20000\r\n\r\n";
    Framer framer;
    framer.feed(head);
    const auto begin = std::clock();
    for (int i = 1; i < 20'000; ++i) {
        framer.feed("x");
        ASSERT_EQ(framer.next(), std::nullopt);
    }
    EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC / 2) << "twenty kilobytes must not cost seconds";
    framer.feed("x");
    EXPECT_EQ(framer.next(), head + std::string(20'000, 'x'));
}

TEST(Framer, a_head_within_the_limit_is_taken_and_one_beyond_is_a_fault_with_or_without_its_end) {
    const FramerLimits limits{200, 100};
    const std::string fitting = "OPTIONS sip:x SIP/2.0\r\nl: 0\r\nX: " + std::string(200 - 36, 'x') + "\r\n\r\n";
    ASSERT_EQ(fitting.size(), 200U);
    Framer fits(limits);
    fits.feed(fitting);
    EXPECT_EQ(fits.next(), fitting);
    Framer whole(limits);
    whole.feed("x" + fitting);
    EXPECT_EQ(whole.next(), std::nullopt);
    EXPECT_EQ(whole.fault(), Fault::head_too_large);
    Framer endless(limits);
    endless.feed(std::string(201, 'x'));
    EXPECT_EQ(endless.next(), std::nullopt);
    EXPECT_EQ(endless.fault(), Fault::head_too_large);
}

TEST(Address, is_read_and_written_as_in_a_URI) {
    struct Row {
        const char* text;
        const char* written;
    };
    for (const auto& row : {Row{"192.0.2.1:5070", "192.0.2.1:5070"}, Row{"192.0.2.1", "192.0.2.1:5060"},
                            Row{"[2001:db8::1]:5070", "[2001:db8::1]:5070"},
                            Row{"[2001:DB8:0::1]", "[2001:db8::1]:5060"}, Row{"2001:db8::1", "[2001:db8::1]:5060"}}) {
        const auto address = Address::parse_with_port(row.text, 5060);
        ASSERT_TRUE(address) << row.text;
        EXPECT_EQ(address->text(), row.written);
    }
    for (const char* wrong : {"", "host.example", "192.0.2", "192.0.2.1:", "192.0.2.1:70000", "192.0.2.1:5x", "[", "[]",
                              "[2001:db8::1]:", ":5060", "[2001:db8::1", "192.0.2.256"})
        EXPECT_FALSE(Address::parse_with_port(wrong, 5060)) << wrong;
}

TEST(Address, a_peer_names_its_protocol_and_hashes_by_address_and_port) {
    const auto one = Address::parse("192.0.2.1", 5060).value();
    const auto other = Address::parse("192.0.2.1", 5061).value();
    EXPECT_EQ((Peer{Protocol::tcp, one}.text()), "tcp:192.0.2.1:5060");
    EXPECT_NE(one, other);
    EXPECT_NE(AddressHash{}(one), AddressHash{}(other));
    EXPECT_EQ(AddressHash{}(one), AddressHash{}(Address::parse("192.0.2.1", 5060).value()));
    EXPECT_NE(Address::parse("::", 1), Address::parse("0.0.0.0", 1)) << "the same octets, another family";
}

}  // namespace
}  // namespace isthmus::transport
