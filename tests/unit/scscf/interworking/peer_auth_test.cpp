#include "scscf/interworking/peer_auth.hpp"

#include <gtest/gtest.h>

#include "common/sip/digest.hpp"
#include "tests/unit/scscf/interworking/samples.hpp"

namespace isthmus::interworking {
namespace {

using namespace samples;
using sip::HeaderId;

constexpr std::string_view md5 = "Digest realm=\"isp\", nonce=\"n1\", qop=\"auth\", algorithm=MD5";

TEST(PeerAuth, T20_a_401_and_a_407_are_answered_each_in_its_field) {
    auto request = invite("", sdp(""));
    const auto refusal =
        response(407, "Proxy-Authenticate: " + std::string(md5) + "\r\nWWW-Authenticate: " + std::string(md5) + "\r\n");
    EXPECT_TRUE(answer_challenges(request, refusal, "us", "secret", "c1"));
    for (const auto field : {HeaderId::authorization, HeaderId::proxy_authorization}) {
        const auto shown = sip::DigestCredentials::parse(request.value(field));
        ASSERT_TRUE(shown);
        EXPECT_EQ(shown->uri, "sip:bob@isp.example");
        EXPECT_EQ(shown->nc, "00000001");
        EXPECT_TRUE(sip::digest_matches(sip::digest_ha1("us", "isp", "secret"), *shown, "INVITE"));
        EXPECT_FALSE(sip::digest_matches(sip::digest_ha1("us", "isp", "other"), *shown, "INVITE"));
    }
}

TEST(PeerAuth, T20_the_first_challenge_we_can_compute_is_answered) {
    auto request = invite("", sdp(""));
    const auto refusal = response(401,
                                  "WWW-Authenticate: Digest realm=\"isp\", nonce=\"n0\", algorithm=SHA-512-256\r\n"
                                  "WWW-Authenticate: Digest realm=\"isp\", nonce=\"n2\", qop=\"auth\", "
                                  "algorithm=SHA-256\r\nWWW-Authenticate: " +
                                      std::string(md5) + "\r\n");
    EXPECT_TRUE(answer_challenges(request, refusal, "us", "secret", "c1"));
    EXPECT_EQ(request.count(HeaderId::authorization), 1U);
    const auto shown = sip::DigestCredentials::parse(request.value(HeaderId::authorization));
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->nonce, "n2");
    const auto ha1 = sip::digest_ha1("us", "isp", "secret", sip::DigestAlgorithm::sha256);
    EXPECT_TRUE(sip::digest_matches(ha1, *shown, "INVITE"));
}

TEST(PeerAuth, T20_nothing_to_answer_is_said) {
    auto request = invite("", sdp(""));
    EXPECT_FALSE(answer_challenges(request, response(407, ""), "us", "secret", "c"));
    EXPECT_FALSE(answer_challenges(request, response(401, "WWW-Authenticate: Basic realm=\"x\"\r\n"), "us", "s", "c"));
    EXPECT_FALSE(request.has(HeaderId::authorization));
}

}  // namespace
}  // namespace isthmus::interworking
