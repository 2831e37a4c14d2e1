#include "common/sip/headers.hpp"

#include <gtest/gtest.h>

namespace isthmus::sip {
namespace {

Message with(std::string_view headers) {
    std::string text =
        "INVITE sip:bob@isp.example SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
        "To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n";
    text.append(headers).append("Content-Length: 0\r\n\r\n");
    auto parsed = Message::from_wire(text);
    return std::move(parsed.value());
}

TEST(Headers, PR_REG_05_charging_vector) {
    const auto vector = ChargingVector::parse(
        "icid-value=\"AyretyU0dm+6O2IrT5tAFrbHLso=023551024\";icid-generated-at=[5555::1];orig-ioi=home1.net;"
        "access-network-charging-info=\"(a;b)\"");
    ASSERT_TRUE(vector);
    EXPECT_EQ(vector->icid, "AyretyU0dm+6O2IrT5tAFrbHLso=023551024");
    EXPECT_EQ(vector->generated_at, "[5555::1]");
    EXPECT_EQ(vector->orig_ioi, "home1.net");
    EXPECT_EQ(vector->term_ioi, "");
    EXPECT_EQ(vector->others, "access-network-charging-info=\"(a;b)\"");

    auto changed = *vector;
    changed.term_ioi = "home2.net";
    const auto again = ChargingVector::parse(changed.print());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->icid, vector->icid);
    EXPECT_EQ(again->term_ioi, "home2.net");
    EXPECT_EQ(again->others, vector->others);
    EXPECT_FALSE(ChargingVector::parse("orig-ioi=home1.net"));
}

TEST(Headers, PR_REG_07_access_network_info) {
    const auto info = AccessNetworkInfo::parse("3GPP-UTRAN-FDD; utran-cell-id-3gpp=234151D0FCE11;network-provided");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->type, "3GPP-UTRAN-FDD");
    EXPECT_TRUE(info->network_provided());
    EXPECT_EQ(info->print(), "3GPP-UTRAN-FDD;utran-cell-id-3gpp=234151D0FCE11;network-provided");
    EXPECT_FALSE(AccessNetworkInfo::parse("ADSL;dsl-location=\";network-provided\"")->network_provided());
    EXPECT_FALSE(AccessNetworkInfo::parse(";a=b"));
}

TEST(Headers, HS_REG_03_visited_networks_compare_without_quotes_and_case) {
    const auto quoted = VisitedNetworkId::parse("\"Visited1.net\"");
    const auto token = VisitedNetworkId::parse("visited1.NET;x=1");
    ASSERT_TRUE(quoted && token);
    EXPECT_TRUE(quoted->same_network(*token));
    EXPECT_FALSE(quoted->same_network(*VisitedNetworkId::parse("visited2.net")));
    EXPECT_EQ(token->print(), "\"visited1.NET\";x=1");
    EXPECT_FALSE(VisitedNetworkId::parse("two words"));
}

TEST(Headers, HX_SES_01_one_sip_and_one_tel_identity) {
    const auto two =
        AssertedIdentities::of(with("P-Asserted-Identity: tel:+12125551111, \"A, B\" <sip:user1@home1.net>\r\n"));
    ASSERT_TRUE(two.sip && two.tel);
    EXPECT_FALSE(two.surplus);
    EXPECT_EQ(two.print(), "\"A, B\" <sip:user1@home1.net>, <tel:+12125551111>");
    const auto three = AssertedIdentities::of(
        with("P-Asserted-Identity: <sip:a@h>\r\nP-Asserted-Identity: <sips:b@h>\r\nP-Asserted-Identity: <tel:+1>\r\n"));
    EXPECT_TRUE(three.surplus);
    EXPECT_EQ(three.sip->uri.user, "a");
    EXPECT_TRUE(three.tel);
    EXPECT_TRUE(AssertedIdentities::of(with("")).empty());
}

TEST(Headers, HX_SES_02_served_user) {
    const auto user = ServedUser::parse("<sip:user@home1.net>; sescase=term; regstate=unreg");
    ASSERT_TRUE(user);
    EXPECT_EQ(user->session_case, ServedUser::Case::terminating);
    EXPECT_EQ(user->registered, false);
    EXPECT_EQ(user->print(), "<sip:user@home1.net>;sescase=term;regstate=unreg");
    EXPECT_EQ(ServedUser::parse("<sip:u@h>;orig-cdiv")->session_case, ServedUser::Case::originating_after_diversion);
    EXPECT_EQ(ServedUser::parse("<sip:u@h>")->registered, std::nullopt);
    EXPECT_FALSE(ServedUser::parse("sescase=term"));
}

TEST(Headers, HX_SES_08_warning) {
    const auto warning = Warning::parse("370 isp.example:5060 \"Insufficient \\\"Bandwidth\\\"\"");
    ASSERT_TRUE(warning);
    EXPECT_EQ(warning->code, 370);
    EXPECT_EQ(warning->agent, "isp.example:5060");
    EXPECT_EQ(warning->text, "Insufficient \"Bandwidth\"");
    EXPECT_EQ(warning->print(), "370 isp.example:5060 \"Insufficient \\\"Bandwidth\\\"\"");
    EXPECT_FALSE(Warning::parse("isp.example \"x\""));
    EXPECT_FALSE(Warning::parse(""));
    EXPECT_FALSE(Warning::parse("399 isp:506\"no \"qos\""));
    EXPECT_FALSE(Warning::parse("399 isp unquoted"));
}

