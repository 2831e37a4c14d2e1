// Each message of RFC 4475, sent as it is over a real UDP socket to an I-CSCF. A good request must come out of it at
// the S-CSCF (a test's socket, which answers 200); a bad one must get its refusal; a response must get nothing.
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <map>
#include <optional>
#include <set>

#include "common/runtime/server.hpp"
#include "common/sip/message.hpp"
#include "common/sip/via.hpp"
#include "icscf/pipeline.hpp"
#include "tests/support/memory_directory.hpp"
#include "tests/support/mutation.hpp"
#include "tests/support/wire.hpp"

namespace isthmus {
namespace {

using sip::HeaderId;
using sip::Message;
using support::UdpEnd;

constexpr std::uint16_t sip_port = 5060;

enum class Fate : std::uint8_t {
    served,   ///< reaches the S-CSCF; its 200 comes back
    refused,  ///< with one of the statuses, and the S-CSCF never sees it
    dropped,  ///< malformed, no answer
    stray,    ///< a good response to nothing we sent: no answer, not counted as malformed
};

struct Row {
    const char* name;
    Fate fate;
    std::set<int> statuses = {};
};

void PrintTo(const Row& row, std::ostream* to) {
    *to << row.name;
}

// RFC 4475 section by section. Where it leaves a choice, the row says what was chosen: strict at the door wherever two
// readers could read a message differently, and a proxy's blind eye for what only an end point reads.
const Row rows[] = {
    // 3.1.1 valid messages
    {"wsinv", Fate::served},
    {"intmeth", Fate::served},
    {"esc01", Fate::served},
    {"escnull", Fate::served},
    {"esc02", Fate::served},
    {"lwsdisp", Fate::served},
    {"longreq", Fate::served},
    {"dblreq", Fate::served},
    {"semiuri", Fate::served},
    {"transports", Fate::served},
    {"mpart01", Fate::refused, {500}},  // its Route names a port where nobody listens: ICMP (IW-RTE-08)
    {"unreason", Fate::stray},
    {"noreason", Fate::stray},
    // 3.1.2 invalid messages
    {"badinv01", Fate::refused, {400}},
    {"clerr", Fate::refused, {400}},
    {"ncl", Fate::refused, {400}},
    {"scalar02", Fate::refused, {400}},
    {"scalarlg", Fate::dropped},
    {"quotbal", Fate::refused, {400}},
    {"ltgtruri", Fate::refused, {400}},
    {"lwsruri", Fate::refused, {400}},
    {"lwsstart", Fate::refused, {400}},
    {"trws", Fate::refused, {400}},
    {"escruri", Fate::refused, {400}},
    {"baddate", Fate::served},  // Date is nothing a proxy reads
    {"regbadct", Fate::refused, {400}},
    {"badaspec", Fate::refused, {400}},
    {"baddn", Fate::refused, {400}},
    {"badvers", Fate::refused, {505}},
    {"mismatch01", Fate::refused, {400}},
    {"mismatch02", Fate::refused, {400}},
    {"bigcode", Fate::dropped},
    // 3.2 transaction layer
    {"badbranch", Fate::served},  // matched as RFC 2543 does
    // 3.3 application layer
    {"insuf", Fate::refused, {400}},
    {"unkscm", Fate::refused, {416}},
    {"novelsc", Fate::refused, {416}},
    {"unksm2", Fate::refused, {400, 403, 404}},  // its To is no address of record of ours
    {"bext01", Fate::refused, {420}},
    {"invut", Fate::served},     // the body is the UAS's to refuse
    {"regaut01", Fate::served},  // the registrar challenges it with a scheme that exists
    {"multi01", Fate::refused, {400}},
    {"mcl01", Fate::refused, {400}},
    {"bcast", Fate::stray},
    {"zeromf", Fate::refused, {483}},
    {"cparam01", Fate::served},
    {"cparam02", Fate::served},
    {"regescrt", Fate::served},
    {"sdp01", Fate::served},  // Accept is between the ends
    // 3.4 RFC 2543
    {"inv2543", Fate::served},
};

std::string corpus_message(const std::string& name) {
    for (const auto& [one, octets] : support::torture_corpus())
        if (one == name) return octets;
    ADD_FAILURE() << "no such message: " << name;
    return {};
}

/// Where the answer is expected: the port of the top Via.
std::uint16_t port_of(const std::string& octets) {
    const auto message = Message::from_wire(octets);
    if (!message) return sip_port;
    const auto via = sip::Via::parse(message->first(HeaderId::via));
    return via && via->port != 0 ? via->port : sip_port;
}

class Rfc4475 : public testing::TestWithParam<Row> {
  protected:
    Rfc4475() {
        directory_.everybody_else_at("sip:" + scscf_.local().text());
        shared_.directory = &directory_;
        const std::vector<std::string> trusted = {"127.0.0.0/8"};
        shared_.trusted = runtime::address_ranges(trusted);
        runtime::Node node;
        node.name = "services.example.com";  // so that the Route of wsinv is ours
        node.udp = {support::loopback_address(1, sip_port)};
        node.workers = 2;
        node.secret = {1, 2};
        node.seed = {3, 4};
        node.timing = {20, 200, 200};
        server_ = std::make_unique<runtime::Server>(
            node, [this](runtime::Core& core) { return icscf::make_role(core, shared_); });
        server_->start();
    }
    ~Rfc4475() override {
        server_->stop(std::chrono::milliseconds(0));
        directory_.stop();
    }

