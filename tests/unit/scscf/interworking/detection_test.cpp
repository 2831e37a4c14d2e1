#include "scscf/interworking/detection.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/scscf/interworking/samples.hpp"

namespace isthmus::interworking {
namespace {

using samples::invite;
using samples::rel5_qos;
using samples::rel6_qos;
using samples::sdp;

Detection detect(std::string_view headers, std::string_view stream_lines, const KnownOfUe& known = {}) {
    return detect_ue(invite(headers, sdp(stream_lines)), known);
}

const Evidence* find(const Detection& detection, std::string_view id) {
    const auto found = std::find_if(detection.evidence.begin(), detection.evidence.end(),
                                    [&](const Evidence& one) { return one.id == id; });
    return found == detection.evidence.end() ? nullptr : &*found;
}

void expect_points(const Detection& detection, std::string_view id, int rel5, int rel6) {
    const auto* one = find(detection, id);
    ASSERT_NE(one, nullptr) << id << " in " << detection.describe();
    EXPECT_EQ(one->rel5, rel5) << id;
    EXPECT_EQ(one->rel6, rel6) << id;
}

constexpr std::string_view remote_mandatory =
    "a=curr:qos local none\r\na=curr:qos remote none\r\na=des:qos mandatory local sendrecv\r\n"
    "a=des:qos mandatory remote sendrecv\r\n";

TEST(Detection, IW_TC_54_require_and_remote_none_or_mandatory_is_rel5) {
    const auto none = detect("Require: precondition\r\n", rel5_qos);
    EXPECT_EQ(none.ue_class, UeClass::rel5);
    EXPECT_EQ(none.rule, "IW-DET-01(c)");
    expect_points(none, "E01", 4, 0);
    expect_points(none, "E02", 3, 0);
    const auto mandatory = detect("Require: precondition\r\n", remote_mandatory);
    EXPECT_EQ(mandatory.ue_class, UeClass::rel5);
    expect_points(mandatory, "E02", 2, 0);
}

TEST(Detection, IW_TC_55_behaviour_beats_access) {
    constexpr std::string_view lte = "P-Access-Network-Info: 3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=1\r\n";
    const auto requiring = detect(std::string(lte) + "Require: precondition\r\n", remote_mandatory);
    EXPECT_EQ(requiring.ue_class, UeClass::rel5);
    EXPECT_EQ(requiring.rule, "IW-DET-01(c)");
    const auto silent = detect(lte, rel6_qos);
    EXPECT_EQ(silent.ue_class, UeClass::rel6);
    EXPECT_EQ(silent.rule, "IW-DET-01(e)");
    expect_points(silent, "E10", 0, 4);
}

TEST(Detection, IW_TC_56_no_qos_and_no_tags_is_plain) {
    const auto plain = detect("Supported: 100rel, timer\r\n", "");
    EXPECT_EQ(plain.ue_class, UeClass::plain);
    EXPECT_EQ(plain.rule, "IW-DET-02");
    EXPECT_NE(detect("Supported: precondition\r\n", "").ue_class, UeClass::plain);
    EXPECT_NE(detect("", rel5_qos).ue_class, UeClass::plain);
}

TEST(Detection, IW_DET_01_a_provisioned_class_wins) {
    KnownOfUe known;
    known.provisioned = UeClass::rel6;
    const auto detection = detect("Require: precondition\r\n", rel5_qos, known);
    EXPECT_EQ(detection.ue_class, UeClass::rel6);
    EXPECT_EQ(detection.rule, "IW-DET-01(a)");
}

TEST(Detection, IW_DET_01_b_supported_only_is_rel6) {
    const auto detection = detect("Supported: Precondition, 100rel\r\n", std::string(rel6_qos) + "a=inactive\r\n");
    EXPECT_EQ(detection.ue_class, UeClass::rel6);
    EXPECT_EQ(detection.rule, "IW-DET-01(b)");
    expect_points(detection, "E05", 0, 4);
    expect_points(detection, "E06", 0, 3);
    expect_points(detection, "E07", 0, 2);
    EXPECT_EQ(find(detection, "E04"), nullptr);
}

TEST(Detection, a_tag_in_require_and_supported_is_no_E05) {
    const auto detection = detect("Require: precondition\r\nSupported: precondition\r\n", rel5_qos);
    EXPECT_EQ(find(detection, "E05"), nullptr);
    EXPECT_EQ(detection.ue_class, UeClass::rel5);
}

TEST(Detection, IW_DET_01_require_with_remote_optional_is_summed) {
    // E01 +4, E03 +1, E04 +1; E07 2: difference 4
    const auto rel5 = detect("Require: precondition, 100rel\r\n", rel6_qos);
    EXPECT_EQ(rel5.rule, "IW-DET-01 sum");
    EXPECT_EQ(rel5.ue_class, UeClass::rel5);
    expect_points(rel5, "E03", 1, 0);
    expect_points(rel5, "E04", 1, 0);
    // E01 +4; E06 3, E07 2, E09 2: difference -3
    const auto rel6 =
        detect("Require: precondition\r\nSupported: gruu, 199, tdialog\r\n", std::string(rel6_qos) + "a=inactive\r\n");
    EXPECT_EQ(rel6.ue_class, UeClass::rel6);
    expect_points(rel6, "E09", 0, 2);
    // E01 +4; E06 3, E07 2: difference -1
    EXPECT_EQ(detect("Require: precondition\r\n", std::string(rel6_qos) + "a=inactive\r\n").ue_class, UeClass::unknown);
}

TEST(Detection, E08_counts_once_and_cs_voice_not_at_all) {
    const auto rel7 = detect(
        "Accept-Contact: *;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"\r\nP-Early-Media: "
        "supported\r\n",
        rel5_qos);
    expect_points(rel7, "E08", 0, 3);
    EXPECT_EQ(
        std::count_if(rel7.evidence.begin(), rel7.evidence.end(), [](const Evidence& one) { return one.id == "E08"; }),
        1);
    // the sample's Contact carries g.3gpp.cs-voice
    EXPECT_EQ(find(detect("", rel5_qos), "E08"), nullptr);
}

TEST(Detection, E10_to_E12_by_access_type) {
    const auto points = [](std::string_view type) {
        const auto detection = detect("P-Access-Network-Info: " + std::string(type) + "\r\n", rel5_qos);
        for (const auto& one : detection.evidence) {
            if (one.id >= "E10" && one.id <= "E12") return one.id;
        }
        return std::string("none");
    };
    for (const auto* type : {"3GPP-E-UTRAN-TDD;x=1", "3GPP-NR-FDD", "DOCSIS", "DVB-RCS2", "GPON", "XGPON1",
                             "IEEE-802.11n", "IEEE-802.11ac"}) {
        EXPECT_EQ(points(type), "E10") << type;
    }
    for (const auto* type : {"ADSL2+", "VDSL", "SDSL", "IDSL", "IEEE-802.3ah", "3GPP2-UMB"})
        EXPECT_EQ(points(type), "E11") << type;
    for (const auto* type : {"3GPP-UTRAN-FDD", "3GPP-GERAN", "3GPP2-1X-HRPD", "IEEE-802.11", "IEEE-802.11a"}) {
        EXPECT_EQ(points(type), "E12") << type;
    }
    EXPECT_EQ(points(";"), "none");
}

TEST(Detection, E15_registered_feature_tags) {
    KnownOfUe known;
    known.contact_had_feature_tags = true;
    expect_points(detect("", rel5_qos, known), "E15", 0, 1);
    EXPECT_EQ(find(detect("", rel5_qos), "E15"), nullptr);
}

TEST(Detection, evidence_is_told_in_words) {
    EXPECT_EQ(
        detect("Require: precondition\r\n", rel5_qos).describe(),
        "UE_R5 by IW-DET-01(c): E01 Require contains precondition (+4/+0); "
        "E02 desired strength for remote is none (+3/+0); E04 a stream without its resources is sendrecv (+1/+0)");
}

TEST(Detection, IW_DET_04_peer_class) {
    PeerFacts facts;
    EXPECT_EQ(classify_peer(facts), PeerClass::unknown);
    facts.capabilities.note(Capability::precondition, Has::no, Source::unsupported);
    EXPECT_EQ(classify_peer(facts), PeerClass::plain);
    facts.capabilities.note(Capability::reliable_responses, Has::yes, Source::response_header);
    EXPECT_EQ(classify_peer(facts), PeerClass::sip_with_extensions);
    facts.trusted_interconnect = true;
    EXPECT_EQ(classify_peer(facts), PeerClass::ims);
}

}  // namespace
}  // namespace isthmus::interworking
