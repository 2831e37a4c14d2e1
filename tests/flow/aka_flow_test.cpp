// Registration with a card, without IPsec (SR-REG-03..15, PR-REG-08, PR-REG-09, PR-REG-20).
#include <gmock/gmock.h>

#include "common/sip/base64.hpp"
#include "common/sip/headers.hpp"
#include "tests/flow/core_network.hpp"
#include "tests/support/card.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using subscriber::AssignmentType;
using subscriber::AuthenticationScheme;
using testing::HasSubstr;
using testing::Not;

const std::string impi = "carol@home1.net";

class AkaRegistration : public CoreNetwork {
  protected:
    AkaRegistration() {
        directory.add("carol", "home1.net", "unused");
        auto& user = directory.users.back();
        user.ha1.clear();
        user.cards[impi] = card.secret;
        shared.settings.registrar.authentication.aka_without_ipsec = true;
    }
    void strict() { shared.settings.registrar.authentication.aka_without_ipsec = false; }
    FakeDirectory::User& user() { return directory.users.back(); }

    struct Asked {
        std::string nonce;
        subscriber::aka::Block rand{};
        subscriber::aka::Block autn{};
    };
    static Asked read(const sip::Message& challenged) {
        Asked asked;
        asked.nonce = sip::DigestChallenge::parse(challenged.value(HeaderId::www_authenticate)).value().nonce;
        const auto octets = sip::from_base64(asked.nonce).value();
        EXPECT_EQ(octets.size(), 32U);
        std::copy_n(octets.begin(), 16, asked.rand.begin());
        std::copy_n(octets.begin() + 16, 16, asked.autn.begin());
        return asked;
    }
    static sip::DigestCredentials credentials(const Asked& asked, const std::string& password) {
        sip::DigestCredentials made;
        made.username = impi;
        made.realm = "home1.net";
        made.nonce = asked.nonce;
        made.uri = "sip:home1.net";
        made.algorithm = "AKAv1-MD5";
        made.response = sip::digest_response(sip::digest_ha1(impi, made.realm, password), made, "REGISTER");
        return made;
    }
    std::string right_answer(const sip::Message& challenged) const {
        const auto asked = read(challenged);
        EXPECT_TRUE(card.sqn_of(asked.rand, asked.autn)) << "the card would not answer";
        return credentials(asked, card.answer(asked.rand)).print();
    }
    std::string wrong_answer(const sip::Message& challenged) const {
        return credentials(read(challenged), "guess").print();
    }
    std::string auts(const sip::Message& challenged, subscriber::aka::Number own) const {
        const auto asked = read(challenged);
        auto made = credentials(asked, "");
        made.others.emplace_back("auts", sip::to_base64(support::text_of(card.refuse(asked.rand, own).auts)));
        return made.print();
    }
    /// The REGISTER with these credentials; `more`: header lines.
    void send(const std::string& authorization, const std::string& more = {}, const std::string& call_id = "reg-1") {
        auto text = register_text(carol_phone, carol, ++number, authorization) + more;
        const std::string usual = "Call-ID: reg-carol";
        text.replace(text.find(usual), usual.size(), "Call-ID: " + call_id);
        carol_phone.send(pcscf, text);
    }
    sip::Message challenge(const std::string& more = {}, const std::string& call_id = "reg-1") {
        send(no_answer(carol), more, call_id);
        return carol_phone.expect("SIP/2.0 401");
    }

    support::Card card;
    Phone carol_phone{net, "carol", "127.0.2.4:5070"};
    const Account carol{"carol", ""};
    int number = 0;
};
INSTANTIATE_TEST_SUITE_P(With, AkaRegistration, testing::Values(1, 4), worker_count);

const std::string ipsec_offered =
    "Security-Client: ipsec-3gpp;alg=hmac-sha-1-96;spi-c=23456789;spi-s=12345678;port-c=2468;port-s=1357\n";

TEST_P(AkaRegistration, TC_REG_63_a_card_registers_without_IPsec) {
    const auto challenged = challenge();
    send(right_answer(challenged));
    const auto ok = carol_phone.expect("SIP/2.0 200");
    EXPECT_EQ(net.ladder(), R"(
carol -> pcscf REGISTER
pcscf -> icscf REGISTER
icscf -> scscf REGISTER
scscf -> icscf 401 Unauthorized
icscf -> pcscf 401 Unauthorized
pcscf -> carol 401 Unauthorized
carol -> pcscf REGISTER
pcscf -> icscf REGISTER
icscf -> scscf REGISTER
scscf -> icscf 200 OK
icscf -> pcscf 200 OK
pcscf -> carol 200 OK
)");
    EXPECT_FALSE(challenged.has(HeaderId::security_server));
    EXPECT_TRUE(ok.has(HeaderId::service_route));
    EXPECT_EQ(user().bindings.size(), 1U);
    EXPECT_EQ(directory.asked.front().scheme, AuthenticationScheme::unknown) << "SR-REG-04: the directory decides";
    EXPECT_EQ(directory.assignments.size(), 1U);
    EXPECT_EQ(directory.assignments.front().type, AssignmentType::registration);
    // PR-REG-27: the address is known now, so registering again needs no challenge.
    send(no_answer(carol));
    carol_phone.expect("SIP/2.0 200");
}

