#include "common/observability/log.hpp"

#include <gmock/gmock.h>

#include <set>

#include "common/observability/catalogue.hpp"
#include "tests/unit/common/observability/scratch_file.hpp"

namespace isthmus::observability {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

constexpr Message send_failed = MessageText{
    .id = "ISTHMUS-TEST-001",
    .level = Level::warning,
    .text = "cannot send to {transport} {peer}: {reason}",
    .meaning = "m",
    .cause = "c",
    .action = "a",
};

TEST(Log, a_line_carries_id_text_and_the_fields_by_name) {
    EXPECT_EQ(render(send_failed, "scscf1", {{"transport", "udp"}, {"peer", "1.2.3.4:5060"}, {"reason", "no route"}}),
              "level=warning id=ISTHMUS-TEST-001 node=scscf1 text=\"cannot send to udp 1.2.3.4:5060: no route\" "
              "transport=udp peer=1.2.3.4:5060 reason=\"no route\"");
}

TEST(Log, what_a_peer_sent_cannot_make_a_second_line_or_field) {
    const auto line = render(messages::database_lost, "n", {{"reason", "a\r\nlevel=error \"x\"\\ \x01"}});
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_THAT(line, HasSubstr(R"(reason="a\x0d\x0alevel=error \"x\"\\ \x01")"));
}

TEST(Log, braces_in_a_value_stay_and_missing_fields_show) {
    EXPECT_THAT(render(messages::database_lost, "n", {{"reason", "{reason} {} {0}"}}),
                HasSubstr("text=\"lost the database: {reason} {} {0}\""));
    EXPECT_THAT(render(messages::database_lost, "n", {}), HasSubstr("text=\"lost the database: {reason}\""));
}

TEST(Log, lines_below_the_level_are_not_written_and_the_end_writes_what_waits) {
    const ScratchFile file;
    {
        Log log({.node = "n1", .level = Level::info, .file = file.name()});
        EXPECT_FALSE(log.enabled(Level::debug));
        log.write(messages::connection_closed, {{"peer", "x"}, {"reason", "y"}});
        for (int i = 0; i < 100; ++i) log.write(messages::database_connected, {{"schema", i}});
        EXPECT_EQ(log.dropped(), 0U);
    }
    const auto text = file.content();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 100);
    EXPECT_THAT(text.substr(0, text.find('\n')),
                MatchesRegex("time=20[0-9-]+T[0-9:]+\\.[0-9]+Z level=info id=ISTHMUS-DB-002 node=n1 .* schema=0"));
    EXPECT_THAT(text, HasSubstr("schema=99\n"));
}

TEST(Log, when_the_queue_is_full_the_oldest_are_given_up_and_counted) {
    const ScratchFile file;
    constexpr int given = 20'000;
    std::uint64_t dropped = 0;
    {
        Log log({.node = "n1", .level = Level::info, .file = file.name(), .queue_lines = 2});
        for (int i = 0; i < given; ++i) log.write(messages::database_connected, {{"schema", i}});
        dropped = log.dropped();
    }
    const auto text = file.content();
    const auto written = std::count(text.begin(), text.end(), '\n');
    // The last line is never the one given up; what the end itself displaces is counted after `dropped` was read.
    EXPECT_THAT(text, HasSubstr("schema=19999\n"));
    EXPECT_LE(given - static_cast<std::int64_t>(dropped) - written, 1);
    EXPECT_GE(given - static_cast<std::int64_t>(dropped) - written, 0);
}

TEST(Log, a_file_that_cannot_be_opened_is_told_at_start) {
    EXPECT_ANY_THROW(Log({.node = "n", .level = Level::info, .file = "/proc/none/log"}));
}

TEST(Catalogue, ids_are_used_once_and_every_text_says_what_to_do) {
    std::set<std::string_view> ids;
    for (const auto* message : messages::all) EXPECT_TRUE(ids.insert(message->text().id).second) << message->text().id;
    const auto page = describe(messages::all);
    for (const auto* message : messages::all) {
        EXPECT_THAT(page, HasSubstr("### " + std::string(message->text().id)));
        EXPECT_THAT(page, HasSubstr(std::string(message->text().action)));
    }
}

TEST(Log, level_names_go_both_ways) {
    for (const auto level : {Level::debug, Level::info, Level::warning, Level::error})
        EXPECT_EQ(level_from(name_of(level)), level);
}

}  // namespace
}  // namespace isthmus::observability
