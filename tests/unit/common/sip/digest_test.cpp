#include "common/sip/digest.hpp"

#include <gtest/gtest.h>

namespace isthmus::sip {
namespace {

DigestCredentials mufasa() {
    return *DigestCredentials::parse(
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
        "uri=\"/dir/index.html\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", "
        "response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"");
}

TEST(Digest, RFC_2617_3_5_example_with_qop_auth) {
    const auto ha1 = digest_ha1("Mufasa", "testrealm@host.com", "Circle Of Life");
    EXPECT_EQ(ha1, "939e7578ed9e3c518a452acee763bce9");
    EXPECT_EQ(digest_response(ha1, mufasa(), "GET"), "6629fae49393a05397450978507c4ef1");
    EXPECT_TRUE(digest_matches(ha1, mufasa(), "GET"));
    EXPECT_FALSE(digest_matches(ha1, mufasa(), "PUT"));
}

// The answers to this one are RFC 7616 3.9.1's.
TEST(Digest, RFC_7616_3_9_1_example) {
    const auto credentials = DigestCredentials::parse(
        "Digest username=\"Mufasa\",realm=\"http-auth@example.org\",uri=\"/dir/index.html\",algorithm=MD5,"
        "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\",nc=00000001,"
        "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\",qop=auth,"
        "response=\"8ca523f5e9506fed4657c9700eebdbec\",opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
    ASSERT_TRUE(credentials);
    EXPECT_TRUE(digest_matches(digest_ha1("Mufasa", "http-auth@example.org", "Circle of Life"), *credentials, "GET"));
}

// The same request, answered with the other algorithm of that example.
TEST(Digest, RFC_7616_3_9_1_example_with_SHA_256) {
    auto credentials = DigestCredentials::parse(
        "Digest username=\"Mufasa\",realm=\"http-auth@example.org\",uri=\"/dir/index.html\",algorithm=SHA-256,"
        "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\",nc=00000001,"
        "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\",qop=auth,"
        "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\","
        "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
    ASSERT_TRUE(credentials);
    const auto ha1 = digest_ha1("Mufasa", "http-auth@example.org", "Circle of Life", DigestAlgorithm::sha256);
    EXPECT_EQ(ha1.size(), 64U);
    EXPECT_TRUE(digest_matches(ha1, *credentials, "GET"));
    EXPECT_FALSE(digest_matches(ha1, *credentials, "PUT"));
    credentials->algorithm = "MD5";
    EXPECT_FALSE(digest_matches(ha1, *credentials, "GET"));
}

TEST(Digest, sha256_of_FIPS_180) {
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, algorithms_by_name) {
    EXPECT_EQ(digest_algorithm(""), DigestAlgorithm::md5);
    EXPECT_EQ(digest_algorithm("sha-256"), DigestAlgorithm::sha256);
    EXPECT_EQ(digest_algorithm("AKAv1-MD5"), DigestAlgorithm::aka_v1_md5);
    EXPECT_EQ(digest_algorithm("SHA-256-sess"), std::nullopt);
    for (const auto one : {DigestAlgorithm::md5, DigestAlgorithm::sha256, DigestAlgorithm::aka_v1_md5})
        EXPECT_EQ(digest_algorithm(name(one)), one);
}

TEST(Digest, SR_REG_05_an_AKA_challenge_carries_the_keys_and_keeps_what_else_it_had) {
    const std::string text =
        "Digest "
        "realm=\"home1.net\",nonce=\"I1U8\",algorithm=AKAv1-MD5,ik=\"f769\",ck=\"b40b\",domain=\"sip:home1.net\"";
    auto challenge = DigestChallenge::parse(text);
    ASSERT_TRUE(challenge);
    EXPECT_EQ(challenge->ik, "f769");
    EXPECT_EQ(challenge->ck, "b40b");
    EXPECT_EQ(challenge->print(), text);
}

TEST(Digest, RFC_2069_form_without_qop) {
    auto credentials = mufasa();
    credentials.qop.clear();
    const auto ha1 = digest_ha1("Mufasa", "testrealm@host.com", "Circle Of Life");
    // MD5(HA1 ":" nonce ":" MD5("GET:/dir/index.html")), written out
    EXPECT_EQ(digest_response(ha1, credentials, "GET"),
              md5_hex(ha1 + ":dcd98b7102dd2f0e8b11d0f600bfb0c093:39aff3a2bab6126f332b942af96d3366"));
    EXPECT_EQ(digest_response(ha1, credentials, "GET"), "670fd8c2df070c60b045671b8b24ff02");
}

TEST(Digest, md5_of_RFC_1321) {
    EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Digest, SR_REG_08_rspauth_leaves_the_method_out) {
    const auto ha1 = digest_ha1("Mufasa", "testrealm@host.com", "Circle Of Life");
    auto credentials = mufasa();
    EXPECT_EQ(digest_rspauth(ha1, credentials), digest_response(ha1, credentials, ""));
    EXPECT_NE(digest_rspauth(ha1, credentials), digest_response(ha1, credentials, "GET"));
}

TEST(Digest, upper_case_response_is_accepted_and_a_wrong_one_is_not) {
    auto credentials = mufasa();
    const auto ha1 = digest_ha1("Mufasa", "testrealm@host.com", "Circle Of Life");
    credentials.response = "6629FAE49393A05397450978507C4EF1";
    EXPECT_TRUE(digest_matches(ha1, credentials, "GET"));
    credentials.response = "6629fae49393a05397450978507c4ef2";
    EXPECT_FALSE(digest_matches(ha1, credentials, "GET"));
    credentials.response.clear();
    EXPECT_FALSE(digest_matches(ha1, credentials, "GET"));
}

TEST(Digest, what_cannot_be_computed_never_matches) {
    const auto ha1 = digest_ha1("Mufasa", "testrealm@host.com", "Circle Of Life");
    for (const auto& [qop, algorithm, nc, cnonce] :
         {std::tuple{"auth-int", "MD5", "00000001", "x"}, std::tuple{"auth", "SHA-512-256", "00000001", "x"},
          std::tuple{"auth", "MD5-sess", "00000001", "x"}, std::tuple{"auth", "AKAv2-MD5", "00000001", "x"},
          std::tuple{"auth", "MD5", "1", "x"}, std::tuple{"auth", "MD5", "0000000g", "x"},
          std::tuple{"auth", "MD5", "00000001", ""}}) {
        auto credentials = mufasa();
        credentials.qop = qop;
        credentials.algorithm = algorithm;
        credentials.nc = nc;
        credentials.cnonce = cnonce;
        EXPECT_FALSE(credentials.computable()) << qop << algorithm << nc << cnonce;
        EXPECT_EQ(digest_response(ha1, credentials, "GET"), "");
        credentials.response.clear();
        EXPECT_FALSE(digest_matches(ha1, credentials, "GET"));
    }
}

TEST(Digest, credentials_keep_parameters_that_are_not_of_digest) {
    const auto credentials = DigestCredentials::parse(
        "digest  username=\"a\\\"b\" , realm=\"home1.net\",nonce=\"\",uri=\"sip:home1.net\",response=\"\","
        "integrity-protected=\"ip-assoc-pending\"");
    ASSERT_TRUE(credentials);
    EXPECT_EQ(credentials->username, "a\"b");
    EXPECT_EQ(credentials->nonce, "");
    EXPECT_EQ(credentials->other("Integrity-Protected"), "ip-assoc-pending");
    EXPECT_FALSE(credentials->other("auts"));
}

TEST(Digest, malformed_credentials_are_refused) {
    EXPECT_FALSE(DigestCredentials::parse("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    EXPECT_FALSE(DigestCredentials::parse("Digest"));
    EXPECT_FALSE(DigestCredentials::parse("Digestusername=\"a\""));
    EXPECT_FALSE(DigestCredentials::parse("Digest username"));
    EXPECT_FALSE(DigestCredentials::parse("Digest realm=\"a\",Realm=\"b\""));
    EXPECT_FALSE(DigestCredentials::parse(""));
    EXPECT_FALSE(DigestCredentials::parse("Digest realm=\"a,qop=auth"));
    EXPECT_FALSE(DigestCredentials::parse("Digest realm=\"a\",qop=\"auth,nc=1\""));
}

TEST(Digest, nonce_count_is_hexadecimal) {
    auto credentials = mufasa();
    credentials.nc = "0000001f";
    EXPECT_EQ(credentials.nonce_count(), 31U);
    credentials.nc = "ffffffff";
    EXPECT_EQ(credentials.nonce_count(), 0xffffffffU);
    credentials.nc = "123456789";
    EXPECT_FALSE(credentials.nonce_count());
}

TEST(Digest, challenge_and_credentials_survive_printing) {
    DigestChallenge challenge;
    challenge.realm = "home1.net";
    challenge.nonce = "n1";
    challenge.stale = true;
    EXPECT_EQ(challenge.print(), "Digest realm=\"home1.net\",nonce=\"n1\",algorithm=MD5,qop=\"auth\",stale=true");
    const auto read = DigestChallenge::parse(challenge.print());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->nonce, "n1");
    EXPECT_EQ(read->qop, "auth");
    EXPECT_TRUE(read->stale);

    const auto again = DigestCredentials::parse(mufasa().print());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->print(), mufasa().print());
    EXPECT_EQ(again->nc, "00000001");
}

TEST(Digest, SR_REG_08_authentication_info) {
    AuthenticationInfo info;
    info.nextnonce = "n2";
    info.qop = "auth";
    info.rspauth = "abc";
    info.cnonce = "c";
    info.nc = "00000002";
    EXPECT_EQ(info.print(), "nextnonce=\"n2\",qop=auth,rspauth=\"abc\",cnonce=\"c\",nc=00000002");
}

}  // namespace
}  // namespace isthmus::sip
