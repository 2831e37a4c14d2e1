// Who a REGISTER speaks for (PR-REG-03, PR-REG-08), and Digest with SHA-256 (SR-REG-06, RFC 8760).
#include <gmock/gmock.h>

#include "common/sip/headers.hpp"
#include "tests/flow/core_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;

// --- who a REGISTER speaks for ---

class OneIdentity : public CoreNetwork {
  protected:
    static std::string credentials(const std::string& user, const std::string& realm) {
        return "Digest username=\"" + user + "@home1.net\",realm=\"" + realm +
               "\",nonce=\"\",uri=\"sip:home1.net\",response=\"\"";
    }
    Phone mallory_phone{net, "mallory", "127.0.2.66:5070"};
};
INSTANTIATE_TEST_SUITE_P(With, OneIdentity, testing::Values(1, 4), worker_count);

TEST_P(OneIdentity, PR_REG_03_protection_claimed_in_a_second_Authorization_is_taken_off) {
    do_register(alice_phone, alice);
    auto text = register_text(mallory_phone, alice, 1, credentials("alice", "other.realm"));
    mallory_phone.send(pcscf, text + "Authorization: " + credentials("alice", "home1.net") +
                                  ",integrity-protected=\"ip-assoc-yes\"\n");
    mallory_phone.expect("SIP/2.0 401");
    ASSERT_EQ(directory.users[0].bindings.size(), 1U);
    EXPECT_EQ(directory.users[0].bindings[0].contact, "sip:alice@127.0.2.1:5070");
}

TEST_P(OneIdentity, PR_REG_08_a_known_address_vouches_for_its_own_user_alone) {
    do_register(alice_phone, alice);
    do_register(bob_phone, bob);
    // Bob's address is known as bob's; he names himself first and alice in the credentials that the registrar reads.
    auto text = register_text(bob_phone, bob, 9, credentials("bob", "other.realm")) +
                "Authorization: " + credentials("alice", "home1.net") + "\n";
    for (const auto* field : {"From: <sip:", "To: <sip:"})
        text.replace(text.find(field) + std::string(field).size(), 3, "alice");
    bob_phone.send(pcscf, text);
    EXPECT_FALSE(bob_phone.has("SIP/2.0 200"));
    ASSERT_EQ(directory.users[0].bindings.size(), 1U);
    EXPECT_EQ(directory.users[0].bindings[0].contact, "sip:alice@127.0.2.1:5070");
}

TEST_P(OneIdentity, PR_REG_24_what_a_200_teaches_belongs_to_whom_it_was_granted) {
    do_register(alice_phone, alice);
    // Bob registers with his own password, but names alice in credentials of no realm of ours before it.
    const auto with_alice = [](std::string text) {
        return text.insert(text.find("Authorization: "),
                           "Authorization: " + credentials("alice", "other.realm") + "\n");
    };
    bob_phone.send(pcscf, with_alice(register_text(bob_phone, bob, 1, no_answer(bob))));
    const auto challenged = bob_phone.expect("SIP/2.0");
    if (challenged.status() == 401)
        bob_phone.send(pcscf, with_alice(register_text(bob_phone, bob, 2, answer_to(challenged, bob))));
    const pcscf::Clock::time_point now(std::chrono::milliseconds(net.now()));
    EXPECT_NE(bindings.by_contact("alice@home1.net", "sip:alice@127.0.2.1:5070", now), nullptr)
        << "alice's phone is still known";
    EXPECT_EQ(bindings.by_contact("alice@home1.net", "sip:bob@127.0.2.2:5070", now), nullptr);
}

// --- SHA-256 ---

class Sha256Registration : public CoreNetwork {
  protected:
    static std::string answer_by(const sip::DigestChallenge& challenge) {
        sip::DigestCredentials made;
        made.username = "alice@home1.net";
        made.realm = challenge.realm;
        made.nonce = challenge.nonce;
        made.uri = "sip:home1.net";
        made.algorithm = challenge.algorithm;
        made.qop = "auth";
        made.nc = "00000001";
        made.cnonce = "c0ffee";
        made.response = sip::digest_response(
            sip::digest_ha1(made.username, made.realm, "a-secret", sip::digest_algorithm(made.algorithm).value()), made,
            "REGISTER");
        return made.print();
    }
    void give_sha256() {
        directory.users[0].ha1_sha256["alice@home1.net"] =
            sip::digest_ha1("alice@home1.net", "home1.net", "a-secret", sip::DigestAlgorithm::sha256);
    }
    std::vector<sip::DigestChallenge> challenges() { return challenges(alice_phone); }
    std::vector<sip::DigestChallenge> challenges(Phone& phone) {
        phone.send(pcscf, register_text(phone, alice, ++cseq, no_answer(alice)));
        std::vector<sip::DigestChallenge> offers;
        const auto challenged = phone.expect("SIP/2.0 401");
        for (const auto value : challenged.values(HeaderId::www_authenticate))
            offers.push_back(sip::DigestChallenge::parse(value).value());
        return offers;
    }
};
INSTANTIATE_TEST_SUITE_P(With, Sha256Registration, testing::Values(1, 4), worker_count);

TEST_P(Sha256Registration, SR_REG_06_both_algorithms_are_offered_SHA_256_first_and_either_is_verified) {
    give_sha256();
    Phone second(net, "second", "127.0.2.8:5070");
    for (const auto& [phone, chosen, length] : {std::tuple{&alice_phone, 0U, 64U}, std::tuple{&second, 1U, 32U}}) {
        const auto offers = challenges(*phone);
        ASSERT_EQ(offers.size(), 2U);
        EXPECT_EQ(offers[0].algorithm, "SHA-256");
        EXPECT_EQ(offers[1].algorithm, "MD5");
        phone->send(pcscf, register_text(*phone, alice, ++cseq, answer_by(offers[chosen])));
        const auto info = std::string(phone->expect("SIP/2.0 200").value(HeaderId::authentication_info));
        const std::string_view rspauth = "rspauth=\"";
        const auto start = info.find(rspauth) + rspauth.size();
        EXPECT_EQ(info.find('"', start) - start, length);
    }
}

TEST_P(Sha256Registration, SR_REG_06_a_user_without_it_is_offered_MD5_and_cannot_answer_by_SHA_256) {
    auto offers = challenges();
    ASSERT_EQ(offers.size(), 1U);
    offers[0].algorithm = "SHA-256";
    alice_phone.send(pcscf, register_text(alice_phone, alice, ++cseq, answer_by(offers[0])));
    alice_phone.expect("SIP/2.0 401");
}

TEST_P(Sha256Registration, SR_REG_06_a_user_with_SHA_256_alone_is_not_verified_by_MD5) {
    give_sha256();
    directory.users[0].ha1["alice@home1.net"].clear();
    auto offers = challenges();
    ASSERT_EQ(offers.size(), 1U);
    EXPECT_EQ(offers[0].algorithm, "SHA-256");
    offers[0].algorithm = "MD5";
    alice_phone.send(pcscf, register_text(alice_phone, alice, ++cseq, answer_by(offers[0])));
    const auto again = alice_phone.expect("SIP/2.0 401");
    EXPECT_FALSE(sip::DigestChallenge::parse(again.value(HeaderId::www_authenticate))->stale);
    alice_phone.send(
        pcscf, register_text(alice_phone, alice, ++cseq,
                             answer_by(sip::DigestChallenge::parse(again.value(HeaderId::www_authenticate)).value())));
    alice_phone.expect("SIP/2.0 200");
}

}  // namespace
}  // namespace isthmus::flow
