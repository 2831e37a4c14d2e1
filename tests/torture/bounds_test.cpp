// What one peer may cost: large heads, many Vias, lengths that lie, messages that never end. Real sockets; memory is
// counted while the load lasts, not only after it.
#include "tests/torture/three_nodes.hpp"

namespace isthmus::torture {
namespace {

constexpr std::size_t megabyte = 1'000'000;

class Bounds : public ThreeNodes {
  protected:
    std::string options_with(const std::string& lines, const std::string& call_id, const std::string& via) const {
        auto text = options("sip:nobody@home1.net", via, call_id);
        text.insert(text.find("Content-Length"), lines);
        return text;
    }
    void expect_all_answer() {
        for (const auto& node : nodes_) EXPECT_TRUE(answers(*node)) << node->node().name;
    }
};

TEST_F(Bounds, a_head_of_64_KB_by_TCP_is_taken_and_a_longer_one_closes_the_connection) {
    for (const auto& node : nodes_) {
        SCOPED_TRACE(node->node().name);
        support::TcpEnd tcp(support::loopback_address(41, 0), node->node().tcp.front());
        const auto via = "TCP " + tcp.local().text();
        ASSERT_TRUE(tcp.send(options_with("X-Long: " + std::string(60'000, 'x') + "\r\n", "long", via)));
        const auto answer = tcp.receive();
        ASSERT_TRUE(answer);
        EXPECT_GE(sip::Message::from_wire(*answer)->status(), 200);
        EXPECT_FALSE(tcp.closed(support::Patience(0)));
        // An endless head: the node must give up at its limit, not at ours.
        const auto before = support::allocated_bytes();
        const std::string piece(10'000, 'x');
        ASSERT_TRUE(tcp.send("OPTIONS sip:nobody@home1.net SIP/2.0\r\nX-Endless: "));
        for (int pieces = 0; pieces < 2'000 && tcp.send(piece); ++pieces) continue;
        EXPECT_TRUE(tcp.closed());
        EXPECT_LT(support::allocated_bytes(), before + megabyte);
    }
    expect_all_answer();
}

TEST_F(Bounds, ten_thousand_Vias_cost_no_more_than_a_few_times_their_bytes) {
    std::string vias;
    for (int i = 0; vias.size() < 60'000; ++i) vias += "v:SIP/2.0/UDP h" + std::to_string(i) + "\r\n";
    std::string one_line = "Via: SIP/2.0/UDP a";
    for (int i = 0; i < 10'000; ++i) one_line += ",a/b/c d";  // in commas there is room for 10,000
    for (const auto& node : nodes_) {
        SCOPED_TRACE(node->node().name);
        const auto before = support::allocated_bytes();
        for (int i = 0; i < 20; ++i) {
            const auto id = node->node().name + std::to_string(i);
            core_.send(node->node().udp.front(), options_with(vias, "v" + id, "UDP " + core_.local().text()));
            support::TcpEnd tcp(support::loopback_address(41, 0), node->node().tcp.front());
            EXPECT_TRUE(tcp.send(options_with(one_line + "\r\n", "c" + id, "TCP " + tcp.local().text())));
            ASSERT_TRUE(answers(*node)) << "it must not take a node seconds";
        }
        EXPECT_LT(support::allocated_bytes(), before + 40 * 20 * 64'000);
    }
    ASSERT_TRUE(become_idle());
}

TEST_F(Bounds, a_Content_Length_that_lies_is_refused_or_closes_the_connection) {
    for (const auto& node : nodes_) {
        SCOPED_TRACE(node->node().name);
        const auto before = support::allocated_bytes();
        for (const char* length : {"4294967296", "99999999999999999999", "-1", "2147483648", "262145", "abc", ""}) {
            SCOPED_TRACE(length);
            auto text = options("sip:nobody@home1.net", "TCP 127.0.0.1:9", "lie");
            text.replace(text.find("Content-Length: 0"), 17, std::string("Content-Length: ") + length);
            support::TcpEnd tcp(support::loopback_address(41, 0), node->node().tcp.front());
            (void)tcp.send(text);
            EXPECT_TRUE(tcp.closed()) << "what follows can belong to anything";
        }
        EXPECT_LT(support::allocated_bytes(), before + megabyte) << "nothing is reserved for what was only announced";
    }
    expect_all_answer();
}

TEST_F(Bounds, two_hundred_half_messages_by_TCP_hold_their_own_bytes_and_nobody_else_up) {
    const auto before = support::allocated_bytes();
    std::vector<std::unique_ptr<support::TcpEnd>> slow;
    for (int i = 0; i < 200; ++i) {
        const auto& node = *nodes_[static_cast<std::size_t>(i) % nodes_.size()];
        slow.push_back(std::make_unique<support::TcpEnd>(support::loopback_address(41, 0), node.node().tcp.front()));
        auto text = options("sip:nobody@home1.net", "TCP 127.0.0.1:9", "half" + std::to_string(i));
        text.replace(text.find("Content-Length: 0"), 17, "Content-Length: 200000");
        ASSERT_TRUE(slow.back()->send(text + std::string(1'000, 'x')));
    }
    expect_all_answer();
    EXPECT_LT(support::allocated_bytes(), before + 200 * 40'000)
        << "a connection costs its read buffer and what came, not what was announced";
    EXPECT_EQ(do_register().status(), 200);
    slow.clear();
    ASSERT_TRUE(become_idle());
}

}  // namespace
}  // namespace isthmus::torture
