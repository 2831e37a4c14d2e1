#include "common/sip/precondition.hpp"

#include <gtest/gtest.h>

#include <string>

namespace isthmus::sip::qos {
namespace {

Sdp sdp(std::string_view stream_lines, std::string_view media = "m=audio 4000 RTP/AVP 0") {
    std::string text = "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n";
    text.append(media).append("\r\n").append(stream_lines);
    return *Sdp::parse(text);
}

constexpr std::string_view rel5 =
    "a=curr:qos local none\r\na=curr:qos remote none\r\na=des:qos mandatory local sendrecv\r\n"
    "a=des:qos none remote sendrecv\r\n";

std::optional<Condition> condition(std::string_view line) {
    return Condition::parse({std::string(line), "\r\n"});
}

TEST(Precondition, IW_CAP_01_grammar) {
    const auto desired = condition("a=des:qos mandatory e2e sendrecv");
    ASSERT_TRUE(desired);
    EXPECT_EQ(desired->kind, Condition::Kind::desired);
    EXPECT_EQ(desired->strength, Strength::mandatory);
    EXPECT_EQ(desired->status, Status::e2e);
    EXPECT_EQ(desired->directions, 3);
    EXPECT_EQ(condition("a=curr:qos local recv")->directions, 2);
    EXPECT_EQ(condition("a=conf:qos  remote\tsend")->kind, Condition::Kind::confirm);
    EXPECT_EQ(condition("a=des:qos failure remote none")->strength, Strength::failure);
    for (const std::string_view bad :
         {"a=des:qos local sendrecv", "a=curr:qos local", "a=curr:qos near none", "a=des:qos must local send",
          "a=curr:sec local none", "a=curr:qosx local none", "b=AS:64", "a=curr:qos local none more"}) {
        EXPECT_FALSE(condition(bad)) << bad;
    }
}

TEST(Precondition, IW_CAP_03_mandatory_blocks_until_current_has_every_direction) {
    EXPECT_FALSE(met(sdp(rel5)));
    EXPECT_FALSE(met(sdp("a=curr:qos local send\r\na=des:qos mandatory local sendrecv\r\n")));
    EXPECT_TRUE(met(sdp("a=curr:qos local sendrecv\r\na=des:qos mandatory local send\r\n")));
    EXPECT_TRUE(met(sdp("a=curr:qos local send\r\na=curr:qos local recv\r\na=des:qos mandatory local sendrecv\r\n")));
    EXPECT_FALSE(met(sdp("a=curr:qos local sendrecv\r\na=des:qos mandatory remote send\r\n")));
}

TEST(Precondition, IW_CAP_03_optional_and_none_never_block) {
    EXPECT_TRUE(
        met(sdp("a=curr:qos local none\r\na=des:qos optional local sendrecv\r\na=des:qos none remote recv\r\n")));
    EXPECT_TRUE(met(sdp("")));
    EXPECT_TRUE(met(sdp(rel5, "m=audio 0 RTP/AVP 0")));  // a refused stream has no say
}

TEST(Precondition, E06_inactive_only_because_of_unmet_local_qos) {
    const std::string unmet(rel5);
    EXPECT_TRUE(inactive_until_met(sdp(unmet + "a=inactive\r\n")));
    EXPECT_FALSE(inactive_until_met(sdp(unmet)));
    EXPECT_FALSE(inactive_until_met(sdp("a=inactive\r\n")));
    EXPECT_FALSE(
        inactive_until_met(sdp("a=curr:qos local sendrecv\r\na=des:qos mandatory local sendrecv\r\na=inactive\r\n")));
    EXPECT_FALSE(inactive_until_met(sdp(unmet + "a=inactive\r\nm=video 2 RTP/AVP 9\r\n" + unmet)));
    EXPECT_TRUE(inactive_until_met(sdp(unmet + "a=inactive\r\nm=video 0 RTP/AVP 9\r\n" + unmet)));
}

TEST(Precondition, strength_by_status) {
    const auto all = streams(sdp(rel5));
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].desired(Status::local), Strength::mandatory);
    EXPECT_EQ(all[0].desired(Status::remote), Strength::none);
    EXPECT_EQ(all[0].desired(Status::e2e), std::nullopt);
    EXPECT_TRUE(all[0].has_strength(Strength::none));
    EXPECT_FALSE(all[0].has_strength(Strength::unknown));
}

TEST(Precondition, L1_changes_the_strength_and_nothing_else) {
    auto changed =
        sdp("a=curr:qos local none\r\na=des:qos  Mandatory local sendrecv \r\na=des:qos mandatory remote sendrecv\r\n"
            "a=des:qos none e2e send\r\na=conf:qos remote send\r\na=inactive\r\n");
    const auto before = changed.print();
    EXPECT_TRUE(weaken(changed));
    auto expected = before;
    expected.replace(expected.find("Mandatory"), 9, "optional");
    expected.replace(expected.find("mandatory"), 9, "optional");
    EXPECT_EQ(changed.print(), expected);
    EXPECT_FALSE(weaken(changed));
}

TEST(Precondition, L2_takes_every_qos_line_and_leaves_the_rest) {
    auto changed = sdp(std::string(rel5) +
                       "a=conf:qos remote send\r\na=curr:sec local none\r\na=inactive\r\na=des:qos garbage\r\n");
    EXPECT_TRUE(strip(changed));
    EXPECT_EQ(changed.print(), sdp("a=curr:sec local none\r\na=inactive\r\n").print());
    EXPECT_FALSE(strip(changed));
    EXPECT_FALSE(present(changed));
}

}  // namespace
}  // namespace isthmus::sip::qos