    struct Seen {
        std::vector<Message> answers;   ///< final ones, at the sender
        std::vector<Message> requests;  ///< at the S-CSCF
    };

    /// Reads both sockets until `enough`; the S-CSCF answers what it gets with 200.
    template <class Enough>
    void listen(UdpEnd& sender, Seen& seen, Enough enough) {
        const auto until = std::chrono::steady_clock::now() + support::patience;
        while (!enough(seen) && std::chrono::steady_clock::now() < until) {
            std::array<pollfd, 2> waiting{pollfd{sender.handle(), POLLIN, 0}, pollfd{scscf_.handle(), POLLIN, 0}};
            ::poll(waiting.data(), waiting.size(), 100);
            if (const auto octets = scscf_.receive(support::Patience(0))) {
                auto request = Message::from_wire(*octets);
                ASSERT_TRUE(request.has_value());
                scscf_.send(scscf_.source(), Message::response(*request, 200, "OK", "served").print());
                seen.requests.push_back(std::move(*request));
            }
            if (const auto octets = sender.receive(support::Patience(0))) {
                auto answer = Message::from_wire(*octets);
                ASSERT_TRUE(answer.has_value()) << *octets;
                if (answer->status() >= 200) seen.answers.push_back(std::move(*answer));
            }
        }
    }

    /// A good request behind the bad one, from the same socket: what is answered to it was decided after the bad one.
    void send_proof(const UdpEnd& sender) const {
        sender.send(server_->node().udp.front(), "OPTIONS sip:proof@example.com SIP/2.0\r\nVia: SIP/2.0/UDP " +
                                                     sender.local().text() +
                                                     ";branch=z9hG4bKproof\r\nMax-Forwards: 70\r\nFrom: "
                                                     "<sip:proof@example.com>;tag=1\r\nTo: "
                                                     "<sip:proof@example.com>\r\nCall-ID: proof\r\nCSeq: 1 "
                                                     "OPTIONS\r\nContent-Length: 0\r\n\r\n");
    }

