#include "scscf/interworking/border.hpp"

#include <gtest/gtest.h>

#include "common/sip/option_tags.hpp"
#include "tests/unit/scscf/interworking/samples.hpp"

namespace isthmus::interworking {
namespace {

using samples::invite;
using samples::response;
using sip::HeaderId;

/// One line of every item the table removes in both directions, under its wire name.
constexpr std::string_view inner_headers =
    "P-Preferred-Identity: <sip:a@h>\r\nP-Access-Network-Info: 3GPP-UTRAN-FDD\r\n"
    "Cellular-Network-Info: 3GPP-UTRAN-FDD\r\nP-Visited-Network-ID: v.net\r\nP-Charging-Vector: icid-value=1\r\n"
    "P-Charging-Function-Addresses: ccf=1.1.1.1\r\nP-Called-Party-ID: <sip:b@h>\r\nP-Served-User: <sip:a@h>\r\n"
    "P-Profile-Key: <sip:!*!@h>\r\nP-User-Database: <aaa://h>\r\nP-Asserted-Service: urn:x\r\n"
    "P-Preferred-Service: urn:x\r\nP-Early-Media: supported\r\nP-Associated-URI: <sip:a@h>\r\n"
    "Service-Route: <sip:s@h;lr>\r\nPath: <sip:p@h;lr>\r\nSecurity-Client: ipsec-3gpp\r\nSecurity-Server: "
    "ipsec-3gpp\r\n"
    "Security-Verify: ipsec-3gpp\r\nFeature-Caps: *\r\nResource-Priority: wps.1\r\nP-Private-Network-Indication: x\r\n"
    "Response-Source: x\r\nAttestation-Info: x\r\nOrigination-Id: x\r\nAdditional-Identity: <sip:a@h>\r\n"
    "Service-Interact-Info: x\r\nRelayed-Charge: x\r\nRestoration-Info: noresponse\r\n";
constexpr std::string_view outer_headers =
    "Subject: hello\r\nX-Unheard-Of: 1\r\nPrivacy: none\r\nUser-Agent: phone/1\r\n";

void expect_only_outer(const sip::Message& message) {
    EXPECT_EQ(message.value(HeaderId::subject), "hello");
    EXPECT_EQ(message.value("X-Unheard-Of"), "1");
    EXPECT_EQ(message.value(HeaderId::user_agent), "phone/1");
    message.each_field([](HeaderId, std::string_view name, std::string_view) {
        EXPECT_EQ(("\n" + std::string(inner_headers)).find("\n" + std::string(name) + ":"), std::string::npos) << name;
    });
}

TEST(Border, IW_INV_02_no_inner_header_leaves_in_requests_and_responses) {
    const std::string headers = std::string(inner_headers) + std::string(outer_headers);
    auto request = invite(headers, samples::sdp(""));
    filter_to_internet(request, {}, Role::b2bua);
    expect_only_outer(request);
    auto answer = response(200, headers);
    filter_to_internet(answer, {}, Role::b2bua);
    expect_only_outer(answer);
}

TEST(Border, IW_IDP_07_no_inner_header_is_believed_from_the_internet) {
    const std::string headers =
        std::string(inner_headers) + std::string(outer_headers) + "P-Asserted-Identity: <sip:forged@home1.net>\r\n";
    auto request = invite(headers, samples::sdp(""));
    filter_from_internet(request, {});
    expect_only_outer(request);
    EXPECT_FALSE(request.has(HeaderId::p_asserted_identity));
    auto answer = response(200, headers);
    filter_from_internet(answer, {});
    expect_only_outer(answer);
    EXPECT_FALSE(answer.has(HeaderId::p_asserted_identity));
}

TEST(Border, TD_SES_01_every_remove_cell_has_a_line_in_these_tests) {
    for (const auto& row : border_rows()) {
        if (row.to_internet != Crossing::remove) continue;
        EXPECT_EQ(row.from_internet, Crossing::remove) << row.item;
        for (const auto id : row.ids) {
            EXPECT_NE(inner_headers.find(std::string(sip::header_name(id)) + ":"), std::string_view::npos) << row.item;
        }
        for (const auto name : row.names) {
            EXPECT_NE(inner_headers.find(std::string(name) + ":"), std::string_view::npos) << name;
        }
    }
}

constexpr std::string_view asserted = "P-Asserted-Identity: <sip:alice@home1.net>\r\n";

TEST(Border, IW_TC_67_privacy_id_takes_the_identity) {
    auto request = invite(std::string(asserted) + "Privacy: id\r\nP-Charging-Vector: icid-value=1\r\n", "");
    BorderPolicy keep;
    keep.keep_asserted_identity = true;
    EXPECT_FALSE(apply_privacy(request, Role::proxy));
    filter_to_internet(request, keep, Role::proxy);
    EXPECT_FALSE(request.has(HeaderId::p_asserted_identity));
    EXPECT_FALSE(request.has(HeaderId::p_charging_vector));
    EXPECT_EQ(request.value(HeaderId::privacy), "id");  // IW-IDP-03
}

TEST(Border, IW_TC_68_privacy_none_keeps_the_identity) {
    auto request = invite(std::string(asserted) + "Privacy: none\r\n", "");
    filter_to_internet(request, {}, Role::proxy);
    EXPECT_EQ(request.value(HeaderId::p_asserted_identity), "<sip:alice@home1.net>");
    EXPECT_EQ(request.value(HeaderId::privacy), "none");
}

TEST(Border, IW_IDP_01_without_privacy_policy_decides) {
    auto stripped = invite(asserted, "");
    filter_to_internet(stripped, {}, Role::proxy);
    EXPECT_FALSE(stripped.has(HeaderId::p_asserted_identity));
    auto kept = invite(asserted, "");
    BorderPolicy keep;
    keep.keep_asserted_identity = true;
    filter_to_internet(kept, keep, Role::proxy);
    EXPECT_TRUE(kept.has(HeaderId::p_asserted_identity));
}

TEST(Border, IW_IDP_01_user_privacy_makes_the_from_anonymous) {
    auto request = invite(
        "Privacy: user;id;x-new\r\nProxy-Require: privacy\r\nReply-To: <sip:alice@home1.net>\r\nSubject: hi\r\n", "");
    EXPECT_TRUE(privacy_needs_b2bua(request));
    EXPECT_FALSE(apply_privacy(request, Role::b2bua));
    EXPECT_EQ(request.value(HeaderId::from), "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=ua");
    EXPECT_EQ(request.from_tag(), "ua");
    EXPECT_EQ(request.value(HeaderId::privacy), "id;x-new");
    EXPECT_FALSE(request.has(HeaderId::proxy_require));
    EXPECT_FALSE(request.has(HeaderId::reply_to));
    EXPECT_EQ(request.value(HeaderId::subject), "hi");
}

TEST(Border, TD_SES_02_header_privacy_strips_what_tells_who_calls) {
    auto request = invite(
        "Privacy: header\r\nSubject: hi\r\nOrganization: o\r\nCall-Info: <http://h>\r\nUser-Agent: p\r\nDate: x\r\n",
        "");
    EXPECT_FALSE(apply_privacy(request, Role::b2bua));
    for (const auto id :
         {HeaderId::subject, HeaderId::organization, HeaderId::call_info, HeaderId::user_agent, HeaderId::privacy}) {
        EXPECT_FALSE(request.has(id)) << sip::header_name(id);
    }
    EXPECT_TRUE(request.has(HeaderId::date));
}

TEST(Border, IW_IDP_02_critical_that_cannot_be_met_is_500) {
    auto session = invite("Privacy: session;critical\r\n", "");
    const auto refusal = apply_privacy(session, Role::b2bua);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status, 500);
    EXPECT_EQ(refusal->rule, "IW-IDP-02");
    EXPECT_FALSE(refusal->warning_399.empty());
    auto proxied = invite("Privacy: user;critical\r\n", "");
    EXPECT_TRUE(apply_privacy(proxied, Role::proxy));
    auto met = invite("Privacy: user;critical\r\n", "");
    EXPECT_FALSE(apply_privacy(met, Role::b2bua));
    EXPECT_EQ(met.value(HeaderId::privacy), "critical");
}

TEST(Border, IW_IDP_03_what_was_not_executed_stays_asked_for) {
    auto request = invite("Privacy: session;user\r\nProxy-Require: privacy\r\n", "");
    EXPECT_FALSE(apply_privacy(request, Role::b2bua));
    EXPECT_EQ(request.value(HeaderId::privacy), "session");
    EXPECT_EQ(request.value(HeaderId::proxy_require), "privacy");
    auto proxied = invite("Privacy: user\r\n", "");
    EXPECT_FALSE(apply_privacy(proxied, Role::proxy));
    EXPECT_EQ(proxied.value(HeaderId::privacy), "user");
    EXPECT_EQ(proxied.value(HeaderId::from), "<sip:alice@home1.net>;tag=ua");
}

TEST(Border, IW_TC_69_route_parameters_of_ours_are_taken_from_a_stranger) {
    auto request = samples::parse(
        "INVITE sip:bob@home1.net;gen=3;transport=tcp SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
        "Route: <sip:icscf.home1.net;lr;orig>, <sip:x@s;lr;sescase=orig;regstate=reg;keep=1>, <sip:y@z;lr>\r\n"
        "P-Asserted-Identity: <sip:forged@home1.net>\r\nFrom: <sip:e@evil.example;cpc=operator>;tag=1\r\n"
        "To: <sip:bob@home1.net>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
    filter_from_internet(request, {});
    EXPECT_EQ(request.request_uri(), "sip:bob@home1.net;transport=tcp");
    EXPECT_FALSE(request.has(HeaderId::p_asserted_identity));
    const auto routes = request.values(HeaderId::route);
    ASSERT_EQ(routes.size(), 3U);
    EXPECT_EQ(routes[0], "<sip:icscf.home1.net;lr>");
    EXPECT_EQ(routes[1], "<sip:x@s;lr;keep=1>");
    EXPECT_EQ(routes[2], "<sip:y@z;lr>");
}

TEST(Border, URI_params_of_ours_stay_at_home) {
    auto request = samples::parse(
        "INVITE sip:+123;cpc=ordinary;x=1@isp.example;user=phone;oli=0 SIP/2.0\r\nVia: SIP/2.0/UDP "
        "h;branch=z9hG4bK1\r\n"
        "P-Asserted-Identity: <sip:a@h;oli=1>, <tel:+1;cpc=ordinary>\r\nPrivacy: none\r\n"
        "From: \"A\" <sip:a@h;cpc=payphone>;tag=1\r\nTo: <sip:b@isp.example>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
        "Content-Length: 0\r\n\r\n");
    auto proxied = request.copy();
    filter_to_internet(request, {}, Role::b2bua);
    EXPECT_EQ(request.request_uri(), "sip:+123;x=1@isp.example;user=phone");
    EXPECT_EQ(request.value(HeaderId::from), "\"A\" <sip:a@h>;tag=1");
    EXPECT_EQ(request.value(HeaderId::p_asserted_identity), "<sip:a@h>, <tel:+1>");
    filter_to_internet(proxied, {}, Role::proxy);
    EXPECT_EQ(proxied.value(HeaderId::from), "\"A\" <sip:a@h;cpc=payphone>;tag=1");  // not a proxy's to change
}

TEST(Border, nothing_to_strip_leaves_the_received_text) {
    auto request = invite("", "");
    const auto before = request.print();
    filter_to_internet(request, {}, Role::b2bua);
    // the sample's Route says orig in its user part, which is a token and no parameter
    EXPECT_EQ(request.print(), before);
}

TEST(Border, History_Info_by_policy_and_privacy) {
    constexpr std::string_view history = "History-Info: <sip:b@h>;index=1\r\n";
    auto kept = invite(history, "");
    filter_to_internet(kept, {}, Role::proxy);
    EXPECT_TRUE(kept.has(HeaderId::history_info));
    auto hidden = invite(std::string(history) + "Privacy: history\r\n", "");
    filter_to_internet(hidden, {}, Role::proxy);
    EXPECT_FALSE(hidden.has(HeaderId::history_info));
    auto incoming = invite(history, "");
    filter_from_internet(incoming, {});
    EXPECT_FALSE(incoming.has(HeaderId::history_info));
    BorderPolicy policy;
    policy.strip_history = true;
    policy.accept_history = true;
    auto stripped = invite(history, "");
    filter_to_internet(stripped, policy, Role::proxy);
    EXPECT_FALSE(stripped.has(HeaderId::history_info));
    auto accepted = invite(history, "");
    filter_from_internet(accepted, policy);
    EXPECT_TRUE(accepted.has(HeaderId::history_info));
}

TEST(Border, RFC_6432_Q850_reasons_do_not_cross_in_responses) {
    auto answer = response(480, "Reason: Q.850;cause=16, SIP;cause=480\r\n");
    filter_to_internet(answer, {}, Role::proxy);
    EXPECT_EQ(answer.value(HeaderId::reason), "SIP;cause=480");
    auto only_q850 = response(480, "Reason: Q.850;cause=16\r\n");
    filter_from_internet(only_q850, {});
    EXPECT_FALSE(only_q850.has(HeaderId::reason));
    auto bye = invite("Reason: Q.850;cause=16\r\n", "");
    filter_to_internet(bye, {}, Role::proxy);
    EXPECT_TRUE(bye.has(HeaderId::reason));  // the row speaks of responses
    BorderPolicy deaf;
    deaf.accept_reason = false;
    auto refused = response(480, "Reason: SIP;cause=480\r\n");
    filter_from_internet(refused, deaf);
    EXPECT_FALSE(refused.has(HeaderId::reason));
}

TEST(Border, Geolocation_and_descriptive_headers_by_policy) {
    constexpr std::string_view headers = "Geolocation: <cid:1>\r\nCall-Info: <http://h>\r\nUser-Agent: p\r\n";
    auto outwards = invite(headers, "");
    filter_to_internet(outwards, {}, Role::proxy);
    EXPECT_FALSE(outwards.has(HeaderId::geolocation));
    EXPECT_TRUE(outwards.has(HeaderId::call_info));
    BorderPolicy policy;
    policy.pass_location = true;
    policy.pass_descriptive = false;
    auto other = invite(headers, "");
    filter_to_internet(other, policy, Role::proxy);
    EXPECT_TRUE(other.has(HeaderId::geolocation));
    EXPECT_FALSE(other.has(HeaderId::call_info));
    EXPECT_FALSE(other.has(HeaderId::user_agent));
}

TEST(Border, credentials_for_our_realm_stay_at_home) {
    BorderPolicy policy;
    policy.own_realms = {"home1.net"};
    constexpr std::string_view headers =
        "Authorization: Digest username=\"a\",realm=\"home1.net\",nonce=\"n\",uri=\"sip:h\",response=\"r\"\r\n"
        "Proxy-Authorization: Digest username=\"b\",realm=\"isp.example\",nonce=\"n\",uri=\"sip:h\",response=\"r\"\r\n"
        "Proxy-Authorization: Digest username=\"a\",realm=\"home1.net\",nonce=\"n\",uri=\"sip:h\",response=\"r\"\r\n";
    auto outwards = invite(headers, "");
    filter_to_internet(outwards, policy, Role::proxy);
    EXPECT_FALSE(outwards.has(HeaderId::authorization));
    EXPECT_EQ(outwards.count(HeaderId::proxy_authorization), 1U);
    EXPECT_NE(outwards.value(HeaderId::proxy_authorization).find("isp.example"), std::string_view::npos);
    auto inwards = invite(headers, "");
    filter_from_internet(inwards, policy);
    EXPECT_EQ(inwards.count(HeaderId::proxy_authorization), 2U);
    EXPECT_TRUE(inwards.has(HeaderId::authorization));
}

}  // namespace
}  // namespace isthmus::interworking
