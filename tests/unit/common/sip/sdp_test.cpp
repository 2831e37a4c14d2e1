#include "common/sip/sdp.hpp"

#include <gtest/gtest.h>

#include "common/sip/sdp_body.hpp"

namespace isthmus::sip {
namespace {

constexpr std::string_view two_streams =
    "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nb=RS:0\r\nt=0 0\r\na=sendonly\r\n"
    "m=audio 4000/2 RTP/AVP 97 0\r\na=rtpmap:97 AMR/8000\r\na=x-unknown:  kept \r\n"
    "m=video 0 RTP/AVP 98\r\na=inactive\r\n";

Message with_body(std::string_view content_type, std::string_view body, std::string_view more = "") {
    std::string text =
        "INVITE sip:bob@isp.example SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
        "To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n";
    text.append(more).append("Content-Type: ").append(content_type);
    text.append("\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n").append(body);
    auto parsed = Message::from_wire(text);
    return std::move(parsed.value());
}

TEST(Sdp, untouched_text_is_printed_to_the_byte) {
    for (const std::string_view text :
         {two_streams, std::string_view("v=0\no=- 1 1 IN IP4 h\ns=-\nm=audio 1 RTP/AVP 0"),
          std::string_view("v=0\r\ns=\r\n\r\n"), std::string_view("v=0\r\nm=audio 1 RTP/AVP 0\na=b\r\n")}) {
        const auto sdp = Sdp::parse(text);
        ASSERT_TRUE(sdp) << text;
        EXPECT_EQ(sdp->print(), text);
    }
}

TEST(Sdp, sections_and_their_facts) {
    const auto sdp = Sdp::parse(two_streams);
    ASSERT_TRUE(sdp);
    EXPECT_EQ(sdp->session().size(), 7U);
    ASSERT_EQ(sdp->media().size(), 2U);
    EXPECT_EQ(sdp->kind(0), "audio");
    EXPECT_EQ(sdp->port(0), 4000U);
    EXPECT_EQ(sdp->port(1), 0U);
    EXPECT_EQ(sdp->direction(0), Direction::sendonly);  // the session's
    EXPECT_EQ(sdp->direction(1), Direction::inactive);
    EXPECT_EQ(sdp->media()[0][1].attribute(), "rtpmap");
    EXPECT_EQ(sdp->media()[0][1].attribute_value(), "97 AMR/8000");
    EXPECT_EQ(sdp->media()[0][0].attribute(), "");
    EXPECT_EQ(Sdp::parse("v=0\r\nm=audio 1 RTP/AVP 0\r\n")->direction(0), Direction::sendrecv);
}

TEST(Sdp, what_is_no_description_is_refused) {
    EXPECT_FALSE(Sdp::parse(""));
    EXPECT_FALSE(Sdp::parse("o=- 1 1 IN IP4 h\r\n"));
    EXPECT_FALSE(Sdp::parse("v=0\r\nnonsense\r\n"));
    EXPECT_FALSE(Sdp::parse("v=0\r\n\r\ns=-\r\n"));
    EXPECT_FALSE(Sdp::parse("\r\nv=0\r\n"));
}

TEST(Sdp, edits_touch_their_lines_only) {
    auto sdp = Sdp::parse(two_streams);
    sdp->edit_lines([](const Sdp::Line& line) -> std::optional<std::string> {
        if (line.attribute() == "inactive") return "a=sendrecv";
        return std::nullopt;
    });
    sdp->remove_lines([](const Sdp::Line& line) { return line.type() == 'm' || line.attribute() == "rtpmap"; });
    std::string expected(two_streams);
    expected.replace(expected.find("a=inactive"), 10, "a=sendrecv");
    expected.replace(expected.find("a=rtpmap:97 AMR/8000\r\n"), 22, "");
    EXPECT_EQ(sdp->print(), expected);
}

constexpr std::string_view multipart =
    "preamble\r\n--b1\r\nContent-Type: application/isup;version=itu-t92+\r\n"
    "Content-Disposition: signal;handling=optional\r\n\r\n\x01\x02--b1 is not at a line's start\r\n"
    "--b1\r\ncontent-type: application/SDP\r\n\r\nv=0\r\ns=-\r\n\r\n--b1--\r\nepilogue";

TEST(SdpBody, IW_BRD_04_only_the_sdp_part_is_edited) {
    auto message = with_body("multipart/mixed; boundary=\"b1\"", multipart);
    const auto found = sdp_of(message);
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->changeable);
    EXPECT_EQ(found->sdp.print(), "v=0\r\ns=-\r\n");
    replace_sdp(message, *found, *Sdp::parse("v=0\r\ns=changed\r\n"));
    std::string expected(multipart);
    expected.replace(expected.find("s=-"), 3, "s=changed");
    EXPECT_EQ(message.body(), expected);
    EXPECT_EQ(message.value(HeaderId::content_type), "multipart/mixed; boundary=\"b1\"");
    EXPECT_EQ(message.value(HeaderId::content_length), std::to_string(expected.size()));
}

TEST(SdpBody, a_part_without_headers_of_its_own_and_bare_line_feeds) {
    const auto message = with_body("multipart/mixed;boundary=x",
                                   "--x\n\nplain text\n--x\nContent-Type: application/sdp\n\nv=0\ns=-\n--x--");
    const auto found = sdp_of(message);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->sdp.print(), "v=0\ns=-");
}

TEST(SdpBody, reduce_makes_the_sdp_the_whole_body) {
    auto message = with_body("multipart/mixed;boundary=b1", multipart, "MIME-Version: 1.0\r\n");
    const auto found = sdp_of(message);
    ASSERT_TRUE(found);
    reduce_to_sdp(message, *found);
    EXPECT_EQ(message.value(HeaderId::content_type), "application/sdp");
    EXPECT_EQ(message.body(), "v=0\r\ns=-\r\n");
    EXPECT_FALSE(message.has(HeaderId::mime_version));
}

TEST(SdpBody, IW_POL_07_signed_encrypted_and_covered_bodies_are_sealed) {
    EXPECT_TRUE(body_is_sealed(with_body("application/pkcs7-mime; smime-type=enveloped-data", "x")));
    EXPECT_FALSE(sdp_of(with_body("application/pkcs7-mime; smime-type=enveloped-data", "x")));
    const auto signed_body =
        sdp_of(with_body("multipart/signed;protocol=\"application/pkcs7-signature\";boundary=b1", multipart));
    ASSERT_TRUE(signed_body);
    EXPECT_FALSE(signed_body->changeable);
    const auto covered = sdp_of(with_body("application/sdp", two_streams, "Identity: \"abc\"\r\n"));
    ASSERT_TRUE(covered);
    EXPECT_FALSE(covered->changeable);
    EXPECT_TRUE(sdp_of(with_body("application/sdp", two_streams))->changeable);
}

TEST(SdpBody, what_cannot_be_read_is_absent) {
    EXPECT_FALSE(sdp_of(with_body("text/plain", "v=0\r\n")));
    EXPECT_FALSE(sdp_of(with_body("application/sdp", two_streams, "Content-Encoding: gzip\r\n")));
    EXPECT_FALSE(sdp_of(with_body("multipart/mixed", multipart)));
    EXPECT_FALSE(sdp_of(with_body("multipart/mixed;boundary=other", multipart)));
    EXPECT_FALSE(sdp_of(with_body("application/sdp", "")));
}

}  // namespace
}  // namespace isthmus::sip
