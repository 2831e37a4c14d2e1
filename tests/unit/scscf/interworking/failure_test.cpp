#include "scscf/interworking/failure.hpp"

#include <gtest/gtest.h>

#include "scscf/interworking/next_step.hpp"
#include "tests/unit/scscf/interworking/samples.hpp"

namespace isthmus::interworking {
namespace {

using samples::offer;
using samples::rel5_offer;
using samples::response;
using samples::sdp;

Failure failure(int status, std::string_view headers = "", std::string_view body = "") {
    return Failure::of(response(status, headers, body));
}

struct Answer {
    Row row;
    std::optional<Relaxation> next;
};

/// In the b2bua role, where everything may change.
Answer step(const Offer& of, const Failure& what, const Relaxation& current = {}) {
    const auto classified = classify(what, Sent::of(of, current));
    Tried tried;
    tried.relaxation = current;
    tried.role = Role::b2bua;
    tried.transport = "tcp";
    const auto next = next_step(classified, what, of, tried, {}, {});
    return {classified.row, next ? std::optional(next->relaxation) : std::nullopt};
}

TEST(Failure, T01_precondition_goes_to_L1_at_L0) {
    const auto [row, next] = step(rel5_offer(), failure(420, "Unsupported: precondition\r\n"));
    EXPECT_EQ(row, Row::t01);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->level, Level::optional);
}

TEST(Failure, IW_TC_05_T02_with_precondition_required_goes_to_L2_entirely) {
    const auto [row, next] = step(rel5_offer(), failure(420, "Unsupported: 100rel\r\n"));
    EXPECT_EQ(row, Row::t02);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->level, Level::without);
    EXPECT_EQ(next->dropped, (sip::OptionTags{"precondition", "100rel"}));
    EXPECT_TRUE(next->strip_qos);
}

TEST(Failure, T02_with_precondition_only_supported_is_L1_for_100rel_only) {
    const auto of = offer("Require: 100rel\r\nSupported: precondition\r\n", sdp(samples::rel6_qos));
    const auto [row, next] = step(of, failure(420, "Unsupported: 100rel\r\n"));
    EXPECT_EQ(row, Row::t02);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->level, Level::optional);
    const auto sent = Sent::of(of, *next);
    EXPECT_TRUE(sent.tags.require.empty());
    EXPECT_EQ(sent.tags.supported, (sip::OptionTags{"precondition", "100rel"}));
    EXPECT_FALSE(sent.strengths_weakened);
}

TEST(Failure, IW_TC_04_T03_both_go_to_L2_directly) {
    const auto [row, next] = step(rel5_offer(), failure(420, "Unsupported: precondition\r\nUnsupported: 100rel\r\n"));
    EXPECT_EQ(row, Row::t03);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->level, Level::without);
    const auto sent = Sent::of(rel5_offer(), *next);
    EXPECT_EQ(sent.tags.supported, (sip::OptionTags{"timer"}));
    EXPECT_FALSE(sent.qos_lines);
}

TEST(Failure, IW_TC_74_T04_timer_moves_once_and_replaces_never) {
    const auto timer = offer("Require: timer, precondition\r\n");
    const auto [row, next] = step(timer, failure(420, "Unsupported: timer\r\n"));
    EXPECT_EQ(row, Row::t04);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->level, Level::as_received);
    const auto sent = Sent::of(timer, *next);
    EXPECT_EQ(sent.tags.require, (sip::OptionTags{"precondition"}));
    EXPECT_TRUE(sent.tags.supported.contains("timer"));
    EXPECT_TRUE(sent.qos_lines);

    for (const auto* tag : {"replaces", "resource-priority", "sec-agree"}) {
        const auto refused = step(offer("Require: " + std::string(tag) + "\r\n"),
                                  failure(420, "Unsupported: " + std::string(tag) + "\r\n"));
        EXPECT_EQ(refused.row, Row::t04) << tag;
        EXPECT_FALSE(refused.next) << tag;
        // and not as a by-catch of a tag that could go
        EXPECT_FALSE(step(offer("Require: precondition, " + std::string(tag) + "\r\n"),
                          failure(420, "Unsupported: precondition, " + std::string(tag) + "\r\n"))
                         .next);
    }
}

