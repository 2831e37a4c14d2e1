// The resolver against a real name server, and against ones that misbehave (IW-RTE-04, 05, 08).
#include "common/transport/resolver.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "common/transport/server_location.hpp"
#include "tests/support/name_server.hpp"
#include "tests/support/wire.hpp"

namespace isthmus::transport {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Outcome = DnsAnswer::Outcome;

Question question(RecordType type, std::string_view name) {
    return {type, dns_name(name)};
}

AnswerPtr ask(Resolver& resolver, RecordType type, std::string_view name) {
    std::promise<AnswerPtr> promise;
    resolver.ask(question(type, name), [&](AnswerPtr answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
}

std::string located_text(Resolver& resolver, const LocationFacts& facts, std::uint64_t seed = 1) {
    ServerLocation location(facts, {}, seed);
    location.start();
    while (!location.done()) {
        const auto questions = location.questions();
        for (std::size_t i = 0; i < questions.size(); ++i) {
            auto answer = resolver.known(questions[i]);
            if (!answer)
                answer = ask(resolver, questions[i].type, {questions[i].name.data(), questions[i].name.size()});
            location.answer(i, answer);
        }
    }
    std::string text;
    for (const auto& peer : location.result().targets) text += (text.empty() ? "" : " ") + peer.text();
    return text.empty() ? std::string(words(location.result().failure)) : text;
}

constexpr const char* isp_zone = R"($TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 7
@ IN NS ns
ns IN A 127.0.0.1
@ IN NAPTR 20 10 "s" "SIP+D2T" "" _sip._tcp
@ IN NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp
_sip._udp IN SRV 10 60 5062 one
_sip._udp IN SRV 20 0 5063 two
_sip._tcp IN SRV 10 0 5064 one
one IN A 127.0.3.1
one IN AAAA 2001:db8::1
two 30 IN A 127.0.3.2
alias IN CNAME one
far IN CNAME host.other.example.
farther IN CNAME chain.other.example.
loop1 IN CNAME loop2
loop2 IN CNAME loop1
afar1 IN CNAME afar2.other.example.
closed IN SRV 0 0 0 .
)";

std::string other_zone() {
    std::string zone = R"($TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 7
@ IN NS ns
ns IN A 127.0.0.1
host IN A 127.0.3.9
chain IN CNAME one.isp.example.
afar2 IN CNAME afar1.isp.example.
)";
    for (int i = 0; i < 400; ++i)
        zone += "many IN A 127.1." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1) + "\n";
    return zone;
}

class ResolverOnUnbound : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        server = std::make_unique<isthmus::testing::NameServer>(
            std::map<std::string, std::string>{{"isp.example", isp_zone}, {"other.example", other_zone()}});
    }
    static void TearDownTestSuite() { server.reset(); }
    static ResolverOptions options() {
        ResolverOptions options;
        options.servers = {server->address()};
        return options;
    }
    static std::unique_ptr<isthmus::testing::NameServer> server;
};
std::unique_ptr<isthmus::testing::NameServer> ResolverOnUnbound::server;

TEST_F(ResolverOnUnbound, IW_RTE_04_NAPTR_SRV_and_addresses_of_a_domain) {
    Resolver resolver(options());
    EXPECT_EQ(located_text(resolver, {"isp.example"}), "udp:127.0.3.1:5062 udp:127.0.3.2:5063 tcp:127.0.3.1:5064");
    const auto naptr = ask(resolver, RecordType::naptr, "isp.example");
    ASSERT_EQ(naptr->naptr.size(), 2U);
    EXPECT_EQ(naptr->naptr[0].flags, "s");
    const auto v6 = ask(resolver, RecordType::aaaa, "one.isp.example");
    ASSERT_EQ(v6->addresses.size(), 1U);
    EXPECT_EQ(v6->addresses[0].ip(), "2001:db8::1");
}

