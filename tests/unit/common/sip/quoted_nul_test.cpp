// A NUL may stand in a message only as a quoted-pair within quotes (RFC 3261 25.1, RFC 4475 3.1.1.2).
#include <gtest/gtest.h>

#include "common/sip/message.hpp"
#include "common/sip/validity.hpp"

namespace isthmus::sip {
namespace {

using namespace std::string_literals;

bool fit(const std::string& display, const std::string& call_id = "c") {
    const auto message =
        Message::from_wire("OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: "s + display +
                           "<sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: " + call_id + "\r\nCSeq: 1 OPTIONS\r\n\r\n");
    return message && !check(*message);
}

TEST(QuotedNul, RFC4475_3_1_1_2_is_taken_within_quotes_behind_a_backslash) {
    EXPECT_TRUE(fit("\"a\\\0b\" "s));
    EXPECT_TRUE(fit("\"a\\\\\\\0b\" "s)) << "an escaped backslash, then an escaped NUL";
}

TEST(QuotedNul, is_refused_anywhere_else) {
    EXPECT_FALSE(fit("\"a\0b\" "s)) << "not escaped";
    EXPECT_FALSE(fit("\"a\\\\\0b\" "s)) << "the backslash is escaped, the NUL is not";
    EXPECT_FALSE(fit("", "c\\\0d"s)) << "not within quotes";
    EXPECT_FALSE(fit("\"a\" ", "c\0d"s));
    EXPECT_FALSE(fit("\"a\\", "c\0d"s)) << "quotes end with their line";
}

}  // namespace
}  // namespace isthmus::sip
