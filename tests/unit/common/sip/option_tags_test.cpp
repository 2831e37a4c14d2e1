#include "common/sip/option_tags.hpp"

#include <gtest/gtest.h>

namespace isthmus::sip {
namespace {

Message with(std::string_view headers) {
    std::string text =
        "INVITE sip:bob@isp.example SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
        "To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n";
    text.append(headers).append("Content-Length: 0\r\n\r\n");
    auto parsed = Message::from_wire(text);
    return std::move(parsed.value());
}

TEST(OptionTags, IW_CAP_07_lines_and_lists_are_one_set_without_case) {
    const auto message = with("Require: precondition, 100REL\r\nRequire: 100rel,Precondition\r\n");
    const auto tags = OptionTags::of(message, HeaderId::require);
    EXPECT_EQ(tags.size(), 2U);
    EXPECT_EQ(tags.print(), "precondition, 100REL");
    EXPECT_TRUE(tags.contains("100rel"));
    EXPECT_FALSE(tags.contains("100re"));
    EXPECT_EQ(tags, (OptionTags{"100rel", "precondition"}));
}

TEST(OptionTags, IW_CAP_07_compact_supported_counts) {
    EXPECT_EQ(OptionTags::of(with("k: timer\r\nSupported: replaces\r\n"), HeaderId::supported),
              (OptionTags{"replaces", "timer"}));
}

TEST(OptionTags, what_is_no_token_is_left_out) {
    EXPECT_EQ(OptionTags::parse(" a ,, b c, \"d\", e"), (OptionTags{"a", "e"}));
    EXPECT_TRUE(OptionTags::parse("").empty());
}

TEST(OptionTags, algebra) {
    const OptionTags a{"x", "y"};
    const OptionTags b{"Y", "z"};
    EXPECT_EQ((a | b).print(), "x, y, z");
    EXPECT_EQ((a & b).print(), "y");
    EXPECT_EQ((a - b).print(), "x");
    EXPECT_FALSE(a == b);
    EXPECT_TRUE((a | b).contains_all(b));
    EXPECT_FALSE(a.contains_all(b));
}

TEST(OptionTags, key_is_the_same_for_equal_sets) {
    EXPECT_EQ((OptionTags{"Timer", "100rel"}).key(), (OptionTags{"100REL", "timer"}).key());
    EXPECT_EQ((OptionTags{"b", "A"}).key(), "a,b");
}

TEST(OptionTags, IW_CAP_07_an_empty_set_removes_the_header) {
    auto message = with("Require: precondition\r\nRequire: 100rel\r\n");
    write_tags(message, HeaderId::require, OptionTags{"100rel"});
    EXPECT_EQ(message.count(HeaderId::require), 1U);
    EXPECT_EQ(message.value(HeaderId::require), "100rel");
    write_tags(message, HeaderId::require, OptionTags{});
    EXPECT_FALSE(message.has(HeaderId::require));
}

TEST(OptionTags, an_unchanged_set_leaves_the_received_text_alone) {
    auto message = with("Require:precondition ,100rel\r\n");
    write_tags(message, HeaderId::require, OptionTags{"100rel", "precondition"});
    EXPECT_NE(message.print().find("Require:precondition ,100rel\r\n"), std::string::npos);
}

}  // namespace
}  // namespace isthmus::sip