TEST_F(ResolverOnUnbound, IW_RTE_05_what_was_asked_once_is_remembered) {
    Resolver resolver(options());
    located_text(resolver, {"isp.example"});
    const auto asked = resolver.counts().queries;
    EXPECT_GT(asked, 0U);
    EXPECT_EQ(located_text(resolver, {"isp.example"}), "udp:127.0.3.1:5062 udp:127.0.3.2:5063 tcp:127.0.3.1:5064");
    EXPECT_EQ(resolver.counts().queries, asked);
    EXPECT_GT(resolver.counts().cache_hits, 0U);
}

TEST_F(ResolverOnUnbound, RFC_1035_an_answer_is_forgotten_when_its_time_to_live_is_over) {
    std::atomic<std::uint64_t> now = 1'000'000;
    Resolver resolver(options(), [&] { return now.load(); });
    EXPECT_EQ(ask(resolver, RecordType::a, "two.isp.example")->ttl_s, 30U);
    now += 29'999;
    EXPECT_NE(resolver.known(question(RecordType::a, "two.isp.example")), nullptr);
    now += 2;
    EXPECT_EQ(resolver.known(question(RecordType::a, "two.isp.example")), nullptr);
}

TEST_F(ResolverOnUnbound, RFC_2308_a_no_is_believed_as_long_as_the_zone_says) {
    std::atomic<std::uint64_t> now = 1'000'000;
    Resolver resolver(options(), [&] { return now.load(); });
    EXPECT_EQ(ask(resolver, RecordType::a, "nobody.isp.example")->outcome, Outcome::no_name);
    EXPECT_EQ(ask(resolver, RecordType::srv, "one.isp.example")->outcome, Outcome::no_data);
    EXPECT_EQ(resolver.counts().negative, 2U);
    now += 6'999;  // the SOA says 7
    EXPECT_NE(resolver.known(question(RecordType::a, "nobody.isp.example")), nullptr);
    now += 2;
    EXPECT_EQ(resolver.known(question(RecordType::a, "nobody.isp.example")), nullptr);
    EXPECT_EQ(located_text(resolver, {"nobody.isp.example"}), "No such domain");
}

TEST_F(ResolverOnUnbound, RFC_1035_an_alias_is_followed_into_another_zone) {
    Resolver resolver(options());
    EXPECT_EQ(located_text(resolver, {"alias.isp.example", 5060}), "udp:127.0.3.1:5060");
    EXPECT_EQ(located_text(resolver, {"far.isp.example", 5060}), "udp:127.0.3.9:5060");
    EXPECT_EQ(located_text(resolver, {"farther.isp.example", 5060}), "udp:127.0.3.1:5060");
}

TEST_F(ResolverOnUnbound, bad_input_a_loop_of_aliases_ends_with_a_clear_outcome) {
    Resolver resolver(options());
    const auto inside = ask(resolver, RecordType::a, "loop1.isp.example");
    EXPECT_EQ(inside->outcome, Outcome::failed);
    EXPECT_EQ(inside->words, "too many aliases");
    const auto before = resolver.counts().queries;
    const auto across = ask(resolver, RecordType::a, "afar1.isp.example");
    EXPECT_EQ(across->outcome, Outcome::failed);
    EXPECT_LE(resolver.counts().queries - before, 10U);
}

TEST_F(ResolverOnUnbound, bad_input_hundreds_of_records_come_by_TCP_and_are_bounded) {
    Resolver resolver(options());
    const auto many = ask(resolver, RecordType::a, "many.other.example");
    EXPECT_EQ(many->outcome, Outcome::found);
    EXPECT_EQ(many->addresses.size(), 256U);
    EXPECT_EQ(located_text(resolver, {"many.other.example", 5060}).find("127.1.") != std::string::npos, true);
}

TEST_F(ResolverOnUnbound, RFC_2782_a_dot_says_that_there_is_no_service) {
    Resolver resolver(options());
    const auto answer = ask(resolver, RecordType::srv, "closed.isp.example");
    ASSERT_EQ(answer->srv.size(), 1U);
    EXPECT_EQ(answer->srv[0].target, "");
}

