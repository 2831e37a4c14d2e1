#include "scscf/interworking/relaxation.hpp"

#include <gtest/gtest.h>

#include "tests/unit/scscf/interworking/samples.hpp"

namespace isthmus::interworking {
namespace {

using samples::invite;
using samples::rel5_qos;
using samples::sdp;
using sip::HeaderId;

constexpr std::string_view require_both = "Require: precondition, 100rel\r\nSupported: timer\r\n";

TEST(Relaxation, L0_changes_no_octet) {
    auto message = invite(require_both, sdp(rel5_qos));
    const auto before = message.print();
    relax(message, Relaxation{}, {});
    EXPECT_EQ(message.print(), before);
}

TEST(Relaxation, IW_TC_03_L1_moves_precondition_to_supported) {
    auto message = invite(require_both, sdp(rel5_qos));
    relax(message, Relaxation{}.optional(), {});
    EXPECT_FALSE(message.has(HeaderId::require));
    EXPECT_EQ(message.value(HeaderId::supported), "timer, precondition, 100rel");
    std::string expected = sdp(rel5_qos);
    expected.replace(expected.find("mandatory"), 9, "optional");
    EXPECT_EQ(message.body(), expected);
    EXPECT_EQ(message.value(HeaderId::content_length), std::to_string(expected.size()));
}

TEST(Relaxation, L1_does_not_repeat_a_tag_and_keeps_inactive_and_other_demands) {
    auto message =
        invite("Require: precondition, replaces\r\nk: Precondition\r\n", sdp(std::string(rel5_qos) + "a=inactive\r\n"));
    relax(message, Relaxation{}.optional(), {});
    EXPECT_EQ(message.value(HeaderId::require), "replaces");
    EXPECT_EQ(message.value(HeaderId::supported), "Precondition");
    EXPECT_NE(message.body().find("a=inactive\r\n"), std::string_view::npos);
    EXPECT_NE(message.body().find("a=curr:qos local none\r\n"), std::string_view::npos);
}

TEST(Relaxation, IW_TC_04_L2_has_no_qos_lines_and_no_tags) {
    auto message = invite("Require: precondition, 100rel\r\nSupported: 100rel\r\nAllow: INVITE, PRACK, UPDATE\r\n",
                          sdp(std::string(rel5_qos) + "a=inactive\r\n"));
    relax(message, Relaxation{}.without({"precondition", "100rel"}), {});
    EXPECT_FALSE(message.has(HeaderId::require));
    EXPECT_FALSE(message.has(HeaderId::supported));
    EXPECT_EQ(message.value(HeaderId::allow), "INVITE, PRACK, UPDATE");
    EXPECT_EQ(message.body(), sdp("a=inactive\r\n"));  // in RETRY inactive stays
}

TEST(Relaxation, T06_L2_for_exactly_these_tags_keeps_qos_lines) {
    auto message = invite("Supported: precondition, histinfo\r\n", sdp(rel5_qos));
    relax(message, Relaxation{}.without({"histinfo"}), {});
    EXPECT_EQ(message.value(HeaderId::supported), "precondition");
    EXPECT_NE(message.body().find("a=curr:qos"), std::string_view::npos);
}

constexpr std::string_view multipart =
    "--b1\r\nContent-Type: application/isup\r\nContent-Disposition: signal;handling=optional\r\n\r\nISUP\r\n"
    "--b1\r\nContent-Type: application/sdp\r\n\r\n";

TEST(Relaxation, IW_TC_86_multipart_only_the_sdp_part_is_edited) {
    const std::string body = std::string(multipart) + sdp(rel5_qos) + "\r\n--b1--\r\n";
    auto message = invite(require_both, body, "multipart/mixed;boundary=b1");
    relax(message, Relaxation{}.without({"precondition", "100rel"}), {});
    EXPECT_EQ(message.body(), std::string(multipart) + sdp("") + "\r\n--b1--\r\n");
    EXPECT_EQ(message.value(HeaderId::content_type), "multipart/mixed;boundary=b1");
}

TEST(Relaxation, IW_TC_87_a_signed_body_is_relaxed_in_the_header_only) {
    const std::string body = std::string(multipart) + sdp(rel5_qos) + "\r\n--b1--\r\n";
    auto message = invite(require_both, body, "multipart/signed;boundary=b1");
    relax(message, Relaxation{}.without({"precondition", "100rel"}), {});
    EXPECT_EQ(message.body(), body);
    EXPECT_FALSE(message.has(HeaderId::require));
    EXPECT_TRUE(Offer::of(message).sealed);
}

TEST(Relaxation, L3_plain) {
    auto message = invite(
        "Require: precondition, replaces\r\nSupported: timer, 100rel, gruu\r\nAccept-Contact: "
        "*;audio\r\nReject-Contact: *;x\r\n"
        "Request-Disposition: no-fork\r\nSession-Expires: 1800\r\nMin-SE: 90\r\nP-Asserted-Identity: <sip:a@h>\r\n"
        "P-Unheard-Of: x\r\nFeature-Caps: *\r\nResource-Share: y\r\nAllow: INVITE, ACK, PRACK, UPDATE, REFER, "
        "MESSAGE\r\n"
        "Accept: application/sdp, application/3gpp-ims+xml\r\nX-Own: kept\r\n",
        sdp(std::string(rel5_qos) + "a=fmtp:97 mode-set=0\r\na=maxprate:3\r\na=ice-ufrag:x\r\na=sendonly\r\n"));
    CapabilityVector peer;
    peer.note(Capability::update, Has::no, Source::method_refused);
    relax(message, Relaxation{}.plain(), peer);
    EXPECT_EQ(message.value(HeaderId::require), "replaces");
    EXPECT_EQ(message.value(HeaderId::supported), "gruu");
    for (const auto* gone : {"Accept-Contact", "Reject-Contact", "Request-Disposition", "Session-Expires", "Min-SE",
                             "P-Asserted-Identity", "P-Unheard-Of", "Feature-Caps", "Resource-Share"}) {
        EXPECT_EQ(message.value(gone), "") << gone;
    }
    EXPECT_EQ(message.value(HeaderId::allow), "INVITE, ACK, PRACK");
    EXPECT_EQ(message.value(HeaderId::accept), "application/sdp");
    EXPECT_EQ(message.value(HeaderId::contact), "<sip:alice@10.0.0.1>");
    EXPECT_EQ(message.value("X-Own"), "kept");
    EXPECT_EQ(message.body(), sdp("a=fmtp:97 mode-set=0\r\na=ice-ufrag:x\r\na=sendonly\r\n"));
}

TEST(Relaxation, L3_reduces_the_body_to_the_sdp_part) {
    const std::string body = std::string(multipart) + sdp(rel5_qos) + "\r\n--b1--\r\n";
    auto message = invite(require_both, body, "multipart/mixed;boundary=b1");
    relax(message, Relaxation{}.plain(), {});
    EXPECT_EQ(message.body(), sdp(""));
    EXPECT_EQ(message.value(HeaderId::content_type), "application/sdp");
}

TEST(Relaxation, IW_POL_06_what_is_announced_is_what_is_sent) {
    const std::vector<Relaxation> steps{{},
                                        Relaxation{}.optional(),
                                        Relaxation{}.without({"100rel"}),
                                        Relaxation{}.without({"precondition", "100rel"}),
                                        Relaxation{}.plain()};
    for (const auto* headers : {"Require: precondition, 100rel, timer\r\n", "Supported: precondition, 100rel\r\n",
                                "Require: 100rel\r\nSupported: precondition, timer\r\n", ""}) {
        for (const auto& step : steps) {
            auto message = invite(headers, sdp(rel5_qos));
            const auto before = TagSets::of(message).demanded();
            const auto announced = Sent::of(Offer::of(message), step);
            relax(message, step, {});
            const auto real = Offer::of(message);
            EXPECT_EQ(announced.tags.require, real.tags.require) << headers;
            EXPECT_EQ(announced.tags.supported, real.tags.supported) << headers;
            EXPECT_EQ(announced.qos_lines, real.qos_lines) << headers;
            EXPECT_TRUE(before.contains_all(real.tags.demanded())) << headers;
        }
    }
}

TEST(Relaxation, IW_ORG_05_progress_key) {
    const auto of = samples::rel5_offer();
    EXPECT_EQ(progress_key(Sent::of(of, {}), "UDP"), "L0|100rel,precondition|udp");
    EXPECT_EQ(progress_key(Sent::of(of, Relaxation{}.optional()), "udp"), "L1||udp");
    EXPECT_NE(progress_key(Sent::of(of, {}), "udp"), progress_key(Sent::of(of, {}), "tcp"));
}

}  // namespace
}  // namespace isthmus::interworking
