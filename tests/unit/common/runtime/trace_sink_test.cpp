// What leaves a node in its trace file and to a HEP collector: everything but the session keys.
#include "common/runtime/trace_sink.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/runtime/session_keys.hpp"
#include "common/transport/udp_socket.hpp"

namespace isthmus::runtime {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string ik = "f769bcd751044604127672711c6d3441";
const std::string ck = "b40ba9a3c58b2a05bbf0d987b21bf8cb";
const std::string hidden(32, 'x');

std::string challenge(const std::string& start, const std::string& header) {
    return start + "\r\nVia: SIP/2.0/UDP 127.0.1.10:5060;branch=z9hG4bK1\r\nCall-ID: r1\r\n" + header +
           "\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n";
}
std::string aka(const std::string& keys) {
    return challenge("SIP/2.0 401 Unauthorized",
                     "WWW-Authenticate: Digest realm=\"home1.net\",nonce=\"I1U8\",algorithm=AKAv1-MD5," + keys);
}
/// Both keys hidden, and nothing else changed.
void expect_hidden(const std::string& message) {
    auto expected = message;
    for (const auto& key : {ik, ck})
        if (const auto at = expected.find(key); at != std::string::npos) expected.replace(at, key.size(), hidden);
    EXPECT_EQ(without_session_keys(message).value_or("not hidden"), expected);
}

TEST(SessionKeys, SR_REG_05_are_overwritten_at_the_same_length) {
    expect_hidden(aka("ik=\"" + ik + "\",ck=\"" + ck + "\""));
}

TEST(SessionKeys, SR_REG_05_are_found_however_they_are_written) {
    expect_hidden(aka("IK=\"" + ik + "\", Ck = \"" + ck + "\",qop=\"auth\""));
    expect_hidden(aka("ik=" + ik + ",ck=" + ck));
    expect_hidden(aka("\r\n ik=\r\n\t\"" + ik + "\",\r\n ck=\"" + ck + "\""));
    expect_hidden(
        challenge("SIP/2.0 401 Unauthorized", "www-authenticate : Digest ik=\"" + ik + "\",ck=\"" + ck + "\""));
    expect_hidden(challenge("SIP/2.0 401 Unauthorized", "Proxy-Authenticate: Digest ck=\"" + ck + "\""));
    expect_hidden(challenge(
        "\r\n\r\nSIP/2.0  401",
        "WWW-Authenticate: Digest realm=\"a\r\nWWW-Authenticate: Digest ik=\"" + ik + "\",ck=\"" + ck + "\""));
    expect_hidden(aka("realm=\"open,ik=\"" + ik + "\",ck=\"" + ck));
}

TEST(SessionKeys, nothing_else_is_touched) {
    EXPECT_FALSE(without_session_keys(aka("qop=\"auth\"")).has_value());
    EXPECT_FALSE(without_session_keys(aka("quick=\"" + ik + "\",check=\"1\"")).has_value());
    EXPECT_FALSE(without_session_keys(challenge("SIP/2.0 200 OK", "X-Note: ik=\"" + ik + "\"")).has_value());
    EXPECT_FALSE(without_session_keys(challenge("SIP/2.0 401 Unauthorized", "X-Note: ik=\"" + ik + "\"")).has_value());
    EXPECT_FALSE(without_session_keys("").has_value());
    EXPECT_FALSE(without_session_keys("\r\n\r\n").has_value());
    EXPECT_FALSE(without_session_keys("SIP/2.0 401").has_value());
    EXPECT_FALSE(without_session_keys("SIP/2.0 401 U\r\nWWW-Authenticate").has_value());
    const auto cut_off = without_session_keys("SIP/2.0 401 U\r\nWWW-Authenticate: Digest ik=");
    EXPECT_EQ(cut_off.value_or(""), "SIP/2.0 401 U\r\nWWW-Authenticate: Digest ik=") << "nothing there to hide";
}

TEST(TraceSink, SR_REG_05_neither_the_file_nor_the_collector_gets_the_session_keys) {
    const auto file = testing::TempDir() + "/session_keys_" + std::to_string(::getpid()) + ".jsonl";
    transport::UdpSocket collector(transport::Address::parse("127.0.0.1", 0).value());
    const auto sent = aka("ik=\"" + ik + "\",ck=\"" + ck + "\"");
    {
        observability::Trace trace({.file = file, .node = "scscf1"});
        observability::HepExporter hep({.address = "127.0.0.1", .port = collector.local().port});
        const auto address = transport::Address::parse("127.0.1.10", 5060).value();
        const auto sink = trace_sink(trace, hep);
        sink({true, {transport::Protocol::udp, address}, address, sent, "SR-REG-05"});
        sink({false, {transport::Protocol::udp, address}, address, sent, {}});
    }
    std::stringstream written;
    written << std::ifstream(file).rdbuf();
    std::filesystem::remove(file);
    EXPECT_THAT(written.str(), HasSubstr("nonce=\\\"I1U8\\\""));
    EXPECT_THAT(written.str(), HasSubstr("ck=\\\"" + hidden));
    EXPECT_THAT(written.str(), Not(HasSubstr(ik)));
    EXPECT_THAT(written.str(), Not(HasSubstr(ck)));
    std::string taken;
    while (collector.receive([&](const auto&, std::string_view packet) { taken += packet; }) > 0) {
    }
    EXPECT_THAT(taken, HasSubstr("nonce=\"I1U8\""));
    EXPECT_THAT(taken, HasSubstr("ik=\"" + hidden));
    EXPECT_THAT(taken, Not(HasSubstr(ik)));
    EXPECT_THAT(taken, Not(HasSubstr(ck)));
}

}  // namespace
}  // namespace isthmus::runtime