TEST_P(AkaRegistration, TC_REG_63_a_card_without_IPsec_is_refused_where_that_is_not_allowed) {
    strict();
    send(no_answer(carol));
    const auto refused = carol_phone.expect("SIP/2.0 403");
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)), HasSubstr("\"Security agreement required\""));
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)), testing::StartsWith("399 "));
}

TEST_P(AkaRegistration, SR_REG_05_PR_REG_20_the_keys_end_at_the_P_CSCF) {
    Phone beside(net, "beside", "127.0.1.99:5060");  // of the core: asks the S-CSCF itself
    auto text = register_text(beside, carol, 1, no_answer(carol)) + "Path: <sip:p@127.0.1.10;lr>\n";
    beside.send(scscf, text);
    const auto inside = sip::DigestChallenge::parse(beside.expect("SIP/2.0 401").value(HeaderId::www_authenticate));
    ASSERT_TRUE(inside);
    EXPECT_EQ(inside->algorithm, "AKAv1-MD5");
    EXPECT_EQ(inside->realm, "home1.net");
    EXPECT_EQ(inside->qop, "") << "SR-REG-05: none unless aka_qop";
    const auto octets = sip::from_base64(inside->nonce).value();
    subscriber::aka::Block rand{};
    std::copy_n(octets.begin(), 16, rand.begin());
    const auto expected = subscriber::aka::Milenage(card.secret.k, card.secret.opc).f2345(rand);
    EXPECT_EQ(inside->ik, sip::to_hex(support::text_of(expected.ik)));
    EXPECT_EQ(inside->ck, sip::to_hex(support::text_of(expected.ck)));

    const auto outside = challenge();
    EXPECT_THAT(outside.print(), Not(HasSubstr("ik=")));
    EXPECT_THAT(outside.print(), Not(HasSubstr("ck=")));
    EXPECT_THAT(outside.print(), HasSubstr("algorithm=AKAv1-MD5"));
}

TEST_P(AkaRegistration, PR_REG_20_a_challenge_without_ik_is_500_to_the_UE) {
    Phone broken(net, "broken", "127.0.1.98:5060");
    pcscf_settings.icscf = "sip:127.0.1.98:5060";
    send(no_answer(carol));
    broken.answer(broken.expect("REGISTER"), 401, "Unauthorized", "t",
                  "WWW-Authenticate: Digest realm=\"home1.net\",nonce=\"n\",algorithm=AKAv1-MD5,ck=\"00\"\n");
    const auto refused = carol_phone.expect("SIP/2.0 500");
    EXPECT_FALSE(refused.has(HeaderId::www_authenticate));
}

TEST_P(AkaRegistration, SR_REG_05_qop_is_offered_where_configured_and_the_200_proves_us) {
    shared.settings.registrar.authentication.aka_qop = true;
    const auto challenged = challenge();
    EXPECT_EQ(sip::DigestChallenge::parse(challenged.value(HeaderId::www_authenticate))->qop, "auth");
    const auto asked = read(challenged);
    auto made = credentials(asked, "");
    made.qop = "auth";
    made.nc = "00000001";
    made.cnonce = "c0ffee";
    const auto ha1 = sip::digest_ha1(impi, made.realm, card.answer(asked.rand));
    made.response = sip::digest_response(ha1, made, "REGISTER");
    send(made.print());
    EXPECT_THAT(std::string(carol_phone.expect("SIP/2.0 200").value(HeaderId::authentication_info)),
                HasSubstr("rspauth=\"" + sip::digest_rspauth(ha1, made) + "\""));
}

TEST_P(AkaRegistration, TC_REG_08_RES_in_hexadecimal_is_a_wrong_answer_and_the_challenge_is_spent) {
    const auto challenged = challenge();
    send(credentials(read(challenged), sip::to_hex(card.answer(read(challenged).rand))).print());
    carol_phone.expect("SIP/2.0 403");
    EXPECT_EQ(directory.assignments.back().type, AssignmentType::authentication_failure) << "SR-REG-09";
    send(right_answer(challenged));
    carol_phone.expect("SIP/2.0 401");
    EXPECT_TRUE(user().bindings.empty());
}

