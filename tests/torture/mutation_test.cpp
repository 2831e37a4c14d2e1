// Thousands of damaged messages to real nodes: whatever comes, all three go on answering, every transaction ends, and
// no memory stays behind. Seeded: a failure comes again. Meant to run under AddressSanitizer.
#include "tests/support/mutation.hpp"
#include "tests/torture/three_nodes.hpp"

namespace isthmus::torture {
namespace {

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

class Mutations : public ThreeNodes {
  protected:
    /// What mutations start from: RFC 4475, with no name or address of a real network in it, and an IMS phone's own
    /// messages, so that they also get behind the doors.
    std::vector<std::string> bases(const sip::Message& registered) {
        std::vector<std::string> texts;
        for (auto [name, text] : support::torture_corpus()) {
            for (const char* domain : {".com", ".net", ".org", ".edu"}) text = replace_all(text, domain, ".invalid");
            texts.push_back(replace_all(text, "192.0.2.", "127.9.9."));
        }
        const auto route = "<sip:" + nodes_[0]->node().udp.front().text() + ";lr>, " +
                           std::string(registered.value(sip::HeaderId::service_route));
        texts.push_back(register_text(900,
                                      "Digest username=\"alice@home1.net\",realm=\"home1.net\",nonce=\"n\",uri="
                                      "\"sip:home1.net\",response=\"00112233445566778899aabbccddeeff\""));
        for (const char* to : {"sip:alice@home1.net", "sip:bob@example.invalid", "tel:+15551001"})
            for (int copies = 0; copies < 5; ++copies) texts.push_back(invite_text(to, route));
        return texts;
    }
    std::string invite_text(const std::string& to, const std::string& route) {
        const auto number = std::to_string(++invites_);
        const std::string sdp =
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
            "a=curr:qos local none\r\na=des:qos mandatory local sendrecv\r\n";
        return "INVITE " + to + " SIP/2.0\r\nVia: SIP/2.0/UDP " + phone_.local().text() + ";branch=z9hG4bKi" + number +
               "\r\nMax-Forwards: 70\r\nRoute: " + route + "\r\nFrom: <sip:alice@home1.net>;tag=i" + number +
               "\r\nTo: <" + to + ">\r\nContact: <sip:alice@" + phone_.local().text() + ">\r\nCall-ID: invite" +
               number +
               "\r\nCSeq: 1 INVITE\r\nP-Preferred-Identity: <sip:alice@home1.net>\r\n"
               "P-Access-Network-Info: IEEE-802.11;i-wlan-node-id=1\r\nPrivacy: none\r\n"
               "Require: precondition, 100rel\r\nSupported: timer\r\nSession-Expires: 1800\r\nContent-Type: "
               "application/sdp\r\nContent-Length: " +
               std::to_string(sdp.size()) + "\r\n\r\n" + sdp;
    }
    void expect_all_answer(const char* when, int at) {
        for (const auto& node : nodes_) ASSERT_TRUE(answers(*node)) << node->node().name << " " << when << " " << at;
        while (phone_.receive(support::Patience(0))) continue;
    }
    /// Sends `count` of them, each node in turn, from inside and outside the core.
    void send_mutations(support::Mutator& mutator, const std::vector<std::string>& texts, int count) {
        for (int i = 0; i < count && !HasFatalFailure(); ++i) {
            const auto octets = mutator.mutate(texts[mutator.below(texts.size())]);
            const auto& node = *nodes_[mutator.below(nodes_.size())];
            (mutator.below(3) == 0 ? core_ : phone_).send(node.node().udp.front(), octets);
            if (i % 50 == 49) expect_all_answer("after mutation", i);  // also keeps the sockets from overflowing
        }
    }
    int invites_ = 0;
};

TEST_F(Mutations, ten_thousand_by_UDP_leave_three_answering_nodes_and_no_memory_behind) {
    const auto registered = do_register();
    ASSERT_EQ(registered.status(), 200);
    const auto texts = bases(registered);
    support::Mutator mutator(4475);
    const auto before = support::allocated_bytes();
    const auto received = nodes_[0]->totals().counters.received;
    send_mutations(mutator, texts, 10'000);
    EXPECT_GT(nodes_[0]->totals().counters.received, received + 2'500) << "the messages never arrived";
    ASSERT_TRUE(become_idle()) << "a transaction never ended";  // half a minute: timer D is no option
    const auto after = support::allocated_bytes();
    EXPECT_LT(after, before + 4'000'000) << "400 bytes a message would be a leak";
    expect_all_answer("at the end", 0);
    EXPECT_EQ(do_register().status(), 200);
}

TEST_F(Mutations, two_thousand_by_TCP_in_odd_slices) {
    const auto registered = do_register();
    ASSERT_EQ(registered.status(), 200);
    const auto texts = bases(registered);
    support::Mutator mutator(3261);
    int sent = 0;
    int connections = 0;
    while (sent < 2'000) {
        const auto& node = *nodes_[mutator.below(nodes_.size())];
        const auto from = support::loopback_address(mutator.below(2) == 0 ? 41 : 141, 0);
        support::TcpEnd tcp(from, node.node().tcp.front());
        ++connections;
        bool open = true;
        for (int i = 0; i < 20 && open; ++i, ++sent) {
            const auto octets = mutator.mutate(texts[mutator.below(texts.size())]);
            for (std::size_t at = 0; at < octets.size() && open;) {
                const auto slice = 1 + mutator.below(mutator.below(4) == 0 ? 3 : 400);
                open = tcp.send(std::string_view(octets).substr(at, slice));
                at += slice;
            }
            while (!tcp.receive_raw(support::Patience(0)).empty()) continue;
        }
        if (connections % 10 == 0) expect_all_answer("after TCP connection", connections);
        if (HasFatalFailure()) return;
    }
    // A fresh connection to each, in slices of one byte.
    for (const auto& node : nodes_) {
        support::TcpEnd tcp(support::loopback_address(42, 0), node->node().tcp.front());
        const auto good = options("sip:nobody@home1.net", "TCP " + tcp.local().text(), "slices");
        for (const char octet : good) ASSERT_TRUE(tcp.send({&octet, 1}));
        const auto answer = tcp.receive();
        ASSERT_TRUE(answer) << node->node().name;
        EXPECT_EQ(sip::Message::from_wire(*answer)->call_id(), "slices");
    }
    EXPECT_EQ(do_register().status(), 200);
}

}  // namespace
}  // namespace isthmus::torture
