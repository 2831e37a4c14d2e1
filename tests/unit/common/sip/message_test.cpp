#include "common/sip/message.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "common/sip/validity.hpp"
#include "common/sip/via.hpp"

namespace isthmus::sip {
namespace {

using testing::ElementsAre;
using testing::StrEq;

const std::string invite =
    "INVITE sip:bob@isp.example SIP/2.0\r\n"
    "Via: SIP/2.0/UDP pcscf1.home1.net:5060;branch=z9hG4bKp1, SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa1;rport\r\n"
    "v: SIP/2.0/TCP [2001:db8::1]:5061;branch=z9hG4bK0\r\n"
    "X-Unknown:   kept  to the   byte \r\n"
    "f: \"Al, \\\"ice\" <sip:alice@home1.net;x=1>;tag=ua\r\n"
    "To: <sip:bob@isp.example>\r\n"
    "Call-ID: u1\r\n"
    "CSeq: 7 INVITE\r\n"
    "Subject: a\r\n  folded\r\n\tvalue\r\n"
    "Route: <sip:a;lr>,<sip:b;lr>\r\n"
    "Content-Length: 4\r\n"
    "\r\n"
    "v=0\n";

Message parsed(std::string octets) {
    return Message::from_wire(std::move(octets)).value();
}

TEST(Message, untouched_is_printed_to_the_byte) {
    EXPECT_EQ(parsed(invite).print(), invite);
}

TEST(Message, RFC3261_7_3_values_are_found_by_long_and_compact_name) {
    const auto message = parsed(invite);
    EXPECT_TRUE(message.is_request());
    EXPECT_EQ(message.method(), Method::invite);
    EXPECT_EQ(message.request_uri(), "sip:bob@isp.example");
    EXPECT_THAT(message.values(HeaderId::via), ElementsAre(StrEq("SIP/2.0/UDP pcscf1.home1.net:5060;branch=z9hG4bKp1"),
                                                           StrEq("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa1;rport"),
                                                           StrEq("SIP/2.0/TCP [2001:db8::1]:5061;branch=z9hG4bK0")));
    EXPECT_EQ(message.branch(), "z9hG4bKp1");
    EXPECT_EQ(message.from_tag(), "ua");
    EXPECT_EQ(message.to_tag(), "");
    EXPECT_EQ(message.cseq(), 7U);
    EXPECT_EQ(message.cseq_method(), "INVITE");
    EXPECT_EQ(message.value(HeaderId::subject), "a folded value");
    EXPECT_EQ(message.value("x-unknown"), "kept  to the   byte");
    EXPECT_EQ(message.body(), "v=0\n");
}

TEST(Message, edits_leave_the_rest_to_the_byte) {
    auto message = parsed(invite);
    message.prepend(HeaderId::via, "SIP/2.0/UDP me;branch=z9hG4bKx");
    message.pop_first(HeaderId::route);
    message.remove(HeaderId::subject);
    message.set_request_uri("sip:other@isp.example");
    const auto text = message.print();
    EXPECT_EQ(text.find("INVITE sip:other@isp.example SIP/2.0\r\nVia: SIP/2.0/UDP me;branch=z9hG4bKx\r\nVia: SIP"), 0U);
    EXPECT_NE(text.find("X-Unknown:   kept  to the   byte \r\n"), std::string::npos);
    EXPECT_NE(text.find("Route: <sip:b;lr>\r\n"), std::string::npos);
    EXPECT_EQ(text.find("Subject"), std::string::npos);
    const auto again = parsed(text);
    EXPECT_EQ(again.branch(), "z9hG4bKx");
    EXPECT_EQ(again.first(HeaderId::route), "<sip:b;lr>");
}

TEST(Message, pop_first_takes_a_field_that_held_one_value) {
    auto message = parsed(invite);
    message.pop_first(HeaderId::route);
    message.pop_first(HeaderId::route);
    message.pop_first(HeaderId::route);
    EXPECT_FALSE(message.has(HeaderId::route));
}

TEST(Message, set_body_corrects_the_length) {
    auto message = parsed(invite);
    message.set_body("application/sdp", "v=0\r\no=- 1 1\r\n");
    EXPECT_EQ(message.value(HeaderId::content_length), "14");
    EXPECT_EQ(parsed(message.print()).body(), "v=0\r\no=- 1 1\r\n");
    message.set_body("", "");
    EXPECT_FALSE(message.has(HeaderId::content_type));
    EXPECT_EQ(message.value(HeaderId::content_length), "0");
}

TEST(Message, RFC3261_8_2_6_response_copies_what_it_must) {
    const auto response = Message::response(parsed(invite), 486, "Busy Here", "t1");
    EXPECT_EQ(response.status(), 486);
    EXPECT_EQ(response.values(HeaderId::via).size(), 3U);
    EXPECT_EQ(response.to_tag(), "t1");
    EXPECT_EQ(response.method(), Method::invite);
    EXPECT_EQ(parsed(response.print()).print().find("SIP/2.0 486 Busy Here\r\n"), 0U);
}

TEST(Message, RFC3261_18_3_octets_beyond_content_length_are_discarded) {
    EXPECT_EQ(parsed(invite + "INVITE sip:second@x SIP/2.0\r\n").body(), "v=0\n");
}

TEST(Via, RFC3581_received_and_rport_replace_what_the_sender_claims) {
    EXPECT_EQ(with_source("SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bK1;received=1.1.1.1", "192.0.2.9", 4000),
              "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport=4000;received=192.0.2.9");
    EXPECT_EQ(with_source("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1", "10.0.0.1", 4000), std::nullopt);
    EXPECT_EQ(with_source("SIP/2.0/UDP [2001:db8::1];branch=z9hG4bK1", "2001:db8::1", 4000), std::nullopt);
    EXPECT_EQ(with_source("SIP / 2.0 / UDP host ;branch=z9hG4bK1", "192.0.2.9", 4000),
              "SIP / 2.0 / UDP host;branch=z9hG4bK1;received=192.0.2.9");
}

struct Refused {
    const char* what;
    const char* from;
    const char* to;
    int status;
};

class Door : public testing::TestWithParam<Refused> {};

TEST_P(Door, RFC3261_16_3_refuses) {
    auto text = invite;
    const auto place = text.find(GetParam().from);
    ASSERT_NE(place, std::string::npos);
    text.replace(place, std::string(GetParam().from).size(), GetParam().to);
    const auto finding = check(parsed(text));
    ASSERT_TRUE(finding.has_value()) << text;
    EXPECT_EQ(finding->status, GetParam().status) << finding->detail;
}

INSTANTIATE_TEST_SUITE_P(
    Each, Door,
    testing::Values(Refused{"version", "SIP/2.0\r\n", "SIP/7.0\r\n", 505},
                    Refused{"space in the URI", "sip:bob@isp", "sip:bob @isp", 400},
                    Refused{"scheme", "sip:bob@isp.example", "foo:bob", 416},
                    Refused{"method mismatch", "7 INVITE", "7 OPTIONS", 400},
                    Refused{"CSeq range", "7 INVITE", "4294967296 INVITE", 400},
                    Refused{"no To", "To: <sip:bob@isp.example>\r\n", "", 400},
                    Refused{"two Call-IDs", "Call-ID: u1\r\n", "Call-ID: u1\r\ni: u2\r\n", 400},
                    Refused{"two User-Agents", "Call-ID: u1\r\n", "Call-ID: u1\r\nUser-Agent: a\r\nUser-Agent: b\r\n",
                            400},
                    Refused{"length beyond the datagram", "Length: 4", "Length: 400", 400},
                    Refused{"length no number", "Length: 4", "Length: -4", 400},
                    Refused{"open quote", "ice\" <sip", "ice <sip", 400},
                    Refused{"no field line", "Call-ID: u1\r\n", "Call-ID: u1\r\ngarbage\r\n", 400},
                    Refused{"URI headers", "bob@isp.example SIP", "bob@isp.example?Subject=x SIP", 400},
                    Refused{"Via protocol", "Via: SIP/2.0/UDP pcscf1", "Via: SIP/3.0/UDP pcscf1", 400}),
    [](const testing::TestParamInfo<Refused>& row) {
        std::string name = row.param.what;
        for (char& c : name)
            if (c == ' ' || c == '-') c = '_';
        return name;
    });

TEST(Message, a_copy_outlives_its_original_and_shows_the_same) {
    auto original = std::make_unique<Message>(parsed(invite));
    original->set_request_uri("sip:c@d");
    original->set(HeaderId::from, "<sip:edited@h>;tag=2");  // keeps its compact name, which lies in the octets
    original->pop_first(HeaderId::route);
    original->append("X-New", "made");
    original->prepend(HeaderId::via, "SIP/2.0/UDP h;branch=z9hG4bKn");
    original->set_body("text/plain", "new body");
    const auto printed = original->print();
    Message copy = original->copy();
    std::vector<std::string> fields;
    original->each_field([&](HeaderId, std::string_view name, std::string_view value) {
        fields.push_back(std::string(name) + "=" + std::string(value));
    });
    original->set(HeaderId::to, "<sip:other@h>");
    original.reset();
    EXPECT_EQ(copy.print(), printed);
    std::vector<std::string> again;
    copy.each_field([&](HeaderId, std::string_view name, std::string_view value) {
        again.push_back(std::string(name) + "=" + std::string(value));
    });
    EXPECT_EQ(again, fields);
    EXPECT_THAT(copy.value(HeaderId::subject), StrEq("a folded value"));
    EXPECT_EQ(copy.body(), "new body");
    EXPECT_EQ(copy.method_name(), "INVITE");
    const auto response = Message::response(copy, 200, "OK", "t");
    EXPECT_EQ(response.copy().print(), response.print());
}

TEST(Door, lets_a_good_message_pass) {
    EXPECT_FALSE(check(parsed(invite)).has_value());
}

TEST(Door, a_bad_response_is_dropped_not_answered) {
    const auto finding =
        check(parsed("SIP/2.0 999 Odd\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
                     "To: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n"));
    ASSERT_TRUE(finding.has_value());
    EXPECT_EQ(finding->status, 0);
}

}  // namespace
}  // namespace isthmus::sip