TEST_P(AkaRegistration, SR_REG_09_a_wrong_answer_leaves_a_registration_alone) {
    send(right_answer(challenge()));
    carol_phone.expect("SIP/2.0 200");
    Phone thief(net, "thief", "127.0.2.66:5070");
    thief.send(pcscf, register_text(thief, carol, 1, no_answer(carol)));
    const auto challenged = thief.expect("SIP/2.0 401");
    thief.send(pcscf, register_text(thief, carol, 2, wrong_answer(challenged)));
    thief.expect("SIP/2.0 403");
    EXPECT_EQ(directory.assignments.back().type, AssignmentType::registration);
    EXPECT_EQ(user().bindings.size(), 1U);
}

TEST_P(AkaRegistration, TC_REG_09_a_card_out_of_step_brings_the_directory_to_its_number) {
    const subscriber::aka::Number own = 1U << 20U;
    const auto refused = challenge();
    send(auts(refused, own));
    const auto fresh = carol_phone.expect("SIP/2.0 401");
    ASSERT_EQ(directory.asked.size(), 2U);
    ASSERT_TRUE(directory.asked[1].resynchronisation);
    EXPECT_EQ(directory.asked[1].scheme, AuthenticationScheme::digest_aka_v1_md5);
    EXPECT_EQ(directory.asked[1].resynchronisation->rand, read(refused).rand) << "CX-40";
    EXPECT_EQ(card.sqn_of(read(fresh).rand, read(fresh).autn), own + 32);
    send(right_answer(fresh));
    carol_phone.expect("SIP/2.0 200");
}

TEST_P(AkaRegistration, TC_REG_10_the_third_AUTS_is_403) {
    auto challenged = challenge();
    for (int i = 0; i < 2; ++i) {
        send(auts(challenged, 1U << 20U));
        challenged = carol_phone.expect("SIP/2.0 401");
    }
    send(auts(challenged, 1U << 20U));
    carol_phone.expect("SIP/2.0 403");
}

TEST_P(AkaRegistration, SR_REG_10_an_AUTS_of_another_length_is_400_and_a_forged_one_403) {
    const auto challenged = challenge();
    for (const auto* text : {"", "AAAA", "no base64!", "uoU/PBI8z0TpNZbjVcYA"}) {
        auto made = credentials(read(challenged), "");
        made.others.emplace_back("auts", text);
        send(made.print());
        carol_phone.expect("SIP/2.0 400");
    }
    auto forged = credentials(read(challenged), "");
    forged.others.emplace_back("auts", "uoU/PBI8z0TpNZbjVcY=");
    const auto before = user().sqn;
    send(forged.print());
    carol_phone.expect("SIP/2.0 403");
    EXPECT_EQ(user().sqn, before);
}

TEST_P(AkaRegistration, SR_REG_10_a_replayed_AUTS_counts_for_no_challenge) {
    const auto said = auts(challenge(), 1U << 20U);
    send(said);
    carol_phone.expect("SIP/2.0 401");
    const auto asked = directory.asked.size();
    send(said);
    carol_phone.expect("SIP/2.0 401");
    ASSERT_EQ(directory.asked.size(), asked + 1);
    EXPECT_FALSE(directory.asked.back().resynchronisation);
}

TEST_P(AkaRegistration, SR_REG_10_beside_AUTS_the_response_is_empty_or_made_without_a_password) {
    const auto challenged = challenge();
    auto made = credentials(read(challenged), "guess");
    made.others.emplace_back("auts",
                             sip::to_base64(support::text_of(card.refuse(read(challenged).rand, 1U << 20U).auts)));
    send(made.print());
    carol_phone.expect("SIP/2.0 403");
    EXPECT_EQ(directory.asked.size(), 1U);

    const auto again = challenge({}, "reg-2");
    made = credentials(read(again), "");
    made.response.clear();
    made.others.emplace_back("auts", sip::to_base64(support::text_of(card.refuse(read(again).rand, 1U << 20U).auts)));
    send(made.print(), {}, "reg-2");
    carol_phone.expect("SIP/2.0 401");
    EXPECT_TRUE(directory.asked.back().resynchronisation);
}

TEST_P(AkaRegistration, TC_REG_12_the_answer_in_another_Call_ID_is_challenged) {
    const auto answer = right_answer(challenge());
    send(answer, {}, "reg-2");
    carol_phone.expect("SIP/2.0 401");
    send(answer);  // SR-REG-13: the first challenge was discarded
    carol_phone.expect("SIP/2.0 401");
}

TEST_P(AkaRegistration, SR_REG_11_a_UE_that_calls_two_challenges_invalid_gets_403) {
    auto distrust = credentials(read(challenge()), "");
    distrust.response.clear();
    send(distrust.print());
    distrust = credentials(read(carol_phone.expect("SIP/2.0 401")), "");
    distrust.response.clear();
    send(distrust.print());
    carol_phone.expect("SIP/2.0 403");
}

