// A whole node on real sockets, in both address families and by each protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <atomic>

#include "common/runtime/server.hpp"
#include "common/sip/via.hpp"
#include "tests/support/certificates.hpp"

namespace isthmus::runtime {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using transport::Address;
using transport::Peer;
using transport::Protocol;

/// Answers everything; an INFO only when the next request comes.
class Answerer final : public Role {
  public:
    void on_request(const std::shared_ptr<ServerTransaction>& transaction) override {
        if (transaction->request().method() == sip::Method::info) {
            waiting_ = transaction;
            return;
        }
        transaction->reply(200);
        if (waiting_) waiting_->reply(202);
        waiting_ = nullptr;
    }
    void on_ack(sip::Message, const Arrival&) override {}
    [[nodiscard]] transaction::Timing timing(const transport::Peer&) const override { return {}; }

  private:
    std::shared_ptr<ServerTransaction> waiting_;
};

struct Place {
    const char* name;
    const char* host;
    Protocol protocol;
};

class Listening : public testing::TestWithParam<Place> {
  protected:
    void SetUp() override {
        const auto any_port = Address::parse(GetParam().host, 0).value();
        try {
            const transport::UdpSocket probe(any_port);
        } catch (const std::system_error&) {
            GTEST_SKIP() << "this machine has no " << GetParam().host;
        }
        Node node;
        node.name = "node.invalid";
        node.udp = node.tcp = node.tls = {any_port};
        server = std::make_unique<Server>(node, [](Core&) { return std::make_unique<Answerer>(); });
        transport::TlsOptions options;
        options.identities = {authority.issue("node", {{std::string("IP:") + GetParam().host}})};
        options.authority_files = {authority.file()};
        const auto credentials = support::credentials(options);
        server->use(credentials);
        server->start();
        listener = std::make_unique<transport::StreamListener>(io, any_port, [this](int handle, const Address& remote) {
            hub->adopt(handle, {GetParam().protocol, remote});
        });
        open_hub(credentials);
        socket = std::make_unique<transport::UdpSocket>(any_port);
    }
    void open_hub(const std::shared_ptr<const transport::TlsCredentials>& credentials) {
        hub = std::make_unique<transport::StreamHub>(
            io, transport::StreamLimits{},
            transport::StreamEvents{[this](const Peer& from, const std::string& text) {
                                        sources.push_back(from);
                                        answers.push_back(text);
                                    },
                                    [](std::uint64_t) {}});
        hub->use(credentials);
        credentials_ = credentials;
    }
    void TearDown() override {
        if (server) server->stop(std::chrono::milliseconds(0));
    }
    [[nodiscard]] Address there() const {
        const auto& node = server->node();
        const auto protocol = GetParam().protocol;
        return (protocol == Protocol::udp ? node.udp : protocol == Protocol::tcp ? node.tcp : node.tls).front();
    }
    [[nodiscard]] Address here() const {
        return GetParam().protocol == Protocol::udp ? socket->local() : listener->local();
    }
    [[nodiscard]] std::string request(const std::string& method, const std::string& more = {}) const {
        return method + " sip:" + there().text() + " SIP/2.0\r\nVia: SIP/2.0/" +
               std::string(transport::name(GetParam().protocol)) + " " + here().text() + ";branch=z9hG4bK" + method +
               more + "\r\nMax-Forwards: 70\r\nFrom: <sip:a@b.invalid>;tag=1\r\nTo: <sip:" + there().text() +
               ">\r\nCall-ID: c\r\nCSeq: 1 " + method + "\r\nContent-Length: 0\r\n\r\n";
    }
    void send(const std::string& text) {
        const auto octets = std::make_shared<std::string>(text);
        if (GetParam().protocol == Protocol::udp)
            socket->send({{there(), octets}});
        else
            hub->send({{GetParam().protocol, there(), GetParam().host}, octets, 0});
    }
    std::string answer() {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (answers.empty() && std::chrono::steady_clock::now() < deadline) {
            io.run_one_for(std::chrono::milliseconds(10));
            socket->receive([this](const Address& from, std::string_view text) {
                sources.push_back({Protocol::udp, from});
                answers.emplace_back(text);
            });
        }
        if (answers.empty()) return "nothing came";
        const auto first = answers.front();
        answers.erase(answers.begin());
        return first;
    }

