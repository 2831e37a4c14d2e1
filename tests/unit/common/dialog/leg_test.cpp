#include "common/dialog/leg.hpp"

#include <gmock/gmock.h>

namespace isthmus::dialog {
namespace {

sip::Message wire(const std::string& text) {
    return sip::Message::from_wire(text).value();
}

const std::string invite =
    "INVITE sip:bob@isp.example SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
    "Record-Route: <sip:near@s;lr>, <sip:far@p;lr>\r\nFrom: <sip:alice@home1.net>;tag=ua\r\nTo: "
    "<sip:bob@isp.example>\r\n"
    "Contact: <sip:alice@192.0.2.1:5070>\r\nCall-ID: u1\r\nCSeq: 7 INVITE\r\n\r\n";

TEST(Leg, RFC3261_12_1_1_as_UAS_mirrors_the_invite) {
    auto leg = Leg::as_uas(wire(invite), "ours", "<sip:token@s>");
    const auto bye = leg.request("BYE");
    EXPECT_EQ(bye.request_uri(), "sip:alice@192.0.2.1:5070");
    EXPECT_EQ(bye.values(sip::HeaderId::route).size(), 2U);
    EXPECT_EQ(bye.first(sip::HeaderId::route), "<sip:near@s;lr>");
    EXPECT_EQ(bye.from_tag(), "ours");
    EXPECT_EQ(bye.to_tag(), "ua");
    EXPECT_EQ(bye.call_id(), "u1");
    EXPECT_EQ(bye.cseq(), 1U);
}

TEST(Leg, RFC3261_12_1_2_as_UAC_reverses_the_record_route) {
    Leg leg;
    leg.call_id = "s9";
    leg.local = "<sip:alice@home1.net>;tag=s1";
    leg.remote = "<sip:bob@isp.example>";
    leg.local_cseq = 2;
    leg.learn_from_response(wire(
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nRecord-Route: <sip:far;lr>\r\nRecord-Route: "
        "<sip:near;lr>\r\n"
        "From: <sip:alice@home1.net>;tag=s1\r\nTo: <sip:bob@isp.example>;tag=b\r\nContact: <sip:bob@198.51.100.7>\r\n"
        "Call-ID: s9\r\nCSeq: 2 INVITE\r\n\r\n"));
    const auto ack = leg.ack(2);
    EXPECT_EQ(ack.cseq(), 2U);
    EXPECT_EQ(ack.cseq_method(), "ACK");
    EXPECT_EQ(ack.first(sip::HeaderId::route), "<sip:near;lr>");
    EXPECT_EQ(ack.request_uri(), "sip:bob@198.51.100.7");
    EXPECT_EQ(ack.to_tag(), "b");
    EXPECT_EQ(leg.request("BYE").cseq(), 3U);
}

TEST(Leg, RFC3261_12_2_2_older_requests_are_refused) {
    auto leg = Leg::as_uas(wire(invite), "ours", "");
    const auto in_dialog = [](int cseq) {
        return wire(
            "BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK2\r\nFrom: <sip:a@x>;tag=ua\r\nTo: "
            "<sip:b@x>;tag=ours\r\n"
            "Call-ID: u1\r\nCSeq: " +
            std::to_string(cseq) + " BYE\r\n\r\n");
    };
    EXPECT_FALSE(leg.accept(in_dialog(7)));
    EXPECT_TRUE(leg.accept(in_dialog(8)));
    EXPECT_FALSE(leg.accept(in_dialog(8)));
}

TEST(Leg, DG_SES_01_target_refresh) {
    auto leg = Leg::as_uas(wire(invite), "ours", "");
    leg.learn_target(
        wire("UPDATE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK2\r\nContact: <sip:alice@new>\r\n\r\n"));
    EXPECT_EQ(leg.request("BYE").request_uri(), "sip:alice@new");
}

}  // namespace
}  // namespace isthmus::dialog
