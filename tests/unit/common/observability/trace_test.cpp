#include "common/observability/trace.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <thread>

#include "tests/unit/common/observability/scratch_file.hpp"

namespace isthmus::observability {
namespace {

using std::chrono::microseconds;
using std::chrono::system_clock;

const system_clock::time_point noon{microseconds(1'760'000'000'123'456)};

TracedMessage invite(std::string_view bytes) {
    return {.time = noon,
            .direction = Direction::sent,
            .transport = "udp",
            .local = "127.0.1.30:5060",
            .remote = "127.0.1.50:5060",
            .call_id = "c1",
            .bytes = bytes};
}

std::vector<boost::json::object> lines(const std::string& text) {
    std::vector<boost::json::object> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(boost::json::parse(line).as_object());
    return out;
}

TEST(Trace, a_message_is_one_json_object_with_every_member) {
    const ScratchFile file;
    Trace trace({.file = file.name(), .node = "scscf1"});
    trace.write(invite("INVITE sip:b@isp.example SIP/2.0\r\n\r\n"));
    trace.flush();
    const auto all = lines(file.content());
    ASSERT_EQ(all.size(), 1U);
    const boost::json::object expected = {{"kind", "message"},
                                          {"time", "2025-10-09T08:53:20.123456Z"},
                                          {"node", "scscf1"},
                                          {"direction", "sent"},
                                          {"transport", "udp"},
                                          {"local", "127.0.1.30:5060"},
                                          {"remote", "127.0.1.50:5060"},
                                          {"call_id", "c1"},
                                          {"raw", "INVITE sip:b@isp.example SIP/2.0\r\n\r\n"}};
    EXPECT_EQ(all[0], expected);
}

TEST(Trace, every_byte_value_survives) {
    const ScratchFile file;
    Trace trace({.file = file.name(), .node = "n"});
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
    trace.write(invite(bytes));
    trace.flush();
    const auto text = file.content();
    const auto raw = lines(text).at(0).at("raw").as_string();
    std::string back;
    for (std::size_t i = 0; i < raw.size(); ++i) {  // UTF-8 of U+0000..U+00FF to one byte each
        const auto c = static_cast<unsigned char>(raw[i]);
        if (c < 0x80) {
            back += static_cast<char>(c);
        } else {
            back += static_cast<char>(((c & 3U) << 6U) | (static_cast<unsigned char>(raw[++i]) & 0x3fU));
        }
    }
    EXPECT_EQ(back, bytes);
}

TEST(Trace, a_decision_stands_between_the_messages_it_explains) {
    const ScratchFile file;
    Trace trace({.file = file.name(), .node = "n"});
    trace.write(invite("1"));
    trace.write({.time = noon,
                 .call_id = "c1",
                 .text = "retry \"weakened\"",
                 .rules = {"IW-RET-06", "T03"},
                 .linked_call_id = "s9"});
    trace.write({.time = noon, .call_id = "c1", .text = "no other leg", .rules = {}});
    trace.write(invite("2"));
    trace.flush();
    const auto all = lines(file.content());
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[1].at("kind"), "decision");
    EXPECT_EQ(all[1].at("linked_call_id"), "s9");
    EXPECT_FALSE(all[2].contains("linked_call_id"));
    EXPECT_EQ(all[1].at("call_id"), "c1");
    EXPECT_EQ(all[1].at("text"), "retry \"weakened\"");
    EXPECT_EQ(all[1].at("rules"), (boost::json::array{"IW-RET-06", "T03"}));
    EXPECT_EQ(all[3].at("raw"), "2");
}

TEST(Trace, off_it_does_nothing) {
    Trace trace({.file = "", .node = "n"});
    EXPECT_FALSE(trace.on());
    trace.write(invite("x"));
    trace.flush();
    EXPECT_EQ(trace.dropped(), 0U);
}

TEST(Trace, what_does_not_fit_the_queue_is_dropped_and_counted) {
    const ScratchFile file;
    Trace trace({.file = file.name(), .node = "n", .queue_bytes = 4096});
    trace.write(invite(std::string(5000, 'x')));
    trace.write(invite("small"));
    trace.flush();
    EXPECT_EQ(trace.dropped(), 1U);
    EXPECT_EQ(lines(file.content()).size(), 1U);
}

TEST(Trace, many_writers_lose_nothing_and_the_end_writes_what_waits) {
    const ScratchFile file;
    {
        Trace trace({.file = file.name(), .node = "n"});
        std::vector<std::thread> writers;
        for (int i = 0; i < 4; ++i) {
            writers.emplace_back([&trace] {
                for (int k = 0; k < 1000; ++k) trace.write(invite("OPTIONS"));
            });
        }
        for (auto& writer : writers) writer.join();
    }
    EXPECT_EQ(lines(file.content()).size(), 4000U);
}

TEST(Trace, a_full_disk_is_told_once_and_counted) {
    std::vector<std::string> told;
    Trace trace({.file = "/dev/full", .node = "n", .on_error = [&](const std::string& why) { told.push_back(why); }});
    trace.write(invite("1"));
    trace.flush();
    trace.write(invite("2"));
    trace.flush();
    EXPECT_EQ(trace.dropped(), 2U);
    EXPECT_THAT(told, testing::ElementsAre("No space left on device"));
}

TEST(Trace, a_file_that_cannot_be_opened_is_told_at_start) {
    EXPECT_THROW(Trace({.file = "/proc/none/trace", .node = "n"}), std::runtime_error);
}

}  // namespace
}  // namespace isthmus::observability