    UdpEnd scscf_{support::loopback_address(3, 0)};
    support::MemoryDirectory directory_;
    icscf::Shared shared_{100};
    std::unique_ptr<runtime::Server> server_;
};

bool is_proof(const Message& message) {
    return message.call_id() == "proof";
}

template <class Messages>
std::vector<const Message*> others(const Messages& messages) {
    std::vector<const Message*> found;
    for (const auto& message : messages)
        if (!is_proof(message)) found.push_back(&message);
    return found;
}

TEST_P(Rfc4475, gets_what_the_RFC_wants) {
    const auto& row = GetParam();
    const auto octets = corpus_message(row.name);
    UdpEnd sender(support::loopback_address(2, port_of(octets)));
    sender.send(server_->node().udp.front(), octets);
    Seen seen;
    const bool answered = row.fate == Fate::served || row.fate == Fate::refused;
    if (answered) listen(sender, seen, [](const Seen& so_far) { return !so_far.answers.empty(); });
    send_proof(sender);
    listen(sender, seen,
           [](const Seen& so_far) { return std::any_of(so_far.answers.begin(), so_far.answers.end(), is_proof); });
    ASSERT_TRUE(std::any_of(seen.answers.begin(), seen.answers.end(), is_proof)) << "a good request got no answer";

    const auto answers = others(seen.answers);
    const auto forwarded = others(seen.requests);
    const auto counters = server_->totals().counters;
    EXPECT_EQ(answers.size(), answered ? 1U : 0U);
    EXPECT_EQ(counters.stray_responses, row.fate == Fate::stray ? 1U : 0U);
    if (row.fate == Fate::dropped) {
        EXPECT_EQ(counters.malformed, 1U);
    }
    if (row.fate == Fate::served) {
        ASSERT_EQ(answers.size(), 1U);
        ASSERT_EQ(forwarded.size(), 1U) << "and one only: what stands behind Content-Length is no message. Answered:\n"
                                        << answers.front()->print();
        EXPECT_EQ(answers.front()->status(), 200);
        EXPECT_EQ(counters.malformed, 0U);
    } else {
        EXPECT_TRUE(forwarded.empty());
    }
    if (row.fate == Fate::refused && !answers.empty()) {
        EXPECT_TRUE(row.statuses.count(answers.front()->status()) == 1) << answers.front()->print();
    }
}

INSTANTIATE_TEST_SUITE_P(Message, Rfc4475, testing::ValuesIn(rows),
                         [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

TEST(Rfc4475Table, has_a_row_for_every_message_of_the_corpus) {
    std::set<std::string> named;
    for (const auto& row : rows) named.insert(row.name);
    const auto corpus = support::torture_corpus();
    EXPECT_EQ(corpus.size(), 49U);
    for (const auto& [name, octets] : corpus) EXPECT_TRUE(named.count(name) == 1) << name;
}

using Refusals = Rfc4475;

TEST_P(Refusals, names_what_is_wrong) {
    const auto& row = GetParam();
    const auto octets = corpus_message(row.name);
    UdpEnd sender(support::loopback_address(2, port_of(octets)));
    sender.send(server_->node().udp.front(), octets);
    Seen seen;
    listen(sender, seen, [](const Seen& so_far) { return !so_far.answers.empty(); });
    ASSERT_EQ(seen.answers.size(), 1U);
    const auto& answer = seen.answers.front();
    if (std::string(row.name) == "bext01") {
        EXPECT_EQ(answer.values(HeaderId::unsupported).size(), 2U) << "the two Proxy-Require, not the two Require";
        EXPECT_EQ(answer.first(HeaderId::unsupported), "noProxiesSupportThis");
    } else {
        EXPECT_EQ(answer.value(HeaderId::warning).substr(0, 4), "399 ");
    }
    EXPECT_FALSE(answer.to_tag().empty());
}

INSTANTIATE_TEST_SUITE_P(Message, Refusals,
                         testing::Values(Row{"bext01", Fate::refused, {420}}, Row{"multi01", Fate::refused, {400}},
                                         Row{"clerr", Fate::refused, {400}}, Row{"badvers", Fate::refused, {505}}),
                         [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

}  // namespace
}  // namespace isthmus