TEST_F(ResolverOnUnbound, IW_RTE_08_a_dead_first_server_does_not_spoil_the_second) {
    auto both = options();
    const support::UdpEnd silent(support::loopback_address(60, 0));
    both.servers = {silent.local(), server->address()};
    Resolver resolver(both);
    const auto start = Clock::now();
    EXPECT_EQ(ask(resolver, RecordType::a, "one.isp.example")->outcome, Outcome::found);
    EXPECT_LT(Clock::now() - start, milliseconds(2'000));
}

TEST(ResolverAlone, IW_RTE_08_a_dead_name_server_costs_at_most_two_seconds_and_then_nothing) {
    const support::UdpEnd silent(support::loopback_address(60, 0));
    std::vector<bool> heard;
    ResolverOptions options;
    options.servers = {silent.local()};
    options.event = [&](const ResolverEvent& event) { heard.push_back(event.answering); };
    {
        Resolver resolver(options);
        const auto start = Clock::now();
        EXPECT_EQ(located_text(resolver, {"isp.example"}), "Name server does not answer");
        const auto took = Clock::now() - start;
        EXPECT_LE(took, milliseconds(2'000));
        EXPECT_GE(took, milliseconds(1'000)) << "a slow server has its time";
        EXPECT_EQ(located_text(resolver, {"isp.example"}), "Name server does not answer");
        EXPECT_LT(Clock::now() - start - took, milliseconds(500)) << "remembered, so the next call does not wait";
        EXPECT_EQ(resolver.counts().timeouts, 1U);
    }
    EXPECT_EQ(heard, std::vector<bool>{false});
}

TEST(ResolverAlone, IW_RTE_08_three_dead_name_servers_cost_no_more) {
    const support::UdpEnd one(support::loopback_address(60, 0));
    const support::UdpEnd two(support::loopback_address(61, 0));
    const support::UdpEnd three(support::loopback_address(62, 0));
    ResolverOptions options;
    options.servers = {one.local(), two.local(), three.local()};
    Resolver resolver(options);
    const auto start = Clock::now();
    EXPECT_EQ(ask(resolver, RecordType::a, "isp.example")->outcome, Outcome::timed_out);
    EXPECT_LE(Clock::now() - start, milliseconds(2'000));
}

/// Answers each query with what `make` says; nothing for an empty string.
class RogueServer {
  public:
    explicit RogueServer(std::function<std::string(std::string query)> make)
        : end_(support::loopback_address(63, 0)), make_(std::move(make)), thread_([this] { run(); }) {}
    ~RogueServer() {
        stop_ = true;
        thread_.join();
    }
    [[nodiscard]] const Address& address() const { return end_.local(); }
    [[nodiscard]] int queries() const { return queries_; }

  private:
    void run() {
        while (!stop_) {
            const auto query = end_.receive(support::Patience(20));
            if (!query) continue;
            ++queries_;
            const auto reply = make_(*query);
            if (!reply.empty()) end_.send(end_.source(), reply);
        }
    }
    support::UdpEnd end_;
    std::function<std::string(std::string)> make_;
    std::atomic<bool> stop_ = false;
    std::atomic<int> queries_ = 0;
    std::thread thread_;
};

/// The question of `query` with other flags and counts; EDNS is left off.
std::string reply_to(const std::string& query, unsigned char flags_high, unsigned char flags_low) {
    auto end = query.find('\0', 12) + 5;
    auto reply = query.substr(0, end);
    reply[2] = static_cast<char>(flags_high);
    reply[3] = static_cast<char>(flags_low);
    reply[10] = reply[11] = 0;
    return reply;
}

ResolverOptions with(const RogueServer& server) {
    ResolverOptions options;
    options.servers = {server.address()};
    return options;
}

TEST(ResolverAlone, bad_input_a_lame_server_gives_a_clear_outcome) {
    RogueServer lame([](const std::string& query) {
        auto reply = reply_to(query, 0x80, 0x00);
        reply[9] = 1;  // one NS record in the authority section: ask somebody else
        reply += std::string("\xc0\x0c\x00\x02\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x0c", 14);
        return reply;
    });
    Resolver resolver(with(lame));
    const auto answer = ask(resolver, RecordType::a, "isp.example");
    EXPECT_EQ(answer->outcome, Outcome::failed);
    EXPECT_EQ(answer->words, "a lame server: it only names others");
    EXPECT_EQ(resolver.counts().failures, 1U);
}

TEST(ResolverAlone, bad_input_what_an_answer_says_of_other_names_is_not_believed) {
    const std::string bank("\4bank\7example\0\0\1\0\1\0\0\x0e\x10\0\4", 24);
    RogueServer poisoner([&](const std::string& query) {
        auto reply = reply_to(query, 0x84, 0x80);
        reply[7] = 2;   // answers: one to the question, one to another
        reply[11] = 1;  // and an additional record
        reply += std::string("\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\1", 16);
        return reply + bank + "\x06\x06\x06\x06" + bank + "\x06\x06\x06\x07";
    });
    Resolver resolver(with(poisoner));
    const auto answer = ask(resolver, RecordType::a, "evil.example");
    ASSERT_EQ(answer->outcome, Outcome::found);
    ASSERT_EQ(answer->addresses.size(), 1U);
    EXPECT_EQ(answer->addresses.front().ip(), "192.0.2.1");
    EXPECT_EQ(resolver.known({RecordType::a, dns_name("bank.example")}), nullptr);
    EXPECT_EQ(resolver.counts().cache_entries, 1U);
}

TEST(ResolverAlone, bad_input_an_answer_to_another_question_is_none) {
    RogueServer liar([](const std::string& query) {
        auto reply = reply_to(query, 0x84, 0x80);
        reply[13] = 'x';  // the first letter of the name
        reply[7] = 1;
        return reply + std::string("\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\6\6\6\6", 16);
    });
    Resolver resolver(with(liar));
    EXPECT_NE(ask(resolver, RecordType::a, "isp.example")->outcome, Outcome::found);
}

TEST(ResolverAlone, bad_input_a_server_that_fails_or_refuses_gives_a_clear_outcome) {
    for (const int code : {2, 5}) {
        RogueServer server([code](const std::string& query) {
            return reply_to(query, 0x81, static_cast<unsigned char>(0x80 | code));
        });
        Resolver resolver(with(server));
        const auto start = Clock::now();
        EXPECT_EQ(ask(resolver, RecordType::a, "isp.example")->outcome, Outcome::failed) << code;
        EXPECT_LE(Clock::now() - start, milliseconds(2'000));
    }
}

TEST(ResolverAlone, name_servers_that_fail_again_and_again_are_told_of_once_and_so_is_their_return) {
    std::atomic<bool> well = false;
    RogueServer server([&](const std::string& query) { return reply_to(query, 0x84, well ? 0x83 : 0x82); });
    std::mutex lock;
    std::vector<bool> heard;
    auto options = with(server);
    options.event = [&](const ResolverEvent& event) {
        const std::lock_guard guard(lock);
        heard.push_back(event.answering);
    };
    Resolver resolver(options);
    for (const char* name : {"a.example", "b.example", "c.example", "d.example"}) ask(resolver, RecordType::a, name);
    well = true;
    for (const char* name : {"e.example", "f.example"}) ask(resolver, RecordType::a, name);
    const std::lock_guard guard(lock);
    EXPECT_EQ(heard, (std::vector<bool>{false, true}));
}

TEST(ResolverAlone, bad_input_garbage_is_no_answer) {
    RogueServer server([](const std::string& query) { return query.substr(0, 2) + "\xff\xff\xff garbage"; });
    Resolver resolver(with(server));
    const auto start = Clock::now();
    const auto outcome = ask(resolver, RecordType::a, "isp.example")->outcome;
    EXPECT_TRUE(outcome == Outcome::timed_out || outcome == Outcome::failed);
    EXPECT_LE(Clock::now() - start, milliseconds(2'000));
}

/// A TCP name server that says its answer is long and goes on sending.
class TalkativeServer {
  public:
    explicit TalkativeServer(const Address& local) : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in native{};
        native.sin_family = AF_INET;
        native.sin_port = htons(local.port);
        std::copy_n(local.octets.begin(), 4, reinterpret_cast<unsigned char*>(&native.sin_addr));
        if (::bind(handle_, reinterpret_cast<sockaddr*>(&native), sizeof native) != 0 || ::listen(handle_, 4) != 0)
            throw std::runtime_error("no TCP port beside the UDP one");
        thread_ = std::thread([this] { run(); });
    }
    ~TalkativeServer() {
        ::shutdown(handle_, SHUT_RDWR);
        thread_.join();
        ::close(handle_);
    }
    [[nodiscard]] std::size_t sent() const { return sent_; }

  private:
    void run() {
        const std::string much(65'537, '\xff');  // each message says that it has 65,535 octets
        for (int connection = ::accept(handle_, nullptr, nullptr); connection >= 0;
             connection = ::accept(handle_, nullptr, nullptr)) {
            std::size_t sent = 0;
            while (sent < 1'000'000) {
                const auto count = ::send(connection, much.data(), much.size(), MSG_NOSIGNAL);
                if (count <= 0) break;
                sent += static_cast<std::size_t>(count);
            }
            sent_ += sent;
            ::close(connection);
        }
    }
    int handle_;
    std::atomic<std::size_t> sent_ = 0;
    std::thread thread_;
};

TEST(ResolverAlone, bad_input_an_answer_of_a_megabyte_by_TCP_is_dropped) {
    RogueServer server([](const std::string& query) { return reply_to(query, 0x83, 0x80); });  // truncated: come by TCP
    const TalkativeServer talkative(server.address());
    Resolver resolver(with(server));
    const auto before = support::allocated_bytes();
    const auto start = Clock::now();
    const auto answer = ask(resolver, RecordType::a, "isp.example");
    EXPECT_NE(answer->outcome, Outcome::found);
    EXPECT_LE(Clock::now() - start, milliseconds(2'000));
    EXPECT_GT(talkative.sent(), 0U) << "it was asked by TCP";
    EXPECT_LT(support::allocated_bytes() - before, 500'000U);
}

TEST(ResolverAlone, equal_questions_under_way_share_one_query) {
    std::promise<void> open;
    auto opened = open.get_future().share();
    RogueServer server([opened](const std::string& query) {
        opened.wait();
        return reply_to(query, 0x84, 0x83);
    });
    Resolver resolver(with(server));
    std::atomic<int> heard = 0;
    std::promise<void> all;
    for (int i = 0; i < 50; ++i)
        resolver.ask(question(RecordType::a, "isp.example"), [&](AnswerPtr answer) {
            EXPECT_EQ(answer->outcome, Outcome::no_name);
            if (++heard == 50) all.set_value();
        });
    open.set_value();
    all.get_future().wait();
    EXPECT_EQ(resolver.counts().queries, 1U);
}

TEST(ResolverAlone, bad_input_too_many_questions_at_once_fail_at_once) {
    const support::UdpEnd silent(support::loopback_address(60, 0));
    ResolverOptions options;
    options.servers = {silent.local()};
    options.at_once = 10;
    Resolver resolver(options);
    std::promise<AnswerPtr> last;
    for (int i = 0; i < 10; ++i)
        resolver.ask(question(RecordType::a, "n" + std::to_string(i) + ".example"), [](const AnswerPtr&) {});
    const auto start = Clock::now();
    resolver.ask(question(RecordType::a, "last.example"), [&](AnswerPtr answer) { last.set_value(std::move(answer)); });
    EXPECT_EQ(last.get_future().get()->words, "too many questions under way");
    EXPECT_LT(Clock::now() - start, milliseconds(1'000));
}

}  // namespace
}  // namespace isthmus::transport
