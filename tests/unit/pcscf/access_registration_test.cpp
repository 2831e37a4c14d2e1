// REGISTER at the P-CSCF and what its 200 teaches (PR-REG-03..08, PR-REG-24..26).
#include "pcscf/access_registration.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/sip/digest.hpp"
#include "common/sip/headers.hpp"

namespace isthmus::pcscf {
namespace {

using sip::HeaderId;
using sip::Message;

Message register_request(const std::string& lines) {
    return Message::from_wire("REGISTER sip:home1.net SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n" +
                              lines +
                              "From: <sip:alice@home1.net>;tag=1\r\nTo: <sip:alice@HOME1.net>\r\nContact: "
                              "<sip:alice@10.0.0.1>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n\r\n")
        .value();
}

RegisterFacts facts(bool flow_known = false) {
    return {"<sip:token@pcscf;lr>", "visited1.net", "pcscf.visited1.net", "icid-1", flow_known};
}

Message prepared(const std::string& lines, bool flow_known = false) {
    auto request = register_request(lines);
    prepare_register(request, facts(flow_known));
    return request;
}

class NotFromUe : public testing::TestWithParam<std::string> {};

TEST_P(NotFromUe, PR_REG_03_is_taken_off) {
    const auto request = prepared(GetParam() + ": <sip:forged@evil.example;lr>\r\n");
    for (const auto value : {request.value(GetParam())}) EXPECT_EQ(value.find("evil"), std::string_view::npos);
    EXPECT_EQ(request.print().find("evil"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Header, NotFromUe,
                         testing::Values("Route", "Path", "P-Visited-Network-ID", "P-Charging-Vector",
                                         "P-Charging-Function-Addresses", "P-Asserted-Identity", "P-Served-User",
                                         "Service-Route", "P-Associated-URI", "P-User-Database", "Feature-Caps"),
                         [](const testing::TestParamInfo<std::string>& row) {
                             auto name = row.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

TEST(Register, PR_REG_04_our_Path_and_the_path_option) {
    const auto request = prepared("Supported: gruu\r\n");
    EXPECT_EQ(request.value(HeaderId::path), "<sip:token@pcscf;lr>");
    EXPECT_EQ(request.value(HeaderId::require), "path");
    EXPECT_EQ(request.values(HeaderId::supported).size(), 2U);
}

TEST(Register, PR_REG_05_PR_REG_06_charging_vector_and_visited_network) {
    const auto request = prepared("");
    const auto vector = sip::ChargingVector::parse(request.value(HeaderId::p_charging_vector));
    ASSERT_TRUE(vector);
    EXPECT_EQ(vector->icid, "icid-1");
    EXPECT_EQ(vector->generated_at, "pcscf.visited1.net");
    EXPECT_EQ(vector->orig_ioi, "visited1.net");
    EXPECT_EQ(request.value(HeaderId::p_visited_network_id), "\"visited1.net\"");
}

TEST(Register, PR_REG_07_only_what_the_UE_itself_knows_of_its_access_stays) {
    EXPECT_EQ(prepared("P-Access-Network-Info: IEEE-802.11;i-wlan-node-id=1, 3GPP-GERAN;network-provided\r\n")
                  .value(HeaderId::p_access_network_info),
              "IEEE-802.11;i-wlan-node-id=1");
    EXPECT_FALSE(
        prepared("P-Access-Network-Info: 3GPP-GERAN;network-provided\r\n").has(HeaderId::p_access_network_info));
}

struct Integrity {
    const char* name;
    const char* parameters;
    bool flow_known;
    const char* expected;  ///< "": none
};

class IntegrityProtected : public testing::TestWithParam<Integrity> {};

TEST_P(IntegrityProtected, PR_REG_08) {
    const auto& row = GetParam();
    const auto request =
        prepared("Authorization: Digest username=\"alice@home1.net\",realm=\"home1.net\",uri=\"sip:home1.net\"," +
                     std::string(row.parameters) + "\r\n",
                 row.flow_known);
    const auto credentials = sip::DigestCredentials::parse(request.value(HeaderId::authorization));
    ASSERT_TRUE(credentials);
    EXPECT_EQ(credentials->other("integrity-protected").value_or(""), row.expected);
    EXPECT_FALSE(credentials->other("ck"));
    EXPECT_EQ(credentials->username, "alice@home1.net");
}

INSTANTIATE_TEST_SUITE_P(
    Row, IntegrityProtected,
    testing::Values(
        Integrity{"no_response", "nonce=\"\",response=\"\"", false, ""},
        Integrity{"response", "nonce=\"n\",response=\"00112233445566778899aabbccddeeff\"", false, "ip-assoc-pending"},
        Integrity{"address_known", "nonce=\"\",response=\"\"", true, "ip-assoc-yes"},
        Integrity{"forged", "nonce=\"\",response=\"\",integrity-protected=\"yes\",ck=\"00\"", false, ""},
        Integrity{"forged_with_response",
                  "nonce=\"n\",response=\"00112233445566778899aabbccddeeff\",integrity-protected=ip-assoc-yes", false,
                  "ip-assoc-pending"}),
    [](const testing::TestParamInfo<Integrity>& row) { return row.param.name; });

TEST(Register, PR_REG_08_nothing_is_made_up_where_there_are_no_credentials) {
    EXPECT_FALSE(prepared("", true).has(HeaderId::authorization));
}

const std::string security_client =
    "Security-Client: ipsec-3gpp;alg=hmac-sha-1-96;spi-c=1111;spi-s=2222;port-c=1;port-s=2\r\n";
const std::string of_alice =
    "Authorization: Digest username=\"alice@home1.net\",realm=\"home1.net\",uri=\"sip:home1.net\"";

TEST(Register, PR_REG_08_who_offers_IPsec_and_comes_without_is_marked_no_whatever_he_sends) {
    for (const bool flow_known : {false, true})
        for (const char* rest : {",nonce=\"\",response=\"\"\r\n", ",nonce=\"n\",response=\"00\"\r\n"}) {
            const auto request = prepared(security_client + of_alice + rest, flow_known);
            const auto credentials = sip::DigestCredentials::parse(request.value(HeaderId::authorization));
            EXPECT_EQ(credentials->other("integrity-protected"), "no");
        }
    const auto other = prepared("Security-Client: tls;q=0.1\r\n" + of_alice + ",nonce=\"n\",response=\"00\"\r\n");
    EXPECT_EQ(sip::DigestCredentials::parse(other.value(HeaderId::authorization))->other("integrity-protected"),
              "ip-assoc-pending");
}

TEST(Register, PR_REG_09_the_agreement_ends_here) {
    const auto request = prepared(security_client + "Security-Verify: ipsec-3gpp;q=0.1\r\n" + of_alice + "\r\n");
    EXPECT_FALSE(request.has(HeaderId::security_client));
    EXPECT_FALSE(request.has(HeaderId::security_verify));
}

TEST(Register, PR_REG_03_every_Authorization_is_cleaned_and_only_those_of_the_user_go_on) {
    const auto request = prepared(
        of_alice + ",nonce=\"\",response=\"\",integrity-protected=\"yes\"\r\n" +
            "Authorization: Digest username=\"bob@home1.net\",realm=\"home1.net\"\r\n" +
            "Authorization: Digest username=\"alice@home1.net\",realm=\"r2\",ck=\"00\",integrity-protected=yes\r\n" +
            "Authorization: Digest realm=\"r3\",Realm=\"r4\",integrity-protected=yes\r\n",
        true);
    const auto fields = request.values(HeaderId::authorization);
    ASSERT_EQ(fields.size(), 2U);
    for (const auto field : fields) {
        const auto credentials = sip::DigestCredentials::parse(field);
        EXPECT_EQ(credentials->username, "alice@home1.net");
        EXPECT_EQ(credentials->other("integrity-protected"), "ip-assoc-yes");
        EXPECT_FALSE(credentials->other("ck"));
    }
    EXPECT_EQ(request.print().find("bob"), std::string::npos);
}

Message challenged(const std::string& lines) {
    return Message::from_wire(
               "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: "
               "<sip:alice@home1.net>;tag=1\r\nTo: <sip:alice@home1.net>;tag=2\r\nCall-ID: c\r\nCSeq: 1 "
               "REGISTER\r\n" +
               lines + "\r\n")
        .value();
}

TEST(Register, TC_REG_02_PR_REG_20_ik_and_ck_are_taken_out_of_the_challenge_and_nothing_else) {
    // The example of registration.md section 13.
    auto response = challenged(
        "WWW-Authenticate: Digest realm=\"home1.net\",nonce=\"I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=\",algorithm="
        "AKAv1-MD5,ik=\"f769bcd751044604127672711c6d3441\",ck=\"b40ba9a3c58b2a05bbf0d987b21bf8cb\"\r\n");
    EXPECT_TRUE(take_session_keys(response));
    EXPECT_EQ(response.value(HeaderId::www_authenticate),
              "Digest realm=\"home1.net\",nonce=\"I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=\",algorithm=AKAv1-MD5");
}

TEST(Register, PR_REG_20_keys_are_found_wherever_they_hide) {
    auto response = challenged(
        "WWW-Authenticate: Digest realm=\"h\",nonce=\"n\",algorithm=MD5\r\n"
        "WWW-Authenticate: Digest realm=\"h\",nonce=\"m\",algorithm=AKAv2-MD5,CK = \"cc\",IK=dd\r\n"
        "Proxy-Authenticate: Digest realm=\"h\",nonce=\"m\",ik=\"ee\"\r\n"
        "WWW-Authenticate: Digest realm=\"h\",realm=\"twice\",ik=\"ff\"\r\n"
        "WWW-Authenticate: Basic realm=\"h\"\r\n");
    EXPECT_TRUE(take_session_keys(response));
    const auto fields = response.values(HeaderId::www_authenticate);
    ASSERT_EQ(fields.size(), 3U);
    EXPECT_EQ(fields[0], "Digest realm=\"h\",nonce=\"n\",algorithm=MD5");
    EXPECT_EQ(fields[1], "Digest realm=\"h\",nonce=\"m\",algorithm=AKAv2-MD5");
    EXPECT_EQ(fields[2], "Basic realm=\"h\"");
    EXPECT_EQ(response.value(HeaderId::proxy_authenticate), "Digest realm=\"h\",nonce=\"m\"");
}

TEST(Register, PR_REG_20_an_AKA_challenge_without_ik_is_broken) {
    for (const char* algorithm : {"AKAv1-MD5", "AKAv2-MD5", "akav1-md5"}) {
        auto response = challenged(std::string("WWW-Authenticate: Digest realm=\"h\",nonce=\"n\",algorithm=") +
                                   algorithm + ",ck=\"cc\"\r\n");
        EXPECT_FALSE(take_session_keys(response)) << algorithm;
    }
}

TEST(Register, PR_REG_23_a_Digest_challenge_passes_as_it_is) {
    const std::string text = "Digest  realm = \"h\", nonce=\"n\" ,qop=\"auth,auth-int\", domain=\"sip:h\"";
    auto response = challenged("WWW-Authenticate: " + text + "\r\n");
    EXPECT_TRUE(take_session_keys(response));
    EXPECT_EQ(response.value(HeaderId::www_authenticate), text);
}

TEST(Register, IR_REG_02_the_private_identity_is_the_user_name_else_the_To_identity) {
    EXPECT_EQ(
        private_identity_of(register_request("Authorization: Digest username=\"impi@home1.net\",realm=\"r\"\r\n")),
        "impi@home1.net");
    EXPECT_EQ(private_identity_of(register_request("")), "alice@home1.net");
    EXPECT_EQ(private_identity_of(register_request("Authorization: Digest username=\"\",realm=\"r\"\r\n")),
              "alice@home1.net");
}

Message ok(const std::string& lines) {
    return Message::from_wire(
               "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: "
               "<sip:alice@home1.net>;tag=1\r\nTo: <sip:alice@home1.net>;tag=2\r\nCall-ID: c\r\nCSeq: 1 "
               "REGISTER\r\n" +
               lines + "\r\n")
        .value();
}

TEST(Granted, PR_REG_24_expiry_of_its_own_contact_and_routes_in_order) {
    const auto found = granted(ok("Contact: <sip:b@10.0.0.2>;expires=100, <sip:alice@10.0.0.1>;expires=600\r\n"
                                  "Service-Route: <sip:s1;lr>, <sip:s2;lr>\r\n"
                                  "P-Associated-URI: <sip:alice@home1.net>, \"A\" <tel:+15551001>\r\n"),
                               "sip:alice@10.0.0.1");
    EXPECT_EQ(found.expires_s, 600U);
    EXPECT_EQ(found.service_route, (std::vector<std::string>{"<sip:s1;lr>", "<sip:s2;lr>"}));
    EXPECT_EQ(found.public_identities, (std::vector<std::string>{"sip:alice@home1.net", "tel:+15551001"}));
    EXPECT_EQ(found.asserted, (std::vector<std::string>{"<sip:alice@home1.net>", "<tel:+15551001>"}));
}

TEST(Granted, PR_REG_25_without_P_Associated_URI_the_To_identity) {
    EXPECT_EQ(granted(ok("Contact: <sip:alice@10.0.0.1>;expires=1\r\n"), "sip:alice@10.0.0.1").public_identities,
              std::vector<std::string>{"sip:alice@home1.net"});
}

TEST(Granted, PR_REG_26_a_contact_that_is_not_listed_is_gone) {
    EXPECT_EQ(granted(ok("Contact: <sip:b@10.0.0.2>;expires=100\r\n"), "sip:alice@10.0.0.1").expires_s, 0U);
    EXPECT_EQ(granted(ok(""), "sip:alice@10.0.0.1").expires_s, 0U);
    EXPECT_EQ(granted(ok("Contact: <sip:alice@10.0.0.1>\r\nExpires: 77\r\n"), "sip:alice@10.0.0.1").expires_s, 77U);
}

TEST(TowardsUe, PO_SES_11_no_UE_sees_the_headers_of_the_core) {
    auto response =
        ok("P-Charging-Vector: icid-value=1\r\nP-Charging-Function-Addresses: ccf=1\r\n"
           "P-Served-User: <sip:a@x>\r\nP-Access-Network-Info: x\r\nP-Visited-Network-ID: x\r\n"
           "P-User-Database: <aaa://x>\r\nP-Profile-Key: <sip:x>\r\nP-Associated-URI: <sip:a@x>\r\n"
           "X-Own: kept\r\n");
    strip_towards_ue(response);
    const auto text = response.print();
    for (const char* name : {"P-Charging", "P-Served", "P-Access", "P-Visited", "P-User", "P-Profile"})
        EXPECT_EQ(text.find(name), std::string::npos) << name;
    EXPECT_NE(text.find("P-Associated-URI"), std::string::npos);
    EXPECT_NE(text.find("X-Own: kept"), std::string::npos);
}

}  // namespace
}  // namespace isthmus::pcscf
