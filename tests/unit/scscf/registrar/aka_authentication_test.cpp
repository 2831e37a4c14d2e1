// AKA in the registrar, where only `yes` or a clock of its own tells more than the flow tests (SR-REG-03..15).
#include <gtest/gtest.h>

#include "common/sip/base64.hpp"
#include "scscf/registrar/authentication.hpp"

namespace isthmus::registrar {
namespace {

const std::string impi = "user1_private@home1.example";
const std::string home = "home1.example";

std::string octets(const std::string& hex) {
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2) out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
}

/// Set 1 of cx.md section 9; another RAND gives another nonce with the same answer.
AkaKeys keys(const std::string& rand = "23553cbe9637a89d218ae64dae47bf35") {
    return {octets(rand), octets("55f328b43577b9b94a9ffac354dfafb3"), octets("a54211d5e3ba50bf"),
            octets("b40ba9a3c58b2a05bbf0d987b21bf8cb"), octets("f769bcd751044604127672711c6d3441")};
}

class Aka : public testing::Test {
  protected:
    static Attempt attempt(Protection protection, std::optional<sip::DigestCredentials> credentials = std::nullopt) {
        return {"c1", std::move(credentials), protection, false, impi, home};
    }
    sip::DigestChallenge challenge(const Attempt& asked, std::uint64_t now = 0, const AkaKeys& with = keys()) {
        return std::get<Challenges>(machine.challenge(asked, with, now)).front();
    }
    static sip::DigestCredentials credentials(const std::string& nonce, const std::string& response) {
        sip::DigestCredentials made;
        made.username = impi;
        made.realm = home;
        made.nonce = nonce;
        made.uri = "sip:home1.example";
        made.algorithm = "AKAv1-MD5";
        made.response = response;
        return made;
    }
    static constexpr const char* right = "89adc7471a601f69d1df94ac6dfdc294";  // cx.md section 9