TEST(Headers, HX_SES_07_reason) {
    const auto reason = Reason::parse("SIP ;cause=580 ;text=\"Precondition Failure\"");
    ASSERT_TRUE(reason);
    EXPECT_EQ(reason->protocol, "SIP");
    EXPECT_EQ(reason->cause, 580);
    EXPECT_EQ(reason->text, "Precondition Failure");
    EXPECT_EQ(reason->print(), "SIP;cause=580;text=\"Precondition Failure\"");
    EXPECT_EQ(Reason::parse("Q.850;cause=16")->text, "");
    EXPECT_FALSE(Reason::parse("SIP;cause=x"));
}

TEST(Headers, retry_after) {
    const auto wait = RetryAfter::parse("18000 (busy until noon);duration=3600");
    ASSERT_TRUE(wait);
    EXPECT_EQ(wait->seconds, 18000U);
    EXPECT_EQ(wait->comment, "busy until noon");
    EXPECT_EQ(wait->duration, 3600U);
    EXPECT_EQ(RetryAfter::parse("120")->print(), "120");
    EXPECT_EQ(wait->print(), "18000 (busy until noon);duration=3600");
    EXPECT_FALSE(RetryAfter::parse("99999999999"));
    EXPECT_FALSE(RetryAfter::parse("soon"));
}

TEST(Headers, HX_SES_06_session_timer) {
    const auto timer = SessionExpires::parse("1800 ; refresher=UAS");
    ASSERT_TRUE(timer);
    EXPECT_EQ(timer->seconds, 1800U);
    EXPECT_EQ(timer->refresher, SessionExpires::Refresher::uas);
    EXPECT_EQ(timer->print(), "1800;refresher=uas");
    EXPECT_EQ(MinSe::parse("90;x=y")->seconds, 90U);
    EXPECT_FALSE(SessionExpires::parse("-1"));
    EXPECT_FALSE(MinSe::parse("4294967296"));
}

TEST(Headers, IW_INV_06_rseq_and_rack) {
    EXPECT_EQ(RSeq::parse("2147483647")->number, 2147483647U);
    EXPECT_FALSE(RSeq::parse("0"));
    EXPECT_FALSE(RSeq::parse("2147483648"));
    const auto rack = RAck::parse("776656 1 INVITE");
    ASSERT_TRUE(rack);
    EXPECT_EQ(rack->rseq, 776656U);
    EXPECT_EQ(rack->cseq, 1U);
    EXPECT_EQ(rack->method, "INVITE");
    EXPECT_EQ(rack->print(), "776656 1 INVITE");
    EXPECT_FALSE(RAck::parse("776656 1"));
    EXPECT_FALSE(RAck::parse("x 1 INVITE"));
    EXPECT_FALSE(RAck::parse("0 1 INVITE"));
    EXPECT_FALSE(RAck::parse("1 1 INVITE more"));
}

TEST(Headers, contact_parameters) {
    const auto contact = Contact::parse(
        "\"A\" <sip:u@10.0.0.1;transport=tcp>;q=0.7;expires=60;+sip.instance=\"<urn:uuid:1>\";reg-id=2;audio");
    ASSERT_TRUE(contact);
    EXPECT_EQ(contact->q, 700);
    EXPECT_EQ(contact->expires, 60U);
    EXPECT_EQ(contact->instance, "urn:uuid:1");
    EXPECT_EQ(contact->reg_id, 2U);
    EXPECT_TRUE(contact->has_feature_tags());
    auto changed = *contact;
    changed.expires = 30;
    EXPECT_EQ(changed.print(),
              "\"A\" <sip:u@10.0.0.1;transport=tcp>;q=0.7;+sip.instance=\"<urn:uuid:1>\";reg-id=2;audio;expires=30");
    changed.expires.reset();
    EXPECT_EQ(changed.print().find("expires"), std::string::npos);
}

TEST(Headers, contact_defaults_and_faults) {
    const auto plain = Contact::parse("sip:u@h;q=1.000");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->q, 1000);
    EXPECT_EQ(plain->expires, std::nullopt);
    EXPECT_FALSE(plain->has_feature_tags());
    EXPECT_FALSE(Contact::parse("<sip:u@h>;+sip.instance=\"<urn:uuid:1>\"")->has_feature_tags());
    EXPECT_TRUE(Contact::parse("*")->wildcard);
    EXPECT_EQ(Contact::parse("*")->print(), "*");
    EXPECT_EQ(Contact::parse("<sip:u@h>;expires=never")->expires, 3600U);
    EXPECT_FALSE(Contact::parse("<sip:u@h>;q=1.1"));
    EXPECT_FALSE(Contact::parse("<sip:u@h>;q=0.1234"));
    EXPECT_FALSE(Contact::parse("<sip:u@h>;q=.5"));
    EXPECT_FALSE(Contact::parse("<sip:u@h"));
}

TEST(Headers, parameter_edits_respect_quotes) {
    EXPECT_EQ(without_param("a=1;b=\"x;a=2\";A=3", "a"), "b=\"x;a=2\"");
    EXPECT_EQ(with_param("a=1;b", "b", "2"), "a=1;b=2");
    EXPECT_EQ(with_param("", "lr", ""), "lr");
}

}  // namespace
}  // namespace isthmus::sip
