// Which worker a message belongs to (architecture, section 3), and what a decision names.
#include "common/runtime/dispatch.hpp"

#include <gtest/gtest.h>

#include <set>

#include "common/runtime/trace_sink.hpp"
#include "tests/support/mutation.hpp"

namespace isthmus::runtime {
namespace {

Node node(std::size_t workers = 4) {
    Node made;
    made.workers = workers;
    made.epoch = 77;
    made.secret = {1, 2};
    made.seed = {3, 4};
    return made;
}

std::string request(const std::string& call_id, const std::string& lines = "", const std::string& uri = "sip:b@x") {
    return "INVITE " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n" + lines + "Call-ID: " + call_id +
           "\r\nCSeq: 1 INVITE\r\n\r\n";
}
std::string response(const std::string& branch, const std::string& call_id = "c") {
    return "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;rport;branch=" + branch +
           ", SIP/2.0/UDP b;branch=z9hG4bKx\r\nCall-ID: " + call_id + "\r\n\r\n";
}
std::string token_uri(std::uint8_t worker, std::uint16_t epoch = 77) {
    return "sip:" + proxy::encode(proxy::Token{proxy::Position::originating, worker, epoch, 5}, {1, 2}) + "@x;lr";
}

TEST(Dispatch, a_response_goes_to_the_worker_of_our_branch_whatever_its_Call_ID) {
    for (std::uint8_t worker = 0; worker < 4; ++worker)
        for (const char* call_id : {"a", "b", "c", "d"})
            EXPECT_EQ(worker_of(response(proxy::encode(proxy::Branch{worker, 77, 9, 0}), call_id), node()), worker);
}

TEST(Dispatch, a_request_goes_to_the_worker_of_our_token_in_the_top_Route_or_the_Request_URI) {
    for (std::uint8_t worker = 0; worker < 4; ++worker) {
        EXPECT_EQ(worker_of(request("c", "Route: <" + token_uri(worker) + ">, <sip:next;lr>\r\n"), node()), worker);
        EXPECT_EQ(worker_of(request("c", "route : <" + token_uri(worker) + ">\r\n"), node()), worker);
        EXPECT_EQ(worker_of(request("c", "", token_uri(worker)), node()), worker);
    }
}

TEST(Dispatch, anything_else_by_Call_ID_always_to_the_same_and_to_all_of_them) {
    std::set<std::size_t> used;
    for (int i = 0; i < 200; ++i) {
        const auto call_id = "call-" + std::to_string(i);
        const auto worker = worker_of(request(call_id), node());
        EXPECT_EQ(worker_of(request(call_id, "Subject: more\r\n"), node()), worker);
        EXPECT_EQ(worker_of("\r\n\r\nINVITE sip:b@x SIP/2.0\r\ni:" + call_id + "\r\n\r\n", node()), worker)
            << "compact, and behind a keep-alive";
        used.insert(worker);
    }
    EXPECT_EQ(used.size(), 4U);
}

TEST(Dispatch, a_token_or_branch_of_another_life_or_worker_or_maker_names_nobody) {
    const auto by_call_id = worker_of(request("c"), node());
    for (std::uint8_t worker = 0; worker < 4; ++worker) {
        EXPECT_EQ(worker_of(request("c", "Route: <" + token_uri(worker, 78) + ">\r\n"), node()), by_call_id);
        EXPECT_EQ(worker_of(response(proxy::encode(proxy::Branch{worker, 78, 9, 0})), node()), by_call_id);
        const auto forged =
            "sip:" + proxy::encode(proxy::Token{proxy::Position::originating, worker, 77, 5}, {1, 3}) + "@x;lr";
        EXPECT_EQ(worker_of(request("c", "Route: <" + forged + ">\r\n"), node()), by_call_id);
    }
    EXPECT_EQ(worker_of(request("c", "Route: <" + token_uri(200) + ">\r\n"), node()), by_call_id);
}

TEST(Dispatch, only_the_top_Route_counts) {
    const auto by_call_id = worker_of(request("c"), node());
    for (std::uint8_t worker = 0; worker < 4; ++worker)
        EXPECT_EQ(worker_of(request("c", "Route: <sip:next;lr>\r\nRoute: <" + token_uri(worker) + ">\r\n"), node()),
                  by_call_id);
}

TEST(Dispatch, whatever_comes_there_is_such_a_worker) {
    const auto corpus = support::torture_corpus();
    support::Mutator mutator(3);
    for (int i = 0; i < 20'000; ++i) {
        const auto octets = mutator.mutate(corpus[mutator.below(corpus.size())].second);
        ASSERT_LT(worker_of(octets, node(3)), 3U) << octets;
        ASSERT_EQ(worker_of(octets, node(1)), 0U);
    }
}

TEST(CallId, is_found_in_long_and_compact_form_and_not_in_the_body) {
    EXPECT_EQ(call_id_of(request("abc@x")), "abc@x");
    EXPECT_EQ(call_id_of("SIP/2.0 200 OK\r\ni : abc \r\n\r\n"), "abc");
    EXPECT_EQ(call_id_of("SIP/2.0 200 OK\r\nVia: x\r\n\r\nCall-ID: body\r\n"), "");
    EXPECT_EQ(call_id_of("nothing"), "");
}

TEST(RulesIn, finds_rule_ids_table_rows_and_policy_rows) {
    using Rules = std::vector<std::string>;
    EXPECT_EQ(rules_in("IW-RET-06 again without 100rel (row 7, T01)"), (Rules{"IW-RET-06", "row 7", "T01"}));
    EXPECT_EQ(rules_in("SR-REG-03 the nonce is not outstanding"), Rules{"SR-REG-03"});
    EXPECT_EQ(rules_in("CX-20, E12; DG-SES-02"), (Rules{"CX-20", "E12", "DG-SES-02"}));
    EXPECT_EQ(rules_in("RFC 3261 16.3 Malformed To"), Rules{});
    EXPECT_EQ(rules_in("to the S-CSCF, a row of houses, T1 of 500 ms, x-1"), Rules{});
    EXPECT_EQ(rules_in(""), Rules{});
}

}  // namespace
}  // namespace isthmus::runtime