    Authentication machine{AuthenticationRules{60'000, 3'600'000, false, false}};
};

TEST_F(Aka, TC_REG_07_the_response_of_the_vectors_is_accepted_over_an_association) {
    const auto made = challenge(attempt(Protection::no));
    EXPECT_EQ(made.nonce, "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=");
    EXPECT_EQ(
        made.print(),
        "Digest realm=\"home1.example\",nonce=\"I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=\",algorithm=AKAv1-MD5,"
        "ik=\"f769bcd751044604127672711c6d3441\",ck=\"b40ba9a3c58b2a05bbf0d987b21bf8cb\"");
    const auto verdict = machine.on_register(attempt(Protection::yes, credentials(made.nonce, right)), 1);
    ASSERT_TRUE(std::holds_alternative<Accepted>(verdict));
    EXPECT_FALSE(std::get<Accepted>(verdict).info) << "nothing to prove without qop";
    EXPECT_TRUE(machine.idle(2)) << "XRES and the count are gone";
}

TEST_F(Aka, SR_REG_07_each_part_must_be_the_challenges_own) {
    const auto made = challenge(attempt(Protection::no));
    auto of_another = credentials(made.nonce, right);
    of_another.username = "user2_private@home1.example";
    EXPECT_TRUE(std::holds_alternative<Rejected>(machine.on_register(attempt(Protection::yes, of_another), 1)));
    challenge(attempt(Protection::no), 2);
    auto plain = credentials(made.nonce, right);
    plain.algorithm = "MD5";
    EXPECT_TRUE(std::holds_alternative<Rejected>(machine.on_register(attempt(Protection::yes, plain), 3)));
    challenge(attempt(Protection::no), 4);
    auto elsewhere = attempt(Protection::yes, credentials(made.nonce, right));
    elsewhere.call_id = "c2";
    EXPECT_TRUE(std::holds_alternative<NeedVector>(machine.on_register(elsewhere, 5)));
    EXPECT_TRUE(std::holds_alternative<Accepted>(
        machine.on_register(attempt(Protection::yes, credentials(made.nonce, right)), 6)));
    EXPECT_TRUE(std::holds_alternative<NeedVector>(
        machine.on_register(attempt(Protection::yes, credentials(made.nonce, right)), 7)))
        << "an answer counts once";
}

TEST_F(Aka, SR_REG_04_the_scheme_follows_integrity_protected_alone) {
    for (const auto& [protection, aka] :
         {std::pair{Protection::no, true}, std::pair{Protection::yes, true}, std::pair{Protection::unknown, false},
          std::pair{Protection::associated, false}})
        EXPECT_EQ(std::get<NeedVector>(machine.on_register(attempt(protection), 0)).aka, aka);
}

TEST_F(Aka, HS_REG_08_integrity_protected_by_name) {
    EXPECT_EQ(protection_from("no"), Protection::no);
    EXPECT_EQ(protection_from("YES"), Protection::yes);
    EXPECT_EQ(protection_from("ip-assoc-yes"), Protection::associated);
    EXPECT_EQ(protection_from("tls-yes"), Protection::associated);
    for (const char* other : {"", "ip-assoc-pending", "tls-pending", "yes ", "true"})
        EXPECT_EQ(protection_from(other), Protection::unknown) << other;
}

TEST_F(Aka, SR_REG_14_what_offered_no_agreement_is_not_challenged_where_IPsec_is_a_must) {
    for (const auto protection : {Protection::unknown, Protection::associated}) {
        const auto outcome = machine.challenge(attempt(protection), keys(), 0);
        ASSERT_TRUE(std::holds_alternative<Rejected>(outcome));
        EXPECT_EQ(std::get<Rejected>(outcome).status, 403);
        EXPECT_EQ(std::get<Rejected>(outcome).warning, "Security agreement required");
        EXPECT_FALSE(std::get<Rejected>(outcome).failed);
    }
    EXPECT_TRUE(machine.idle(0)) << "it counts for no challenge";
}

TEST_F(Aka, SR_REG_10_AUTS_is_heard_outside_an_association_too) {
    const auto made = challenge(attempt(Protection::no));
    auto refusal = credentials(made.nonce, "3dba77102a210a9be0529722510d656b");  // cx.md section 9
    refusal.others.emplace_back("auts", "uoU/PBI8z0TpNZbjVcY=");
    const auto verdict = machine.on_register(attempt(Protection::no, refusal), 1);
    ASSERT_TRUE(std::holds_alternative<NeedVector>(verdict));
    const auto& said = std::get<NeedVector>(verdict).resynchronise;
    ASSERT_TRUE(said);
    EXPECT_EQ(said->rand, keys().rand);
    EXPECT_EQ(sip::to_hex(said->auts), "ba853f3c123ccf44e93596e355c6");
    EXPECT_TRUE(std::get<NeedVector>(verdict).aka);
}

TEST_F(Aka, bad_input_an_AUTS_said_twice_is_passed_on_once_also_when_no_challenge_followed) {
    const auto made = challenge(attempt(Protection::no));
    auto refusal = credentials(made.nonce, "3dba77102a210a9be0529722510d656b");
    refusal.others.emplace_back("auts", "uoU/PBI8z0TpNZbjVcY=");
    ASSERT_TRUE(std::get<NeedVector>(machine.on_register(attempt(Protection::no, refusal), 1)).resynchronise);
    const auto again = machine.on_register(attempt(Protection::no, refusal), 2);  // the directory was not to be had
    ASSERT_TRUE(std::holds_alternative<NeedVector>(again));
    EXPECT_FALSE(std::get<NeedVector>(again).resynchronise);
}

TEST_F(Aka, SR_REG_12_a_timeout_is_told_once_and_not_after_a_failure) {
    challenge(attempt(Protection::no));
    EXPECT_EQ(machine.next_end(), 240'000U);
    EXPECT_FALSE(machine.take_timeout(239'999));
    EXPECT_TRUE(machine.take_timeout(240'000));
    EXPECT_FALSE(machine.take_timeout(240'001));
    EXPECT_EQ(machine.next_end(), std::nullopt);

    const auto made = challenge(attempt(Protection::no), 300'000);
    machine.on_register(attempt(Protection::yes, credentials(made.nonce, "wrong")), 300'001);
    EXPECT_FALSE(machine.take_timeout(900'000)) << "it failed, that was told";

    challenge(attempt(Protection::no), 1'000'000);
    EXPECT_TRUE(machine.idle(1'500'000));
    challenge(attempt(Protection::no), 1'500'001);
    EXPECT_FALSE(machine.take_timeout(1'500'002)) << "who was silent is back";
}

TEST_F(Aka, SR_REG_13_a_new_challenge_discards_the_one_before) {
    const auto first = challenge(attempt(Protection::no));
    const auto second = challenge(attempt(Protection::no), 1, keys("c00d603103dcee52c4478119494202e8"));
    ASSERT_NE(first.nonce, second.nonce);
    EXPECT_TRUE(std::holds_alternative<NeedVector>(
        machine.on_register(attempt(Protection::yes, credentials(first.nonce, right)), 2)));
}

TEST_F(Aka, SR_REG_11_two_accidents_with_an_answer_between_them_are_no_403) {
    machine = Authentication(AuthenticationRules{60'000, 3'600'000, true, false});
    auto made = challenge(attempt(Protection::no));
    EXPECT_TRUE(std::holds_alternative<NeedVector>(
        machine.on_register(attempt(Protection::no, credentials(made.nonce, "")), 1)));
    made = challenge(attempt(Protection::no), 2);
    EXPECT_TRUE(std::holds_alternative<Accepted>(
        machine.on_register(attempt(Protection::no, credentials(made.nonce, right)), 3)));
    made = challenge(attempt(Protection::no), 4);
    EXPECT_TRUE(std::holds_alternative<NeedVector>(
        machine.on_register(attempt(Protection::no, credentials(made.nonce, "")), 5)));
}

}  // namespace
}  // namespace isthmus::registrar
