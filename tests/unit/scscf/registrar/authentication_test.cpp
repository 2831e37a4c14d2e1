// Who a REGISTER comes from, as a table and as dialogues (SR-REG-03, SR-REG-06, SR-REG-08, SR-REG-14, SR-REG-15).
#include "scscf/registrar/authentication.hpp"

#include <gtest/gtest.h>

namespace isthmus::registrar {
namespace {

const std::string user = "alice@home1.net";
const std::string realm = "home1.net";
const std::string ha1 = sip::digest_ha1(user, realm, "secret");

sip::DigestCredentials answer(const std::string& nonce, const std::string& nc = "00000001",
                              const std::string& key = ha1) {
    sip::DigestCredentials credentials;
    credentials.username = user;
    credentials.realm = realm;
    credentials.nonce = nonce;
    credentials.uri = "sip:home1.net";
    credentials.qop = "auth";
    credentials.nc = nc;
    credentials.cnonce = "c";
    credentials.response = sip::digest_response(key, credentials, "REGISTER");
    return credentials;
}

sip::DigestCredentials empty_credentials() {
    sip::DigestCredentials credentials;
    credentials.username = user;
    credentials.realm = realm;
    return credentials;
}

DigestKeys keys(const std::string& nonce) {
    return {realm, ha1, {}, nonce};
}

const std::string wrong_ha1 = sip::digest_ha1(user, realm, "guess");

class Authenticating : public testing::Test {
  protected:
    /// Challenges with `nonce`; the challenge.
    sip::DigestChallenge challenge(const std::string& nonce, const Attempt& attempt, std::uint64_t now = 0) {
        return std::get<Challenges>(machine.challenge(attempt, keys(nonce), now)).front();
    }
    bool accepts(const Attempt& attempt, std::uint64_t now = 0) {
        return std::holds_alternative<Accepted>(machine.on_register(attempt, now));
    }
    bool asks_for_vector(const Attempt& attempt, std::uint64_t now = 0) {
        return std::holds_alternative<NeedVector>(machine.on_register(attempt, now));
    }
    Authentication machine{AuthenticationRules{60'000, 3'600'000}};
};

struct Row {
    const char* name;
    Protection protection;
    bool registered;
    bool response;
    bool outstanding;
    bool accepted;
};

class Decision : public testing::TestWithParam<Row> {};

TEST_P(Decision, SR_REG_03_by_address_state_and_response) {
    const auto& row = GetParam();
    Authentication machine({});
    if (row.outstanding) machine.challenge({"c1", std::nullopt}, keys("n1"), 0);
    Attempt attempt{"c1", row.response ? answer("n1") : empty_credentials(), row.protection, row.registered};
    const auto verdict = machine.on_register(attempt, 1);
    EXPECT_EQ(std::holds_alternative<Accepted>(verdict), row.accepted);
    EXPECT_EQ(std::holds_alternative<NeedVector>(verdict), !row.accepted);
}

INSTANTIATE_TEST_SUITE_P(
    Row, Decision,
    testing::Values(Row{"nothing", Protection::unknown, false, false, false, false},
                    Row{"registered_elsewhere", Protection::unknown, true, false, false, false},
                    Row{"address_known_but_not_registered", Protection::associated, false, false, false, false},
                    Row{"registered_at_this_address", Protection::associated, true, false, false, true},
                    Row{"response_without_challenge", Protection::unknown, false, true, false, false},
                    Row{"response_without_challenge_known", Protection::associated, true, true, false, false},
                    Row{"response_to_challenge", Protection::unknown, false, true, true, true},
                    Row{"response_to_challenge_known", Protection::associated, true, true, true, true},
                    Row{"sec_agree_offered", Protection::no, false, false, false, false},
                    Row{"sec_agree_offered_and_registered", Protection::no, true, false, false, false},
                    Row{"over_an_association", Protection::yes, true, false, false, true},
                    Row{"over_an_association_not_registered", Protection::yes, false, false, false, false},
                    Row{"over_an_association_stale", Protection::yes, true, true, false, false},
                    Row{"over_an_association_response", Protection::yes, true, true, true, true}),
    [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

TEST_F(Authenticating, SR_REG_06_the_challenge_names_realm_nonce_MD5_and_auth) {
    const auto made = challenge("n1", {"c1", std::nullopt});
    EXPECT_EQ(made.realm, realm);
    EXPECT_EQ(made.nonce, "n1");
    EXPECT_EQ(made.algorithm, "MD5");
    EXPECT_EQ(made.qop, "auth");
    EXPECT_FALSE(made.stale);
}

TEST_F(Authenticating, SR_REG_06_a_nonce_nobody_used_dies_after_its_time_a_used_one_lives_on) {
    challenge("n1", {"c1", std::nullopt});
    challenge("n2", {"c2", std::nullopt});
    EXPECT_TRUE(accepts({"c1", answer("n1")}, 59'999));
    EXPECT_TRUE(asks_for_vector({"c2", answer("n2")}, 60'000));
    EXPECT_TRUE(accepts({"c1", answer("n1", "00000002")}, 59'999 + 3'599'999));
    EXPECT_TRUE(asks_for_vector({"c1", answer("n1", "00000003")}, 59'999 + 2 * 3'600'000));
}

TEST_F(Authenticating, SR_REG_08_a_right_response_brings_Authentication_Info_that_proves_us) {
    challenge("n1", {"c1", std::nullopt});
    const auto credentials = answer("n1");
    const auto verdict = machine.on_register({"c1", credentials}, 1);
    ASSERT_TRUE(std::holds_alternative<Accepted>(verdict));
    const auto& info = std::get<Accepted>(verdict).info;
    ASSERT_TRUE(info);
    EXPECT_EQ(info->rspauth, sip::digest_rspauth(ha1, credentials));
    EXPECT_EQ(info->nc, "00000001");
    EXPECT_EQ(info->cnonce, "c");
    EXPECT_EQ(info->qop, "auth");
}

TEST_F(Authenticating, SR_REG_08_a_wrong_response_is_challenged_anew_not_as_stale) {
    challenge("n1", {"c1", std::nullopt});
    const Attempt wrong{"c1", answer("n1", "00000001", wrong_ha1)};
    EXPECT_TRUE(asks_for_vector(wrong, 1));
    EXPECT_FALSE(challenge("n2", wrong, 1).stale);
    EXPECT_TRUE(accepts({"c1", answer("n2")}, 2));
}

TEST_F(Authenticating, SR_REG_08_a_nonce_count_counts_up_and_is_used_once) {
    challenge("n1", {"c1", std::nullopt});
    EXPECT_TRUE(accepts({"c1", answer("n1", "00000005")}, 1));
    const Attempt again{"c1", answer("n1", "00000005")};
    EXPECT_TRUE(asks_for_vector(again, 2)) << "a replay";
    EXPECT_TRUE(asks_for_vector({"c1", answer("n1", "00000004")}, 2));
    EXPECT_TRUE(challenge("n2", again, 2).stale) << "he knows the password";
    EXPECT_TRUE(accepts({"c1", answer("n1", "00000006")}, 3));
}

TEST_F(Authenticating, SR_REG_08_an_expired_nonce_with_the_right_response_is_stale) {
    challenge("n1", {"c1", std::nullopt});
    const Attempt late{"c1", answer("n1")};
    EXPECT_TRUE(asks_for_vector(late, 70'000));
    EXPECT_TRUE(challenge("n2", late, 70'000).stale);
}

TEST_F(Authenticating, SR_REG_08_auth_without_a_nonce_count_is_no_response) {
    challenge("n1", {"c1", std::nullopt});
    auto credentials = answer("n1");
    credentials.nc.clear();
    EXPECT_TRUE(asks_for_vector({"c1", credentials}, 1));
}

TEST_F(Authenticating, SR_REG_14_is_verified_by_its_own_challenge_whatever_the_address_says) {
    challenge("n1", {"c1", std::nullopt});
    challenge("n2", {"c1", std::nullopt});
    EXPECT_TRUE(accepts({"c1", answer("n1"), Protection::associated, true}, 1))
        << "the older of two outstanding challenges";
    EXPECT_FALSE(accepts({"c1", answer("n2", "00000001", wrong_ha1), Protection::associated, true}, 1))
        << "a wrong response is wrong from a known address too";
}

TEST_F(Authenticating, SR_REG_15_the_fourth_challenge_without_success_is_403) {
    for (int i = 0; i < 3; ++i) challenge("n" + std::to_string(i), {"c1", std::nullopt});
    const auto fourth = machine.challenge({"c1", std::nullopt}, keys("n4"), 1);
    ASSERT_TRUE(std::holds_alternative<Rejected>(fourth));
    EXPECT_EQ(std::get<Rejected>(fourth).status, 403);
    challenge("other", {"c2", std::nullopt});  // another Call-ID has a series of its own
}

TEST_F(Authenticating, SR_REG_15_success_begins_a_new_series) {
    for (int i = 0; i < 3; ++i) challenge("n" + std::to_string(i), {"c1", std::nullopt});
    EXPECT_TRUE(accepts({"c1", answer("n2")}, 1));
    for (int i = 0; i < 3; ++i) challenge("m" + std::to_string(i), {"c1", std::nullopt}, 2);
    EXPECT_TRUE(std::holds_alternative<Rejected>(machine.challenge({"c1", std::nullopt}, keys("m4"), 2)));
}

TEST_F(Authenticating, SR_REG_15_four_minutes_after_the_last_challenge_the_series_is_forgotten) {
    for (std::uint64_t i = 0; i < 3; ++i) challenge("n" + std::to_string(i), {"c1", std::nullopt}, i * 1'000);
    EXPECT_TRUE(std::holds_alternative<Rejected>(machine.challenge({"c1", std::nullopt}, keys("n4"), 241'999)));
    EXPECT_FALSE(machine.idle(241'999));
    EXPECT_TRUE(machine.idle(242'000));
    challenge("n5", {"c1", std::nullopt}, 242'000);
}

TEST_F(Authenticating, bad_input_strangers_who_ask_and_ask_do_not_end_a_nonce_that_was_proved) {
    challenge("own", {"own", std::nullopt});
    ASSERT_TRUE(accepts({"own", answer("own")}, 1));
    for (int i = 0; i < 100; ++i) challenge("n" + std::to_string(i), {"c" + std::to_string(i), std::nullopt}, 2);
    EXPECT_TRUE(accepts({"own", answer("own", "00000002")}, 3));
    for (int i = 0; i < 100; ++i) {
        challenge("p" + std::to_string(i), {"own", std::nullopt}, 4);
        ASSERT_TRUE(accepts({"own", answer("p" + std::to_string(i))}, 4)) << "proved ones make room for each other";
    }
}

TEST_F(Authenticating, who_sends_endless_call_ids_and_nonces_keeps_no_more_than_a_few) {
    challenge("first", {"first", std::nullopt});
    for (int i = 0; i < 1'000; ++i) challenge("n" + std::to_string(i), {"c" + std::to_string(i), std::nullopt});
    EXPECT_TRUE(asks_for_vector({"first", answer("first")}, 1)) << "the oldest nonce made room";
    EXPECT_TRUE(accepts({"c999", answer("n999")}, 1));
}

}  // namespace
}  // namespace isthmus::registrar