TEST(Failure, T01_takes_another_refused_demand_along) {
    const auto of = offer("Require: precondition, timer\r\n");
    const auto [row, next] = step(of, failure(420, "Unsupported: precondition, timer\r\n"));
    EXPECT_EQ(row, Row::t01);
    ASSERT_TRUE(next);
    EXPECT_TRUE(Sent::of(of, *next).tags.demanded().empty());
}

TEST(Failure, IW_POL_06_a_demand_on_proxies_is_not_lifted) {
    const auto of = offer("Proxy-Require: privacy\r\nRequire: precondition\r\n");
    const auto [row, next] = step(of, failure(420, "Unsupported: privacy\r\n"));
    EXPECT_EQ(row, Row::t04);
    EXPECT_FALSE(next);
}

TEST(Failure, IW_TC_06_T05_without_unsupported_goes_to_L2) {
    const auto [row, next] = step(rel5_offer(), failure(420));
    EXPECT_EQ(row, Row::t05);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->level, Level::without);
    // one level further from L2, and nothing from L3 (IW-ENG-01)
    EXPECT_EQ(step(rel5_offer(), failure(420), *next).next->level, Level::plain);
    EXPECT_FALSE(step(rel5_offer(), failure(420), Relaxation{}.plain()).next);
}

TEST(Failure, IW_DET_02_nothing_to_relax_is_no_step) {
    EXPECT_FALSE(step(offer("Supported: timer\r\n", sdp("")), failure(420)).next);
}

TEST(Failure, T06_tags_only_in_supported_are_dropped_once) {
    const auto of = offer("Supported: precondition, gruu\r\n", sdp(samples::rel6_qos));
    const auto [row, next] = step(of, failure(420, "Unsupported: gruu\r\n"));
    EXPECT_EQ(row, Row::t06);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->level, Level::without);
    const auto sent = Sent::of(of, *next);
    EXPECT_EQ(sent.tags.supported, (sip::OptionTags{"precondition"}));
    EXPECT_TRUE(sent.qos_lines);
    EXPECT_FALSE(step(of, failure(420, "Unsupported: gruu\r\n"), *next).next);
    EXPECT_FALSE(step(of, failure(420, "Unsupported: precondition\r\n"), *next).next);  // once, whatever it names
    EXPECT_FALSE(step(of, failure(420, "Unsupported: unheard\r\n")).next);
    // precondition takes its lines along
    EXPECT_FALSE(Sent::of(of, *step(of, failure(420, "Unsupported: precondition\r\n")).next).qos_lines);
}

TEST(Failure, IW_TC_12_T08_a_warning_about_preconditions_goes_to_L2) {
    for (const auto* warning : {"306 isp \"a=des qos\"", "307 isp \"curr not understood\"",
                                "399 isp \"Preconditions unsupported\"", "399 isp \"a=conf:qos\""}) {
        for (const int status : {488, 606}) {
            const auto [row, next] = step(rel5_offer(), failure(status, "Warning: " + std::string(warning) + "\r\n"));
            EXPECT_EQ(row, Row::t08) << warning;
            ASSERT_TRUE(next) << warning;
            EXPECT_EQ(next->level, Level::without);
        }
    }
}

TEST(Failure, words_that_only_look_like_qos_are_no_T08) {
    for (const auto* warning : {"399 isp \"Destination unreachable\"", "399 isp \"current conference full\"",
                                "306 isp \"a=maxprate\"", "304 isp \"qos\""}) {
        const auto [row, next] = step(rel5_offer(), failure(488, "Warning: " + std::string(warning) + "\r\n"));
        EXPECT_NE(row, Row::t08) << warning;
        EXPECT_FALSE(next) << warning;
    }
}

TEST(Failure, IW_TC_13_T09_media_mismatch_is_never_relaxed) {
    for (const int code : {300, 301, 302, 303, 304, 305, 330, 331, 370}) {
        const auto [row, next] = step(rel5_offer(), failure(488, "Warning: " + std::to_string(code) +
                                                                     " isp \"no\"\r\nWarning: 399 isp \"qos\"\r\n"));
        EXPECT_EQ(row, Row::t09) << code;
        EXPECT_FALSE(next) << code;
    }
}

