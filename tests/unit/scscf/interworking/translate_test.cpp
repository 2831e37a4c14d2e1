#include "scscf/interworking/translate.hpp"

#include <gtest/gtest.h>

#include "scscf/interworking/border.hpp"
#include "tests/unit/scscf/interworking/samples.hpp"

namespace isthmus::interworking {
namespace {

using samples::invite;
using samples::response;
using samples::sdp;
using sip::HeaderId;

LegIdentity net_leg(std::uint32_t cseq = 1) {
    LegIdentity leg;
    leg.call_id = "s9";
    leg.local_tag = "s1";
    leg.contact = "<sip:TOKEN@scscf1.home1.net>";
    leg.cseq = cseq;
    return leg;
}

TEST(Translate, IW_BRD_02_invite_towards_the_net) {
    const auto ue = invite(
        "Subject: hi\r\nPriority: urgent\r\nOrganization: o\r\nDate: Sat, 13 Nov 2010 23:29:00 GMT\r\nAccept: "
        "application/sdp\r\n"
        "Accept-Language: en\r\nReason: SIP;cause=302\r\nSession-ID: abc\r\nX-New: 1\r\nSecurity-Verify: ipsec-3gpp\r\n"
        "Privacy: id\r\nProxy-Authorization: Digest "
        "username=\"a\",realm=\"home1.net\",nonce=\"n\",uri=\"u\",response=\"r\"\r\n",
        sdp(""));
    const auto net = net_invite(ue, net_leg());
    EXPECT_EQ(net.request_uri(), "sip:bob@isp.example");
    EXPECT_EQ(net.call_id(), "s9");
    EXPECT_EQ(net.from_tag(), "s1");
    EXPECT_EQ(net.value(HeaderId::from), "<sip:alice@home1.net>;tag=s1");
    EXPECT_EQ(net.value(HeaderId::to), "<sip:bob@isp.example>");
    EXPECT_EQ(net.value(HeaderId::cseq), "1 INVITE");
    EXPECT_EQ(net.value(HeaderId::max_forwards), "68");
    EXPECT_EQ(net.value(HeaderId::contact), "<sip:TOKEN@scscf1.home1.net>");
    for (const auto id : {HeaderId::via, HeaderId::route, HeaderId::record_route, HeaderId::security_verify,
                          HeaderId::proxy_authorization}) {
        EXPECT_FALSE(net.has(id)) << sip::header_name(id);
    }
    for (const auto* name : {"Subject", "Priority", "Organization", "Date", "Accept", "Accept-Language", "Reason",
                             "Session-ID", "X-New", "Privacy"}) {
        EXPECT_EQ(net.value(name), ue.value(name)) << name;
        EXPECT_NE(net.value(name), "") << name;
    }
    EXPECT_EQ(net.body(), ue.body());
    EXPECT_EQ(net.value(HeaderId::content_type), "application/sdp");
}

TEST(Translate, IW_BRD_02_credentials_for_the_peer_realm_cross) {
    const auto ue = invite(
        "Proxy-Authorization: Digest username=\"a\",realm=\"isp.example\",nonce=\"n\",uri=\"u\",response=\"r\"\r\n",
        "");
    auto leg = net_leg();
    leg.peer_realm = "isp.example";
    EXPECT_TRUE(net_invite(ue, leg).has(HeaderId::proxy_authorization));
}

TEST(Translate, a_route_set_is_written_in_order) {
    auto leg = net_leg();
    leg.route_set = {"<sip:ibcf.home1.net;lr>", "<sip:second;lr>"};
    const auto net = net_invite(invite("", ""), leg);
    const auto routes = net.values(HeaderId::route);
    ASSERT_EQ(routes.size(), 2U);
    EXPECT_EQ(routes[0], "<sip:ibcf.home1.net;lr>");
}

TEST(Translate, what_is_made_is_a_message_that_can_be_read_again) {
    const auto net = net_invite(invite("k: timer\r\nX-New: a\r\n", sdp("")), net_leg());
    const auto again = samples::parse(net.print());
    EXPECT_EQ(again.call_id(), "s9");
    EXPECT_EQ(again.cseq(), 1U);
    EXPECT_EQ(again.body(), sdp(""));
    EXPECT_EQ(again.value(HeaderId::supported), "timer");
    EXPECT_EQ(again.count(HeaderId::content_length), 1U);
}

/// The lines of the worked example of section 11.
constexpr std::string_view example =
    "Require: precondition\r\nSupported: 100rel\r\nAllow: INVITE,ACK,CANCEL,BYE,PRACK,UPDATE\r\n"
    "P-Asserted-Identity: <sip:alice@home1.net>\r\nP-Access-Network-Info: 3GPP-UTRAN-FDD;utran-cell-id-3gpp=1\r\n";

TEST(Translate, IW_TC_76_worked_example_in_the_b2bua_role) {
    const auto ue = invite(example, sdp(samples::rel5_qos));
    Engine engine;
    const auto prepare = [&](const SendInvite& action) {
        auto net = net_invite(ue, net_leg(action.own_cseq));
        EXPECT_FALSE(apply_privacy(net, action.role));
        filter_to_internet(net, {}, action.role);
        relax(net, action.relaxation, {});
        return net;
    };
    const auto first_action = samples::only<SendInvite>(engine.on(samples::retry(Offer::of(ue))));
    ASSERT_TRUE(first_action);
    const auto first = prepare(*first_action);  // step 2
    EXPECT_EQ(first.value(HeaderId::require), "precondition");
    EXPECT_EQ(first.value(HeaderId::supported), "100rel");
    EXPECT_EQ(first.value(HeaderId::cseq), "1 INVITE");
    EXPECT_EQ(first.print().find("\r\nP-"), std::string::npos);
    EXPECT_EQ(first.body(), sdp(samples::rel5_qos));

    const auto second_action = samples::only<SendInvite>(engine.on(samples::unsupported(1, "precondition")));
    ASSERT_TRUE(second_action);
    const auto second = prepare(*second_action);  // step 5
    EXPECT_EQ(second.call_id(), first.call_id());
    EXPECT_EQ(second.from_tag(), first.from_tag());
    EXPECT_EQ(second.value(HeaderId::to), "<sip:bob@isp.example>");
    EXPECT_EQ(second.value(HeaderId::cseq), "2 INVITE");
    EXPECT_FALSE(second.has(HeaderId::require));
    EXPECT_EQ(second.value(HeaderId::supported), "100rel, precondition");
    auto expected = sdp(samples::rel5_qos);
    expected.replace(expected.find("mandatory"), 9, "optional");
    EXPECT_EQ(second.body(), expected);

    const auto success = samples::only<ForwardSuccess>(engine.on(samples::answered(2)));
    ASSERT_TRUE(success);
    ResponseIdentity ours{"s1x", "<sip:TOKEN@scscf1.home1.net>", {"<sip:t1@pcscf.home1.net;lr>"}, std::nullopt};
    const auto ok = translated_response(
        response(200, "Contact: <sip:bob@192.0.2.7>\r\nRecord-Route: <sip:isp;lr>\r\n", sdp(""), "2 INVITE"), ue,
        ours);  // step 6
    EXPECT_EQ(ok.status(), 200);
    EXPECT_EQ(ok.call_id(), "u1");
    EXPECT_EQ(ok.value(HeaderId::cseq), "7 INVITE");
    EXPECT_EQ(ok.from_tag(), "ua");
    EXPECT_EQ(ok.to_tag(), "s1x");
    EXPECT_EQ(ok.value(HeaderId::contact), "<sip:TOKEN@scscf1.home1.net>");
    EXPECT_EQ(ok.values(HeaderId::record_route).size(), 1U);
    EXPECT_EQ(ok.value(HeaderId::record_route), "<sip:t1@pcscf.home1.net;lr>");
    EXPECT_EQ(ok.count(HeaderId::via), 2U);
    EXPECT_EQ(ok.branch(), "z9hG4bKp1");
    EXPECT_EQ(ok.body(), sdp(""));
}

sip::Message in_dialog(std::string_view method, std::string_view headers) {
    return samples::parse(
        std::string(method) +
        " sip:TOKEN@scscf1.home1.net SIP/2.0\r\nVia: SIP/2.0/UDP p;branch=z9hG4bK2\r\nMax-Forwards: 70\r\n"
        "From: <sip:alice@home1.net>;tag=ua\r\nTo: <sip:bob@isp.example>;tag=s1x\r\nCall-ID: u1\r\nCSeq: 8 " +
        std::string(method) + "\r\n" + std::string(headers) + "Content-Length: 0\r\n\r\n");
}

LegIdentity confirmed_leg(std::uint32_t cseq) {
    auto leg = net_leg(cseq);
    leg.remote_tag = "callee";
    leg.local_address = "<sip:alice@home1.net>";
    leg.remote_address = "<sip:bob@isp.example>";
    leg.remote_target = "sip:bob@192.0.2.7";
    leg.route_set = {"<sip:isp;lr>"};
    return leg;
}

TEST(Translate, IW_TC_76_bye_keeps_its_reason_and_gets_the_numbers_of_the_other_leg) {
    const auto bye =
        dialog_request(in_dialog("BYE", "Reason: SIP;cause=200\r\nContact: <sip:ue>\r\n"), confirmed_leg(3), {});
    EXPECT_EQ(bye.request_uri(), "sip:bob@192.0.2.7");
    EXPECT_EQ(bye.value(HeaderId::cseq), "3 BYE");
    EXPECT_EQ(bye.call_id(), "s9");
    EXPECT_EQ(bye.value(HeaderId::from), "<sip:alice@home1.net>;tag=s1");
    EXPECT_EQ(bye.value(HeaderId::to), "<sip:bob@isp.example>;tag=callee");
    EXPECT_EQ(bye.value(HeaderId::route), "<sip:isp;lr>");
    EXPECT_EQ(bye.value(HeaderId::reason), "SIP;cause=200");
    EXPECT_EQ(bye.value(HeaderId::contact), "<sip:TOKEN@scscf1.home1.net>");
    EXPECT_EQ(bye.value(HeaderId::max_forwards), "69");
}

TEST(Translate, IW_RET_09_prack_is_renumbered) {
    RequestChanges changes;
    changes.rack = sip::RAck{77, 2, "INVITE"};
    const auto prack = dialog_request(in_dialog("PRACK", "RAck: 4711 7 INVITE\r\n"), confirmed_leg(3), changes);
    EXPECT_EQ(prack.value(HeaderId::rack), "77 2 INVITE");
    EXPECT_EQ(prack.count(HeaderId::rack), 1U);
}

TEST(Translate, IW_RET_10_ack_carries_only_tags_of_that_dialogs_invite) {
    RequestChanges changes;
    changes.invite_tags = {"100rel"};
    const auto ack = dialog_request(in_dialog("ACK", "Require: precondition, 100rel\r\nProxy-Require: privacy\r\n"),
                                    confirmed_leg(2), changes);
    EXPECT_EQ(ack.value(HeaderId::require), "100rel");
    EXPECT_FALSE(ack.has(HeaderId::proxy_require));
    EXPECT_EQ(ack.value(HeaderId::cseq), "2 ACK");
    // other requests say what they need
    EXPECT_EQ(dialog_request(in_dialog("UPDATE", "Require: precondition\r\n"), confirmed_leg(3), changes)
                  .value(HeaderId::require),
              "precondition");
}

TEST(Translate, IW_RET_09_dialog_identifiers_of_ours_are_rewritten_and_others_left) {
    RequestChanges changes;
    changes.translate_dialog = [](const DialogName& name) -> std::optional<DialogName> {
        if (name.call_id != "u1" || name.to_tag != "s1x" || name.from_tag != "ua") return std::nullopt;
        return DialogName{"s9", "callee", "s1"};
    };
    const auto ours = dialog_request(in_dialog("INVITE", "Replaces: u1;to-tag=s1x;from-tag=ua;early-only\r\n"),
                                     confirmed_leg(4), changes);
    EXPECT_EQ(ours.value(HeaderId::replaces), "s9;early-only;to-tag=callee;from-tag=s1");
    const auto target =
        dialog_request(in_dialog("REFER", "Target-Dialog: u1;local-tag=ua;remote-tag=s1x\r\nRefer-To: <sip:c@d>\r\n"),
                       confirmed_leg(4), changes);
    EXPECT_EQ(target.value(HeaderId::target_dialog), "s9;remote-tag=callee;local-tag=s1");
    EXPECT_EQ(target.value(HeaderId::refer_to), "<sip:c@d>");
    const auto other =
        dialog_request(in_dialog("INVITE", "Join: zz;to-tag=1;from-tag=2\r\n"), confirmed_leg(4), changes);
    EXPECT_EQ(other.value(HeaderId::join), "zz;to-tag=1;from-tag=2");
}

TEST(Translate, IW_BRD_03_headers_of_a_response) {
    const auto ue = invite("", sdp(""));
    const auto answer =
        translated_response(response(420,
                                     "Unsupported: precondition\r\nWarning: 399 isp \"x\"\r\nRetry-After: 5\r\nReason: "
                                     "SIP;cause=420\r\nServer: b/1\r\n"
                                     "Contact: <sip:bob@192.0.2.7>\r\nX-Inner: secret\r\nRSeq: 3\r\nAllow: INVITE\r\n"),
                            ue, {"t", "", {}, std::nullopt});
    EXPECT_EQ(answer.status(), 420);
    EXPECT_EQ(answer.reason(), "Something");
    for (const auto* name : {"Unsupported", "Warning", "Retry-After", "Reason", "Server", "Allow"})
        EXPECT_NE(answer.value(name), "") << name;
    for (const auto* name : {"Contact", "X-Inner", "RSeq", "Record-Route"}) EXPECT_EQ(answer.value(name), "") << name;
    const auto busy = translated_response(response(503, "Retry-After: 5\r\n"), ue, {"t", "", {}, std::nullopt});
    EXPECT_FALSE(busy.has(HeaderId::retry_after));
    const auto moved = translated_response(response(302, "Contact: <sip:c@d>, <sip:e@f>\r\n"), ue,
                                           {"t", "<sip:TOKEN@s>", {}, std::nullopt});
    EXPECT_EQ(moved.values(HeaderId::contact).size(), 2U);
}

TEST(Translate, IW_RET_06_the_ue_never_sees_the_callees_tag) {
    const auto ue = invite("", sdp(""));
    const auto ringing = translated_response(response(180, ""), ue, {"own", "<sip:TOKEN@s>", {}, std::nullopt});
    EXPECT_EQ(ringing.to_tag(), "own");
    EXPECT_EQ(ringing.print().find("callee"), std::string::npos);
}

TEST(Translate, IW_INV_06_reliability_is_each_legs_own) {
    const auto ue = invite("", sdp(""));
    const auto net = response(183, "Require: 100rel, precondition\r\nRSeq: 9\r\n", sdp(""));
    const auto reliable = translated_response(net, ue, {"own", "<sip:TOKEN@s>", {}, sip::RSeq{4711}});
    EXPECT_EQ(reliable.value(HeaderId::rseq), "4711");
    EXPECT_EQ(reliable.value(HeaderId::require), "precondition, 100rel");
    const auto unreliable = translated_response(net, ue, {"own", "<sip:TOKEN@s>", {}, std::nullopt});
    EXPECT_FALSE(unreliable.has(HeaderId::rseq));
    EXPECT_EQ(unreliable.value(HeaderId::require), "precondition");
}

TEST(Translate, IW_RES_03_verdict_headers) {
    auto answer = sip::Message::response(invite("", ""), 403, "Forbidden", "t");
    add_verdict(answer, "Destination domain not permitted", "scscf1.home1.net",
                sip::Reason{"SIP", 420, "Bad Extension"});
    EXPECT_EQ(answer.value(HeaderId::warning), "399 scscf1.home1.net \"Destination domain not permitted\"");
    EXPECT_EQ(answer.value(HeaderId::reason), "SIP;cause=420;text=\"Bad Extension\"");
    auto bare = sip::Message::response(invite("", ""), 487, "Request Terminated", "t");
    add_verdict(bare, std::nullopt, "h", std::nullopt);
    EXPECT_FALSE(bare.has(HeaderId::warning) || bare.has(HeaderId::reason));
}

TEST(Translate, IW_RET_08_update_while_an_offer_is_outstanding) {
    EXPECT_FALSE(update_glare(OfferState::none, true));
    EXPECT_FALSE(update_glare(OfferState::sent, false));
    EXPECT_EQ(update_glare(OfferState::sent, true)->status, 491);
    EXPECT_FALSE(update_glare(OfferState::sent, true)->retry_after);
    EXPECT_EQ(update_glare(OfferState::received, true)->status, 500);
    EXPECT_TRUE(update_glare(OfferState::received, true)->retry_after);
}

}  // namespace
}  // namespace isthmus::interworking
