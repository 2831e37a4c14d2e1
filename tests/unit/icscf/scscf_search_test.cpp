// Whom the I-CSCF asks, and whom next (IR-REG-04, IR-REG-06, IR-REG-07, IR-REG-12, IC-SES-05).
#include <gtest/gtest.h>

#include <set>

#include "icscf/scscf_search.hpp"

namespace isthmus::icscf {
namespace {

using sip::Message;
using subscriber::Result;
using subscriber::ServerAnswer;

struct Network {
    std::vector<subscriber::ServerEntry> servers = {
        {"sip:s1", {1}, 0, 1}, {"sip:s2", {1}, 1, 1}, {"sip:s3", {1}, 2, 1}};
    std::set<std::string> quiet = {};
    [[nodiscard]] Choice choice() const {
        return {servers, [this](const std::string& name) { return quiet.count(name) == 1; }, 0};
    }
};

ServerAnswer assigned(const std::string& server, std::vector<std::uint32_t> mandatory = {}) {
    return {Result::success, server, {std::move(mandatory), {}}};
}
std::string asked(const NextStep& step) {
    const auto* server = std::get_if<AskServer>(&step);
    return server != nullptr ? server->server : "nobody";
}
std::string looked_up_without(const NextStep& step) {
    const auto* again = std::get_if<AskDirectory>(&step);
    return again != nullptr ? again->failed : "not asked";
}
int status(const NextStep& step) {
    const auto* given_up = std::get_if<GiveUp>(&step);
    return given_up != nullptr ? given_up->status : 0;
}

TEST(ScscfSearch, IC_SES_05_the_assigned_one_then_the_directory_then_another) {
    const Network network;
    ScscfSearch search(true);
    EXPECT_EQ(asked(search.begin(assigned("sip:s1"), network.choice())), "sip:s1");
    EXPECT_EQ(looked_up_without(search.failed(network.choice())), "sip:s1");
    EXPECT_EQ(asked(search.again(assigned("sip:s1"), network.choice())), "sip:s2");
    EXPECT_EQ(asked(search.failed(network.choice())), "sip:s3") << "the directory is asked once more only";
    EXPECT_EQ(status(search.failed(network.choice())), 504) << "three at most";
}

TEST(ScscfSearch, TC_REG_56_somebody_took_the_user_over_meanwhile) {
    const Network network;
    ScscfSearch search(true);
    search.begin(assigned("sip:s1"), network.choice());
    search.failed(network.choice());
    EXPECT_EQ(asked(search.again(assigned("sip:s3"), network.choice())), "sip:s3");
}

TEST(ScscfSearch, TC_SES_74_restoration_off_and_nobody_capable) {
    Network network;
    ScscfSearch off(false);
    off.begin(assigned("sip:s1"), network.choice());
    EXPECT_EQ(status(off.failed(network.choice())), 504);

    ScscfSearch incapable(true);
    incapable.begin(assigned("sip:s1"), network.choice());
    incapable.failed(network.choice());
    EXPECT_EQ(status(incapable.again(assigned("sip:s1", {9}), network.choice())), 600);

    network.servers.resize(1);
    ScscfSearch alone(true);
    alone.begin(assigned("sip:s1"), network.choice());
    alone.failed(network.choice());
    EXPECT_EQ(status(alone.again(assigned("sip:s1", {1}), network.choice())), 504) << "capable, but it was asked";
}

TEST(ScscfSearch, IR_REG_12_who_was_silent_comes_last) {
    Network network;
    network.quiet = {"sip:s1"};
    ScscfSearch search(true);
    EXPECT_EQ(looked_up_without(search.begin(assigned("sip:s1"), network.choice())), "sip:s1");
    EXPECT_EQ(asked(search.again(assigned("sip:s1"), network.choice())), "sip:s2");
    ScscfSearch first(true);
    EXPECT_EQ(asked(first.begin(assigned(""), network.choice())), "sip:s2") << "a first registration";
    network.servers.resize(1);
    ScscfSearch alone(true);
    alone.begin(assigned("sip:s1"), network.choice());
    EXPECT_EQ(asked(alone.again(assigned("sip:s1"), network.choice())), "sip:s1") << "where there is no other";
    EXPECT_EQ(asked(ScscfSearch(false).begin(assigned("sip:s1"), network.choice())), "sip:s1");
}

Message response(const std::string& method, int code, const std::string& lines = "") {
    return Message::from_wire("SIP/2.0 " + std::to_string(code) + " X\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n" +
                              lines + "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: c\r\nCSeq: 1 " +
                              method + "\r\n\r\n")
        .value();
}

TEST(ScscfSearch, TC_SES_84_which_answers_move_a_user) {
    const std::string draining = "Warning: 399 s1 \"S-CSCF draining\"\r\n";
    EXPECT_TRUE(declines(response("INVITE", 480, draining)));
    EXPECT_FALSE(declines(response("INVITE", 480)));
    EXPECT_FALSE(declines(response("INVITE", 302)));
    EXPECT_FALSE(declines(response("INVITE", 500, draining)));
    EXPECT_TRUE(declines(response("REGISTER", 480)));
    EXPECT_TRUE(declines(response("REGISTER", 305)));
    EXPECT_FALSE(declines(response("REGISTER", 403)));
}

TEST(ScscfSearch, IR_REG_06_what_has_to_be_authenticated_anyway_may_always_move) {
    const auto starts = [](const std::string& value) {
        return starts_over(Message::from_wire("REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n" +
                                              value +
                                              "From: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: c\r\nCSeq: 1 "
                                              "REGISTER\r\n\r\n")
                               .value());
    };
    const auto with = [&](const std::string& value) {
        return starts("Authorization: Digest username=\"a\",integrity-protected=\"" + value + "\"\r\n");
    };
    EXPECT_TRUE(starts(""));
    for (const auto* value : {"no", "tls-pending", "ip-assoc-pending", "anything"}) EXPECT_TRUE(with(value)) << value;
    for (const auto* value : {"yes", "tls-yes", "ip-assoc-yes", "YES"}) EXPECT_FALSE(with(value)) << value;
}

}  // namespace
}  // namespace isthmus::icscf