    boost::asio::io_context io;
    support::Authority authority;
    std::shared_ptr<const transport::TlsCredentials> credentials_;
    std::unique_ptr<Server> server;
    std::vector<std::string> answers;
    std::vector<Peer> sources;
    std::unique_ptr<transport::StreamHub> hub;
    std::unique_ptr<transport::StreamListener> listener;
    std::unique_ptr<transport::UdpSocket> socket;
};

INSTANTIATE_TEST_SUITE_P(By, Listening,
                         testing::Values(Place{"UDP_v4", "127.0.0.1", Protocol::udp},
                                         Place{"TCP_v4", "127.0.0.1", Protocol::tcp},
                                         Place{"TLS_v4", "127.0.0.1", Protocol::tls},
                                         Place{"UDP_v6", "::1", Protocol::udp}, Place{"TCP_v6", "::1", Protocol::tcp},
                                         Place{"TLS_v6", "::1", Protocol::tls}),
                         [](const auto& row) { return row.param.name; });

class ListeningByStream : public Listening {};
INSTANTIATE_TEST_SUITE_P(By, ListeningByStream,
                         testing::Values(Place{"TCP_v4", "127.0.0.1", Protocol::tcp},
                                         Place{"TLS_v4", "127.0.0.1", Protocol::tls},
                                         Place{"TCP_v6", "::1", Protocol::tcp}, Place{"TLS_v6", "::1", Protocol::tls}),
                         [](const auto& row) { return row.param.name; });

TEST_P(Listening, RFC3261_18_2_a_request_is_answered) {
    send(request("OPTIONS"));
    EXPECT_THAT(answer(), StartsWith("SIP/2.0 200 "));
}

TEST_P(Listening, RFC3581_4_the_source_is_told_in_the_form_of_its_family) {
    send(request("OPTIONS", ";rport"));
    const auto got = sip::Message::from_wire(answer());
    ASSERT_TRUE(got);
    const auto via = sip::Via::parse(got->first(sip::HeaderId::via));
    ASSERT_TRUE(via);
    EXPECT_EQ(via->received(), GetParam().host) << "without brackets";
    EXPECT_NE(via->rport(), 0);
}

TEST_P(ListeningByStream, RFC3261_18_2_2_a_response_whose_connection_is_gone_goes_to_sent_by) {
    send(request("INFO"));
    send(request("OPTIONS"));
    EXPECT_THAT(answer(), StartsWith("SIP/2.0 20")) << "both on the connection";
    EXPECT_THAT(answer(), StartsWith("SIP/2.0 20"));
    send(request("INFO", "again"));
    send(request("MESSAGE", "flush"));
    EXPECT_THAT(answer(), StartsWith("SIP/2.0 20"));
    EXPECT_THAT(answer(), StartsWith("SIP/2.0 20"));
    sources.clear();

    send(request("INFO", "third"));
    const auto gone = [this] { return server->totals().connections == 0; };
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (server->totals().server_transactions == 0 && std::chrono::steady_clock::now() < deadline)
        io.run_one_for(std::chrono::milliseconds(10));
    open_hub(credentials_);  // closes the connection the INFO went by
    while (!gone() && std::chrono::steady_clock::now() < deadline) io.run_one_for(std::chrono::milliseconds(10));
    socket->send({{server->node().udp.front(),
                   std::make_shared<std::string>("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP " + socket->local().text() +
                                                 ";branch=z9hG4bKlast\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\n"
                                                 "To: <sip:x>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n")}});
    std::string all = answer();
    all += answer();
    EXPECT_THAT(all, HasSubstr("SIP/2.0 202 "));
    EXPECT_THAT(all, HasSubstr("z9hG4bKINFOthird"));
}

}  // namespace
}  // namespace isthmus::runtime
