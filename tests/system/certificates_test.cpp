// A running program reads its certificates again on SIGHUP; a bad file changes nothing but the log.
#include <gmock/gmock.h>
#include <signal.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <fstream>
#include <sstream>

#include "common/transport/stream.hpp"
#include "tests/support/certificates.hpp"
#include "tests/system/core.hpp"

namespace isthmus::system_test {
namespace {

using transport::Peer;
using transport::Protocol;

class CertificatesOnDisk : public Core {
  protected:
    CertificatesOnDisk() {
        hub_.use(support::credentials({{}, {authority_.file()}}));
        authority_.issue("node", {{"DNS:before.example"}});
    }
    std::string config() {
        const auto path = write_config("pcscf", pcscf_host);
        std::stringstream text;
        text << std::ifstream(path).rdbuf();
        auto with_tls = text.str();
        with_tls.insert(with_tls.find("[listen]\n") + 9, "tls = [\"" + support::loopback(pcscf_host) + ":5061\"]\n");
        with_tls += "[tls]\ncertificates = [\"" + authority_.path("node") + "\"]\nkeys = [\"" +
                    authority_.path("node", ".key") + "\"]\n";
        std::ofstream(path) << with_tls;
        return path;
    }
    /// True when a request under that name is answered, false when its connection fails.
    bool answered_as(const std::string& domain) {
        const auto answers = answers_;
        const auto failures = failures_;
        const auto number = std::to_string(++sent_);
        hub_.send(
            {{Protocol::tls, support::loopback_address(pcscf_host, 5061), domain},
             std::make_shared<std::string>("OPTIONS sip:x@home1.net SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch="
                                           "z9hG4bK" +
                                           number +
                                           "\r\nMax-Forwards: 70\r\nFrom: <sip:a@home1.net>;tag=1\r\nTo: "
                                           "<sip:x@home1.net>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: "
                                           "0\r\n\r\n"),
             7});
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (answers_ == answers && failures_ == failures && std::chrono::steady_clock::now() < deadline)
            io_.run_one_for(std::chrono::milliseconds(20));
        return answers_ > answers;
    }

    support::Authority authority_;
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{io_.get_executor()};
    int answers_ = 0;
    int failures_ = 0;
    int sent_ = 0;
    transport::StreamHub hub_{
        io_, {}, {[this](const Peer&, const std::string&) { ++answers_; }, [this](std::uint64_t) { ++failures_; }}};
};

TEST_F(CertificatesOnDisk, are_read_again_on_SIGHUP_and_no_connection_is_dropped) {
    Program program("pcscf", {"-c", config()});
    ASSERT_TRUE(program.logs("ISTHMUS-RT-001")) << program.output();
    ASSERT_TRUE(answered_as("before.example")) << program.output();
    EXPECT_FALSE(answered_as("after.example"));

    authority_.issue("node", {{"DNS:after.example"}});
    program.signal(SIGHUP);
    ASSERT_TRUE(program.logs("ISTHMUS-TP-007"));
    EXPECT_TRUE(answered_as("after.example")) << "a new connection sees the new certificate";
    EXPECT_TRUE(answered_as("before.example")) << "the old connection goes on";

    std::ofstream(authority_.path("node")) << "broken\n";
    program.signal(SIGHUP);
    ASSERT_TRUE(program.logs("ISTHMUS-TP-009"));
    EXPECT_TRUE(answered_as("after.example"));
    program.signal(SIGTERM);
    EXPECT_EQ(program.wait(), 0);
}

TEST_F(CertificatesOnDisk, that_have_expired_are_a_warning_at_start) {
    support::WantedCertificate wanted{{"DNS:before.example"}};
    wanted.valid_from_days = -10;
    wanted.valid_until_days = -1;
    authority_.issue("node", wanted);
    Program program("pcscf", {"-c", config()});
    EXPECT_TRUE(program.logs("ISTHMUS-TP-008")) << program.output();
    EXPECT_TRUE(program.logs("ISTHMUS-RT-001"));
}

TEST_F(CertificatesOnDisk, that_are_missing_end_the_program_with_2) {
    const auto path = config();
    std::filesystem::remove(authority_.path("node", ".key"));
    Program program("pcscf", {"-c", path, "--check-config"});
    EXPECT_EQ(program.wait(), 2);
    EXPECT_THAT(program.output(), ::testing::HasSubstr(path + ":"));
    EXPECT_THAT(program.output(), ::testing::HasSubstr("node.key\" cannot be read: No such file or directory"));
}

}  // namespace
}  // namespace isthmus::system_test