TEST_P(AkaRegistration, TC_REG_11_no_answer_for_four_minutes_is_told_to_the_directory) {
    challenge();
    net.advance(239'000);
    EXPECT_TRUE(directory.assignments.empty());
    net.advance(2'000);
    ASSERT_EQ(directory.assignments.size(), 1U);
    EXPECT_EQ(directory.assignments.front().type, AssignmentType::authentication_timeout);
    EXPECT_EQ(directory.assignments.front().public_identity, "sip:carol@home1.net");
    EXPECT_EQ(directory.assignments.front().private_identity, impi);
    net.advance(600'000);
    EXPECT_EQ(directory.assignments.size(), 1U) << "once";
}

TEST_P(AkaRegistration, SR_REG_12_an_unanswered_challenge_leaves_a_registration_alone) {
    send(right_answer(challenge()));
    carol_phone.expect("SIP/2.0 200");
    Phone moved(net, "moved", "127.0.2.7:5070");
    moved.send(pcscf, register_text(moved, carol, 1, no_answer(carol)));
    moved.expect("SIP/2.0 401");
    net.advance(300'000);
    EXPECT_EQ(directory.assignments.size(), 1U);
    EXPECT_EQ(user().bindings.size(), 1U);
}

TEST_P(AkaRegistration, SR_REG_05_an_answer_after_four_minutes_is_challenged) {
    const auto answer = right_answer(challenge());
    net.advance(240'001);
    send(answer);
    carol_phone.expect("SIP/2.0 401");
}

TEST_P(AkaRegistration, SR_REG_07_credentials_for_another_uri_are_400) {
    const auto asked = read(challenge());
    auto made = credentials(asked, "");
    made.uri = "sip:elsewhere.example";
    made.response = sip::digest_response(sip::digest_ha1(impi, made.realm, card.answer(asked.rand)), made, "REGISTER");
    send(made.print());
    carol_phone.expect("SIP/2.0 400");
    EXPECT_TRUE(user().bindings.empty());
}

TEST_P(AkaRegistration, TC_REG_64_IPsec_was_offered_and_the_answer_comes_without) {
    const auto challenged = challenge(ipsec_offered);
    EXPECT_EQ(directory.asked.front().scheme, AuthenticationScheme::digest_aka_v1_md5) << "SR-REG-04";
    send(right_answer(challenged), ipsec_offered);
    carol_phone.expect("SIP/2.0 200");
}

TEST_P(AkaRegistration, TC_REG_64_where_IPsec_is_a_must_that_answer_is_not_verified) {
    strict();
    auto challenged = challenge(ipsec_offered);
    for (int i = 0; i < 2; ++i) {
        send(right_answer(challenged), ipsec_offered);
        challenged = carol_phone.expect("SIP/2.0 401");
    }
    send(right_answer(challenged), ipsec_offered);
    carol_phone.expect("SIP/2.0 403");
    EXPECT_TRUE(user().bindings.empty());
}

TEST_P(AkaRegistration, TC_REG_65_each_answer_is_verified_by_the_scheme_of_its_challenge) {
    // AKA's answer arrives as ip-assoc-pending in every test above; here Digest's arrives as `no`.
    alice_phone.send(pcscf, register_text(alice_phone, alice, 1, no_answer(alice)));
    const auto answer = answer_to(alice_phone.expect("SIP/2.0 401"), alice);
    alice_phone.send(pcscf, register_text(alice_phone, alice, 2, answer) + ipsec_offered);
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(AkaRegistration, TC_CX_10_a_password_is_no_card) {
    alice_phone.send(pcscf, register_text(alice_phone, alice, 1, no_answer(alice)) + ipsec_offered);
    alice_phone.expect("SIP/2.0 403");
}

TEST_P(AkaRegistration, TC_REG_66_a_UE_that_ignores_its_challenges_gets_three_then_403_for_four_minutes) {
    for (int i = 0; i < 3; ++i) challenge();
    send(no_answer(carol));
    carol_phone.expect("SIP/2.0 403");
    EXPECT_EQ(directory.assignments.size(), 1U);
    EXPECT_EQ(directory.assignments.back().type, AssignmentType::authentication_failure);
    send(no_answer(carol));
    carol_phone.expect("SIP/2.0 403");
    EXPECT_EQ(directory.assignments.size(), 1U) << "the directory hears of it once";
    challenge({}, "reg-other");
    net.advance(240'001);
    challenge();
}

TEST_P(AkaRegistration, SR_REG_60_a_lost_directory_is_503_also_in_a_resynchronisation) {
    const auto said = auts(challenge(), 1U << 20U);
    directory.reachable = false;
    send(said);
    carol_phone.expect("SIP/2.0 503");
}

}  // namespace
}  // namespace isthmus::flow
