#include "common/proxy/token.hpp"

#include <gmock/gmock.h>

#include "common/proxy/forward.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::proxy {
namespace {

constexpr transaction::Seed secret{11, 22};

sip::Message invite(const std::string& extra = "", const std::string& uri = "sip:b@x") {
    return sip::Message::from_wire("INVITE " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n" + extra +
                                   "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n")
        .value();
}

TEST(Token, HX_SES_11_comes_back_whole_and_fits_64_characters) {
    const Token token{Position::terminating, 3, 0xbeef, 0x0123456789abcdefULL};
    const auto text = encode(token, secret);
    EXPECT_LE(text.size(), 64U);
    EXPECT_EQ(decode(text, secret), token);
    EXPECT_EQ(token_of("<sip:" + text + "@scscf1;lr>", secret), token);
}

TEST(Token, DG_SES_05_nobody_else_can_make_or_change_one) {
    auto text = encode({Position::originating, 0, 1, 2}, secret);
    EXPECT_EQ(decode(text, {11, 23}), std::nullopt);
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto forged = text;
        forged[i] = forged[i] == 'a' ? 'b' : 'a';
        EXPECT_EQ(decode(forged, secret), std::nullopt) << i;
    }
    EXPECT_EQ(decode("orig-5c2e", secret), std::nullopt);
}

TEST(Branch, tells_worker_and_number) {
    const Branch branch{2, 77, 0xffffffffffffULL, 5};
    const auto text = encode(branch);
    EXPECT_EQ(text.substr(0, 7), "z9hG4bK");
    EXPECT_EQ(decode_branch(text), branch);
    EXPECT_EQ(decode_branch("z9hG4bKp1"), std::nullopt);
}

TEST(Loop, DG_SES_06_equal_request_is_a_loop_changed_token_is_a_spiral) {
    const auto hash = loop_hash(invite(), secret);
    const auto via = "Via: SIP/2.0/UDP me;branch=" + encode(Branch{0, 0, 1, hash}) + "\r\n";
    EXPECT_TRUE(is_loop(invite(via), secret));
    EXPECT_FALSE(is_loop(invite(via, "sip:other@x"), secret));
    EXPECT_FALSE(is_loop(invite(via + "Route: <sip:token@me;lr>\r\n"), secret));
}

TEST(CheckRequest, TC_SES_06_and_IW_TC_72) {
    EXPECT_EQ(check_request(invite("Max-Forwards: 0\r\n"), secret, {})->status, 483);
    const auto refusal = check_request(invite("Proxy-Require: foo, sec-agree\r\n"), secret, {"sec-agree"});
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status, 420);
    EXPECT_EQ(refusal->unsupported, "foo");
    EXPECT_FALSE(check_request(invite("Max-Forwards: 1\r\n"), secret, {}));
}

TEST(CheckRequest, IW_TC_72_exactly_the_foreign_tags_are_named) {
    const auto request = invite("Proxy-Require: foo, Privacy\r\nProxy-Require: bar\r\nRequire: baz\r\n");
    EXPECT_EQ(check_request(request, secret, {"privacy"})->unsupported, "foo, bar");
    EXPECT_EQ(check_request(request, secret, {})->unsupported, "foo, Privacy, bar");
    EXPECT_FALSE(check_request(invite("Require: foo\r\n"), secret, {}));
}

TEST(CheckRequest, IW_CAP_06_never_for_ack_and_cancel) {
    for (const std::string method : {"ACK", "CANCEL"}) {
        const auto request =
            sip::Message::from_wire(method +
                                    " sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
                                    "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 " +
                                    method + "\r\nProxy-Require: foo\r\n\r\n")
                .value();
        EXPECT_FALSE(check_request(request, secret, {})) << method;
    }
}

TEST(CountHop, RFC3261_16_6_3) {
    auto message = invite("Max-Forwards: 10\r\n");
    count_hop(message);
    EXPECT_EQ(message.number(sip::HeaderId::max_forwards), 9U);
    auto old = invite();
    count_hop(old);
    EXPECT_EQ(old.number(sip::HeaderId::max_forwards), 70U);
}

bool is_me(const sip::Uri& uri) {
    return uri.host == "me";
}

TEST(OwnRoute, RFC3261_16_4_takes_ours_and_leaves_theirs) {
    const auto token = encode({Position::originating, 1, 2, 3}, secret);
    auto message = invite("Route: <sip:" + token + "@me;lr>, <sip:next;lr>\r\n");
    const auto own = take_own_routes(message, secret, is_me);
    ASSERT_TRUE(own.token);
    EXPECT_EQ(own.token->position, Position::originating);
    EXPECT_EQ(message.first(sip::HeaderId::route), "<sip:next;lr>");
    EXPECT_EQ(next_hop(message)->host, "next");
}

TEST(OwnRoute, SO_SES_16_two_positions_of_one_node_are_two_passes) {
    const auto originating = encode({Position::originating, 1, 2, 3}, secret);
    const auto terminating = encode({Position::terminating, 1, 2, 3}, secret);
    auto message = invite("Route: <sip:" + originating + "@me;lr>, <sip:" + terminating + "@me;lr>, <sip:p;lr>\r\n");
    EXPECT_EQ(take_own_routes(message, secret, is_me).token->position, Position::originating);
    EXPECT_EQ(take_own_routes(message, secret, is_me).token->position, Position::terminating);
    EXPECT_EQ(message.first(sip::HeaderId::route), "<sip:p;lr>");
}

TEST(OwnRoute, RFC3261_16_4_strict_router_before_us) {
    const auto token = encode({Position::originating, 1, 2, 3}, secret);
    auto message = invite("Route: <sip:b@phone>\r\n", "sip:" + token + "@me;lr");
    const auto own = take_own_routes(message, secret, is_me);
    EXPECT_TRUE(own.present);
    EXPECT_EQ(message.request_uri(), "sip:b@phone");
    EXPECT_FALSE(message.has(sip::HeaderId::route));
}

}  // namespace
}  // namespace isthmus::proxy