TEST(Failure, IW_TC_14_T10_without_warning_only_when_qos_was_offered) {
    const auto [row, next] = step(rel5_offer(), failure(488));
    EXPECT_EQ(row, Row::t10);
    EXPECT_EQ(next->level, Level::without);
    EXPECT_FALSE(step(offer("Require: 100rel\r\n", sdp("")), failure(488)).next);
    EXPECT_FALSE(step(rel5_offer(), failure(488), *next).next);
    EXPECT_FALSE(classify(failure(488), Sent::of(rel5_offer(), *next)).capability);
}

TEST(Failure, IW_TC_15_T11_strength_unknown_is_L1_and_anything_else_L2) {
    EXPECT_EQ(step(rel5_offer(), failure(580)).row, Row::t11);
    EXPECT_EQ(step(rel5_offer(), failure(580)).next->level, Level::without);
    EXPECT_EQ(step(rel5_offer(), failure(580, "", sdp("a=des:qos failure local sendrecv\r\n"))).next->level,
              Level::without);
    const auto unknown = failure(580, "", sdp("a=des:qos unknown local sendrecv\r\n"));
    const auto first = step(rel5_offer(), unknown);
    EXPECT_EQ(first.next->level, Level::optional);
    EXPECT_EQ(step(rel5_offer(), unknown, *first.next).next->level, Level::without);
}

TEST(Failure, rows_that_pass_as_they_are) {
    const std::vector<std::pair<int, Row>> rows{
        {302, Row::t22}, {380, Row::t22}, {401, Row::t20}, {407, Row::t20}, {415, Row::t17},
        {416, Row::t18}, {421, Row::t07}, {422, Row::t19}, {482, Row::t21}, {483, Row::t21},
        {500, Row::t24}, {501, Row::t24}, {503, Row::t23}, {505, Row::t24}, {403, Row::t25},
        {404, Row::t25}, {408, Row::t25}, {410, Row::t25}, {480, Row::t25}, {484, Row::t25},
        {486, Row::t25}, {487, Row::t25}, {600, Row::t25}, {603, Row::t25}, {604, Row::t25}};
    for (const auto& [status, row] : rows) {
        const auto result = step(rel5_offer(), failure(status));
        EXPECT_EQ(result.row, row) << status;
        EXPECT_FALSE(result.next) << status;
    }
    EXPECT_EQ(row_name(Row::t07), "T07");
    EXPECT_EQ(row_name(Row::t25), "T25");
    EXPECT_EQ(row_name(Row::none), "");
}

TEST(Failure, IW_CAP_04_precondition_insisted_on_includes_100rel_and_update) {
    EXPECT_EQ(expand_required({"precondition"}), (sip::OptionTags{"precondition", "100rel", "update"}));
    EXPECT_EQ(expand_required({"tls"}), (sip::OptionTags{"tls"}));
}

TEST(Failure, STRICT_403_cells_hold_only_for_what_is_insisted_on) {
    const auto missing = [](const Failure& what, const sip::OptionTags& insisted) {
        const auto sent = Sent::of(rel5_offer(), {});
        return missing_by_failure(classify(what, sent), sent, insisted).print();
    };
    const sip::OptionTags all{"precondition", "100rel", "update"};
    EXPECT_EQ(missing(failure(420, "Unsupported: precondition\r\n"), all), "precondition");
    EXPECT_EQ(missing(failure(420, "Unsupported: 100rel\r\n"), all), "100rel");
    EXPECT_EQ(missing(failure(420, "Unsupported: 100rel\r\n"), {"update"}), "");
    EXPECT_EQ(missing(failure(420), all), "precondition, 100rel");
    EXPECT_EQ(missing(failure(488, "Warning: 399 isp \"qos\"\r\n"), all), "precondition");
    EXPECT_EQ(missing(failure(488), all), "");
    EXPECT_EQ(missing(failure(580), all), "");
    EXPECT_EQ(missing(failure(486), all), "");
}

}  // namespace
}  // namespace isthmus::interworking
