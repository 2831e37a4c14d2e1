// Milenage, authentication vectors and AUTS against the vectors of cx.md section 9 (TS 35.207, TS 35.208).
#include "common/subscriber/aka.hpp"

#include <gtest/gtest.h>

#include "common/sip/base64.hpp"
#include "common/sip/digest.hpp"

namespace isthmus::subscriber::aka {
namespace {

struct Set {
    const char* name;
    const char *k, *rand, *sqn, *amf, *op, *opc;
    const char *f1, *f1_star, *f2, *f3, *f4, *f5, *f5_star;
    const char *autn, *nonce, *auts, *auts_base64;
};

// cx.md section 9, word for word.
const Set sets[] = {
    {"first", "465b5ce8b199b49faa5f0a2ee238a6bc", "23553cbe9637a89d218ae64dae47bf35", "ff9bb4d0b607", "b9b9",
     "cdc202d5123e20f62b6d676ac72cb318", "cd63cb71954a9f4e48a5994e37a02baf", "4a9ffac354dfafb3", "01cfaf9ec4e871e9",
     "a54211d5e3ba50bf", "b40ba9a3c58b2a05bbf0d987b21bf8cb", "f769bcd751044604127672711c6d3441", "aa689c648370",
     "451e8beca43b", "55f328b43577b9b94a9ffac354dfafb3",
     "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=", "ba853f3c123ccf44e93596e355c6", "uoU/PBI8z0TpNZbjVcY="},
    {"second", "0396eb317b6d1c36f19c1c84cd6ffd16", "c00d603103dcee52c4478119494202e8", "fd8eef40df7d", "af17",
     "ff53bade17df5d4e793073ce9d7579fa", "53c15671c60a4b731c55b4a441c0bde2", "5df5b31807e258b0", "a8c016e51ef4a343",
     "d3a628ed988620f0", "58c433ff7a7082acd424220f2b67c556", "21a8c1f929702adb3e738488b9f5c5da", "c47783995f72",
     "30f1197061c1", "39f96cd9800faf175df5b31807e258b0",
     "wA1gMQPc7lLER4EZSUIC6Dn5bNmAD68XXfWzGAfiWLA=", "cd7ff630bebc1fb5eba74924b0e0", "zX/2ML68H7Xrp0kksOA="},
    {"third", "fec86ba6eb707ed08905757b1bb44b8f", "9f7c8d021accf4db213ccff0c7f71a6a", "9d0277595ffc", "725c",
     "dbc59adcb6f9a0ef735477b7fadf8374", "1006020f0a478bf6b699f15c062e42b3", "9cabc3e99baf7281", "95814ba2b3044324",
     "8011c48c0c214ed2", "5dbdbb2954e8f3cde665b046179a5098", "59a92d3b476a0443487055cf88b2307b", "33484dc2136b",
     "deacdd848cc6", "ae4a3a9b4c97725c9cabc3e99baf7281",
     "n3yNAhrM9NshPM/wx/caaq5KOptMl3JcnKvD6ZuvcoE=", "43aeaaddd33a9f8be774d095d08b", "Q66q3dM6n4vndNCV0Is="}};

template <class Octets>
Octets octets(std::string_view hex) {
    Octets out;
    EXPECT_EQ(hex.size(), out.size() * 2);
    for (std::size_t i = 0; i < out.size(); ++i)
        out.at(i) = static_cast<std::uint8_t>(std::stoul(std::string(hex.substr(2 * i, 2)), nullptr, 16));
    return out;
}

template <class Octets>
std::string text(const Octets& octets) {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

template <class Octets>
std::string hex(const Octets& octets) {
    return sip::to_hex(text(octets));
}

Secret secret_of(const Set& set) {
    return {octets<Block>(set.k), octets<Block>(set.opc), octets<Amf>(set.amf)};
}

class Vectors : public testing::TestWithParam<Set> {};
INSTANTIATE_TEST_SUITE_P(Set, Vectors, testing::ValuesIn(sets),
                         [](const testing::TestParamInfo<Set>& row) { return row.param.name; });

TEST_P(Vectors, TC_CX_01_every_function_of_Milenage) {
    const auto& set = GetParam();
    EXPECT_EQ(hex(Milenage::opc_from_op(octets<Block>(set.k), octets<Block>(set.op))), set.opc);
    const Milenage milenage(octets<Block>(set.k), octets<Block>(set.opc));
    const auto rand = octets<Block>(set.rand);
    const auto macs = milenage.f1(rand, octets<Sqn>(set.sqn), octets<Amf>(set.amf));
    EXPECT_EQ(hex(macs.a), set.f1);
    EXPECT_EQ(hex(macs.s), set.f1_star);
    const auto keys = milenage.f2345(rand);
    EXPECT_EQ(hex(keys.res), set.f2);
    EXPECT_EQ(hex(keys.ck), set.f3);
    EXPECT_EQ(hex(keys.ik), set.f4);
    EXPECT_EQ(hex(keys.ak), set.f5);
    EXPECT_EQ(hex(milenage.f5_star(rand)), set.f5_star);
}

TEST_P(Vectors, TC_CX_02_the_nonce_is_RAND_and_AUTN_in_base64) {
    const auto& set = GetParam();
    const auto sqn = number_of(octets<Sqn>(set.sqn));
    const auto vector = make_vector(secret_of(set), sqn, octets<Block>(set.rand));
    EXPECT_EQ(hex(vector.autn), set.autn);
    EXPECT_EQ(sip::to_base64(text(vector.rand) + text(vector.autn)), set.nonce);
    EXPECT_EQ(hex(vector.xres), set.f2);
    EXPECT_EQ(hex(vector.ck), set.f3);
    EXPECT_EQ(hex(vector.ik), set.f4);
}

TEST_P(Vectors, TC_CX_03_AUTS_gives_the_SQN_of_the_card) {
    const auto& set = GetParam();
    Resynchronisation said;
    said.rand = octets<Block>(set.rand);
    said.auts = octets<decltype(said.auts)>(set.auts);
    EXPECT_EQ(sip::to_base64(text(said.auts)), set.auts_base64);
    const auto secret = secret_of(set);
    // The table's AUTS is made with AMF 0, as CX-60 verifies it, whatever the subscriber's AMF is.
    EXPECT_EQ(open_auts(secret, said), number_of(octets<Sqn>(set.sqn)));
}

TEST_P(Vectors, CX_60_a_forged_AUTS_gives_nothing) {
    const auto& set = GetParam();
    Resynchronisation said;
    said.rand = octets<Block>(set.rand);
    said.auts = octets<decltype(said.auts)>(set.auts);
    const auto secret = secret_of(set);
    for (std::size_t bit = 0; bit < said.auts.size() * 8; ++bit) {
        auto forged = said;
        forged.auts.at(bit / 8) ^= static_cast<std::uint8_t>(1U << bit % 8);
        EXPECT_FALSE(open_auts(secret, forged)) << "bit " << bit;
    }
    auto replayed = said;  // to another challenge
    replayed.rand.front() ^= 1U;
    EXPECT_FALSE(open_auts(secret, replayed));
}

TEST(Aka, CX_60_SQN_is_48_bits_most_significant_octet_first) {
    EXPECT_EQ(hex(octets_of(0xff9bb4d0b607U)), "ff9bb4d0b607");
    EXPECT_EQ(hex(octets_of(32)), "000000000020");
    EXPECT_EQ(number_of(octets_of((1ULL << 48U) - 1)), (1ULL << 48U) - 1);
}

/// cx.md section 9, second table: set 1 as the digest of a REGISTER.
sip::DigestCredentials credentials_of_table() {
    sip::DigestCredentials credentials;
    credentials.username = "user1_private@home1.example";
    credentials.realm = "home1.example";
    credentials.nonce = sets[0].nonce;
    credentials.uri = "sip:home1.example";
    credentials.algorithm = "AKAv1-MD5";
    return credentials;
}

TEST(Aka, TC_REG_07_the_response_is_a_digest_with_RES_for_a_password) {
    auto credentials = credentials_of_table();
    const auto vector = make_vector(secret_of(sets[0]), 0xff9bb4d0b607U, octets<Block>(sets[0].rand));
    const auto ha1 = sip::digest_ha1(credentials.username, credentials.realm, text(vector.xres));
    EXPECT_EQ(ha1, "f7f4634d6c48baa74f465f4756c5970b");
    EXPECT_EQ(sip::digest_response(ha1, credentials, "REGISTER"), "89adc7471a601f69d1df94ac6dfdc294");
    credentials.qop = "auth";
    credentials.nc = "00000001";
    credentials.cnonce = "0a4f113b";
    EXPECT_EQ(sip::digest_response(ha1, credentials, "REGISTER"), "0354cdb1cd5a0bc75704d4743633ca75");
    EXPECT_EQ(sip::digest_rspauth(ha1, credentials), "1b4c1ae8487b8d4c416a13131b120ee3");
}

TEST(Aka, SR_REG_07_RES_is_octets_a_zero_among_them_ends_nothing) {
    const auto credentials = credentials_of_table();
    const auto response = [&](const std::string& res) {
        return sip::digest_response(sip::digest_ha1(credentials.username, credentials.realm, res), credentials,
                                    "REGISTER");
    };
    const std::string res("\x3a\xa7\x4f\x02\x2d\x48\x79\x00", 8);
    EXPECT_NE(response(res), response(res.substr(0, 7)));
    const std::string middle("\x3a\x00\x4f\x02\x2d\x48\x79\x01", 8);
    EXPECT_NE(response(middle), response(middle.substr(0, 1)));
}

TEST(Aka, SR_REG_10_a_resynchronisation_is_answered_with_an_empty_password) {
    const auto credentials = credentials_of_table();
    const auto ha1 = sip::digest_ha1(credentials.username, credentials.realm, "");
    EXPECT_EQ(ha1, "3229fa93da56d47978fa77f4480bf1d0");
    EXPECT_EQ(sip::digest_response(ha1, credentials, "REGISTER"), "3dba77102a210a9be0529722510d656b");
}

}  // namespace
}  // namespace isthmus::subscriber::aka
