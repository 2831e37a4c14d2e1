// Fields that may stand once, standing twice, over a real socket: 400, whichever it is. Two readers of such a message
// could read two different ones, and Sofia's printer aborts the process on some.
#include <gtest/gtest.h>

#include "common/runtime/server.hpp"
#include "common/sip/header_id.hpp"
#include "common/sip/message.hpp"
#include "icscf/pipeline.hpp"
#include "tests/support/memory_directory.hpp"
#include "tests/support/wire.hpp"

namespace isthmus {
namespace {

using sip::HeaderForm;
using sip::HeaderId;

class Door : public testing::Test {
  protected:
    Door() {
        shared_.directory = &directory_;
        const std::vector<std::string> trusted = {"127.0.0.0/8"};
        shared_.trusted = runtime::address_ranges(trusted);
        runtime::Node node;
        node.name = "icscf.home1.net";
        node.udp = {support::loopback_address(1, 0)};
        node.secret = {1, 2};
        node.seed = {3, 4};
        server_ = std::make_unique<runtime::Server>(
            node, [this](runtime::Core& core) { return icscf::make_role(core, shared_); });
        server_->start();
    }
    ~Door() override {
        server_->stop(std::chrono::milliseconds(0));
        directory_.stop();
    }

    /// The final answer to an OPTIONS with these lines more.
    sip::Message ask(const std::string& lines) {
        const auto number = std::to_string(++asked_);
        phone_.send(server_->node().udp.front(), "OPTIONS sip:nobody@home1.net SIP/2.0\r\nVia: SIP/2.0/UDP " +
                                                     phone_.local().text() + ";branch=z9hG4bK" + number +
                                                     "\r\nMax-Forwards: 70\r\nFrom: <sip:a@home1.net>;tag=1\r\nTo: "
                                                     "<sip:nobody@home1.net>\r\nCall-ID: c" +
                                                     number + "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n" + lines +
                                                     "\r\n");
        while (const auto octets = phone_.receive()) {
            auto answer = sip::Message::from_wire(*octets);
            if (answer && answer->status() >= 200 && answer->call_id() == "c" + number) return std::move(*answer);
        }
        ADD_FAILURE() << "no answer to " << lines;
        return sip::Message::request("NONE", "sip:none");
    }

    /// A value with which one such field is taken.
    static std::string good_value(HeaderId id) {
        switch (id) {
            case HeaderId::max_forwards:
                return "70";
            case HeaderId::content_length:
                return "0";
            case HeaderId::cseq:
                return "1 OPTIONS";
            case HeaderId::call_id:
                return "again";
            case HeaderId::from:
            case HeaderId::to:
                return "<sip:b@home1.net>;tag=2";
            default:
                return "1";
        }
    }
    static bool there_already(HeaderId id) {
        return id == HeaderId::max_forwards || id == HeaderId::content_length || id == HeaderId::cseq ||
               id == HeaderId::call_id || id == HeaderId::from || id == HeaderId::to;
    }

    support::UdpEnd phone_{support::loopback_address(2, 0)};
    support::MemoryDirectory directory_;
    icscf::Shared shared_{100};
    std::unique_ptr<runtime::Server> server_;
    int asked_ = 0;
};

TEST_F(Door, refuses_every_single_field_that_stands_twice) {
    int tried = 0;
    for (unsigned number = 1; number < static_cast<unsigned>(HeaderId::count_); ++number) {
        const auto id = static_cast<HeaderId>(number);
        if (sip::header_form(id) != HeaderForm::single) continue;
        const std::string name(sip::header_name(id));
        SCOPED_TRACE(name);
        const auto line = name + ": " + good_value(id) + "\r\n";
        if (!there_already(id)) {
            EXPECT_EQ(ask(line).status(), 404) << "one is fine: the user is unknown, that is all";
        }
        EXPECT_EQ(ask(there_already(id) ? line : line + line).status(), 400);
        ++tried;
    }
    EXPECT_GE(tried, 25) << "most fields are single; the table has lost them";
}

TEST_F(Door, sees_a_field_twice_in_long_and_compact_form_and_in_any_case) {
    EXPECT_EQ(ask("Subject: one\r\ns: two\r\n").status(), 400);
    EXPECT_EQ(ask("USER-AGENT: one\r\nuser-agent: two\r\n").status(), 400);
    EXPECT_EQ(ask("i: c1\r\n").status(), 400);
    EXPECT_EQ(ask("l: 0\r\n").status(), 400);
}

TEST_F(Door, takes_a_list_field_and_an_unknown_one_as_often_as_they_come) {
    EXPECT_EQ(ask("Allow: INVITE\r\nAllow: ACK\r\nX-Own: 1\r\nX-Own: 1\r\n").status(), 404);
}

}  // namespace
}  // namespace isthmus
