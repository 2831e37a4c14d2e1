#include <gmock/gmock.h>

#include "common/sip/headers.hpp"
#include "tests/flow/core_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::HasSubstr;

class Registration : public CoreNetwork {};
INSTANTIATE_TEST_SUITE_P(With, Registration, testing::Values(1, 4), worker_count);

TEST_P(Registration, TC_REG_13_digest_is_challenged_and_accepted) {
    const auto ok = do_register(alice_phone, alice);
    EXPECT_EQ(net.ladder(), R"(
alice -> pcscf REGISTER
pcscf -> icscf REGISTER
icscf -> scscf REGISTER
scscf -> icscf 401 Unauthorized
icscf -> pcscf 401 Unauthorized
pcscf -> alice 401 Unauthorized
alice -> pcscf REGISTER
pcscf -> icscf REGISTER
icscf -> scscf REGISTER
scscf -> icscf 200 OK
icscf -> pcscf 200 OK
pcscf -> alice 200 OK
)");
    EXPECT_THAT(std::string(ok.value(HeaderId::contact)), HasSubstr("<sip:alice@127.0.2.1:5070>;expires=3600"));
    EXPECT_TRUE(ok.has(HeaderId::service_route));
    EXPECT_TRUE(ok.has(HeaderId::path));
    EXPECT_EQ(ok.values(HeaderId::p_associated_uri).size(), 3U);
    EXPECT_EQ(ok.first(HeaderId::p_associated_uri), "<sip:alice@home1.net>");
    EXPECT_FALSE(ok.has(HeaderId::p_charging_vector)) << "PR-REG-24(3): no UE sees it";
    EXPECT_EQ(directory.users[0].bindings.size(), 1U);
}

TEST_P(Registration, SR_REG_25_all_identities_of_the_set_are_registered) {
    do_register(alice_phone, alice);
    for (const auto* identity : {"sip:alice@home1.net", "sip:alice.home@home1.net", "tel:+15551001"})
        EXPECT_NE(shared.registrations.find(std::string(identity)), nullptr) << identity;
}

TEST_P(Registration, TC_REG_15_wrong_password_three_times_is_403) {
    const Account wrong{"alice", "guess"};
    alice_phone.send(pcscf, register_text(alice_phone, wrong, 1, no_answer(wrong)));
    for (int i = 2; i <= 3; ++i) {
        const auto challenged = alice_phone.expect("SIP/2.0 401");
        alice_phone.send(pcscf, register_text(alice_phone, wrong, i, answer_to(challenged, wrong)));
    }
    const auto challenged = alice_phone.expect("SIP/2.0 401");
    alice_phone.send(pcscf, register_text(alice_phone, wrong, 4, answer_to(challenged, wrong)));
    alice_phone.expect("SIP/2.0 403");
    EXPECT_TRUE(directory.users[0].bindings.empty());
}

TEST_P(Registration, TC_REG_14_replayed_nonce_count_is_stale) {
    alice_phone.send(pcscf, register_text(alice_phone, alice, 1, no_answer(alice)));
    const auto authorization = answer_to(alice_phone.expect("SIP/2.0 401"), alice);
    alice_phone.send(pcscf, register_text(alice_phone, alice, 2, authorization));
    alice_phone.expect("SIP/2.0 200");
    Phone thief(net, "thief", "127.0.2.66:5070");
    thief.send(pcscf, register_text(thief, alice, 3, authorization));
    const auto challenged = thief.expect("SIP/2.0 401");
    EXPECT_TRUE(sip::DigestChallenge::parse(challenged.value(HeaderId::www_authenticate))->stale);
    EXPECT_EQ(directory.users[0].bindings.front().contact, "sip:alice@127.0.2.1:5070");
}

TEST_P(Registration, ER_REG_06_unknown_subscriber_is_403) {
    const Account stranger{"mallory", "x"};
    alice_phone.send(pcscf, register_text(alice_phone, stranger, 1, no_answer(stranger)));
    alice_phone.expect("SIP/2.0 403");
}

TEST_P(Registration, TC_REG_22_too_short_is_423) {
    alice_phone.send(pcscf, register_text(alice_phone, alice, 1, no_answer(alice), "10"));
    const auto challenged = alice_phone.expect("SIP/2.0 401");
    alice_phone.send(pcscf, register_text(alice_phone, alice, 2, answer_to(challenged, alice), "10"));
    EXPECT_EQ(alice_phone.expect("SIP/2.0 423").value(HeaderId::min_expires), "60");
}

TEST_P(Registration, TC_REG_24_re_registration_from_the_same_address_is_not_challenged) {
    do_register(alice_phone, alice);
    alice_phone.send(pcscf, register_text(alice_phone, alice, 9, no_answer(alice)));
    alice_phone.expect("SIP/2.0 200");
    EXPECT_EQ(directory.assignments.back().type, subscriber::AssignmentType::re_registration);
    EXPECT_EQ(directory.users[0].bindings.size(), 1U);
}

TEST_P(Registration, TC_REG_26_deregistration_ends_everything) {
    do_register(alice_phone, alice);
    alice_phone.send(pcscf, register_text(alice_phone, alice, 9, no_answer(alice), "0"));
    const auto ok = alice_phone.expect("SIP/2.0 200");
    EXPECT_FALSE(ok.has(HeaderId::service_route)) << "SR-REG-42";
    EXPECT_EQ(directory.assignments.back().type, subscriber::AssignmentType::user_deregistration);
    EXPECT_EQ(shared.registrations.find(std::string("sip:alice@home1.net")), nullptr);
    EXPECT_EQ(bindings.size(), 0U);
}

TEST_P(Registration, TC_REG_21_directory_unreachable_is_503_and_the_old_binding_stays) {
    do_register(alice_phone, alice);
    directory.reachable = false;
    alice_phone.send(pcscf, register_text(alice_phone, alice, 9, no_answer(alice)));
    const auto refused = alice_phone.expect("SIP/2.0 503");
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)), HasSubstr("\"Subscriber data unavailable\""));
    const auto wait = refused.number(HeaderId::retry_after);
    ASSERT_TRUE(wait);
    EXPECT_GE(*wait, 5U);
    EXPECT_LE(*wait, 30U);
    EXPECT_NE(shared.registrations.find(std::string("sip:alice@home1.net")), nullptr) << "SR-REG-61";
}

TEST_P(Registration, TC_REG_06_the_UE_cannot_claim_protection) {
    alice_phone.send(pcscf,
                     register_text(alice_phone, alice, 1, no_answer(alice) + ",integrity-protected=\"ip-assoc-yes\""));
    alice_phone.expect("SIP/2.0 401");
}

TEST_P(Registration, TC_REG_41_unknown_Require_is_420) {
    auto text = register_text(alice_phone, alice, 1, no_answer(alice)) + "Require: foo\n";
    alice_phone.send(pcscf, text);
    EXPECT_EQ(alice_phone.expect("SIP/2.0 420").value(HeaderId::unsupported), "foo");
}

TEST_P(Registration, TC_REG_39_two_private_identities_share_an_identity_both_contacts_are_listed) {
    auto& user = directory.users[0];
    user.profile.private_identities.push_back({"tablet@home1.net", std::nullopt});
    user.ha1["tablet@home1.net"] = sip::digest_ha1("tablet@home1.net", "home1.net", "t-secret");
    do_register(alice_phone, alice);
    Phone tablet(net, "tablet", "127.0.2.3:5070");
    const Account account{"tablet", "t-secret"};
    auto text = register_text(tablet, account, 1, no_answer(account));
    const auto for_alice = [](std::string one) {
        for (const auto* field : {"From: <sip:", "To: <sip:"})
            one.replace(one.find(field) + std::string(field).size(), 6, "alice");
        return one;
    };
    tablet.send(pcscf, for_alice(text));
    const auto challenged = tablet.expect("SIP/2.0 401");
    tablet.send(pcscf, for_alice(register_text(tablet, account, 2, answer_to(challenged, account))));
    EXPECT_EQ(tablet.expect("SIP/2.0 200").values(HeaderId::contact).size(), 2U);
}

TEST_P(Registration, TC_REG_27_an_expired_contact_is_gone_at_its_time) {
    do_register(alice_phone, alice, "60");
    net.advance(59'000);
    EXPECT_NE(shared.registrations.find(std::string("sip:alice@home1.net")), nullptr);
    net.advance(2'000);
    EXPECT_EQ(shared.registrations.find(std::string("sip:alice@home1.net")), nullptr);
    EXPECT_EQ(directory.assignments.back().type, subscriber::AssignmentType::timeout_deregistration);
    EXPECT_EQ(bindings
                  .by_flow({transport::Protocol::udp, alice_phone.address()},
                           pcscf::Clock::time_point(std::chrono::milliseconds(net.now())))
                  .size(),
              0U)
        << "PR-REG-30";
}

TEST_P(Registration, TC_REG_68_a_contact_ends_at_its_time_though_the_directory_is_unreachable) {
    do_register(alice_phone, alice, "60");
    directory.reachable = false;
    net.advance(61'000);
    EXPECT_EQ(shared.registrations.find(std::string("sip:alice@home1.net")), nullptr);
}

TEST_P(Registration, SR_REG_20_a_re_registration_moves_the_end) {
    do_register(alice_phone, alice, "60");
    net.advance(40'000);
    alice_phone.send(pcscf, register_text(alice_phone, alice, 9, no_answer(alice), "60"));
    alice_phone.expect("SIP/2.0 200");
    net.advance(40'000);
    EXPECT_NE(shared.registrations.find(std::string("sip:alice@home1.net")), nullptr);
}

TEST_P(Registration, SR_REG_06_a_challenge_answered_too_late_is_asked_again_as_stale) {
    alice_phone.send(pcscf, register_text(alice_phone, alice, 1, no_answer(alice)));
    const auto challenged = alice_phone.expect("SIP/2.0 401");
    net.advance(61'000);
    alice_phone.send(pcscf, register_text(alice_phone, alice, 2, answer_to(challenged, alice)));
    EXPECT_TRUE(
        sip::DigestChallenge::parse(alice_phone.expect("SIP/2.0 401").value(HeaderId::www_authenticate))->stale);
}

TEST_P(Registration, PR_REG_26_a_star_ends_the_binding_at_the_edge_too) {
    do_register(alice_phone, alice);
    auto text = register_text(alice_phone, alice, 9, no_answer(alice), "0");
    const auto contact = text.find("Contact: ");
    text.replace(contact, text.find('\n', contact) - contact, "Contact: *\nExpires: 0");
    alice_phone.send(pcscf, text);
    const auto challenged = alice_phone.expect("SIP/2.0 401");
    text.replace(text.find(no_answer(alice)), no_answer(alice).size(), answer_to(challenged, alice));
    text.replace(text.find("CSeq: 9"), 7, "CSeq: 10");
    alice_phone.send(pcscf, text);
    alice_phone.expect("SIP/2.0 200");
    EXPECT_TRUE(directory.users[0].bindings.empty());
    EXPECT_EQ(bindings.size(), 0U);
}

TEST_P(Registration, SR_REG_26_a_new_contact_replaces_the_old_one_at_the_edge_too) {
    do_register(alice_phone, alice);
    Phone moved(net, "moved", "127.0.2.7:5070");
    do_register(moved, alice);
    EXPECT_EQ(directory.users[0].bindings.size(), 1U);
    EXPECT_EQ(bindings.size(), 1U);
    alice_phone.send(pcscf,
                     "OPTIONS sip:bob@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\nFrom: "
                     "<sip:alice@home1.net>;tag=o\nTo: <sip:bob@home1.net>\nCall-ID: o1\nCSeq: 1 OPTIONS\n");
    alice_phone.expect("SIP/2.0 403");
}

TEST_P(Registration, SR_REG_21_a_query_without_Contact_changes_nothing) {
    const auto query = [&](int number, const std::string& authorization) {
        auto text = register_text(alice_phone, alice, number, authorization);
        const auto contact = text.find("Contact: ");
        return text.erase(contact, text.find('\n', contact) + 1 - contact);
    };
    alice_phone.send(pcscf, query(1, no_answer(alice)));
    alice_phone.send(pcscf, query(2, answer_to(alice_phone.expect("SIP/2.0 401"), alice)));
    EXPECT_FALSE(alice_phone.expect("SIP/2.0 200").has(HeaderId::contact)) << "not registered";
    EXPECT_TRUE(directory.users[0].bindings.empty());
    cseq = 10;
    do_register(alice_phone, alice);
    alice_phone.send(pcscf, query(21, no_answer(alice)));
    alice_phone.send(pcscf, query(22, answer_to(alice_phone.expect("SIP/2.0 401"), alice)));
    EXPECT_THAT(std::string(alice_phone.expect("SIP/2.0 200").value(HeaderId::contact)),
                HasSubstr("<sip:alice@127.0.2.1:5070>"));
    EXPECT_EQ(bindings.size(), 1U);
    EXPECT_EQ(directory.users[0].bindings.size(), 1U);
}

TEST_P(Registration, TC_REG_40_retransmitted_REGISTER_one_SAR_same_answer) {
    alice_phone.send(pcscf, register_text(alice_phone, alice, 1, no_answer(alice)));
    auto text = register_text(alice_phone, alice, 2, answer_to(alice_phone.expect("SIP/2.0 401"), alice));
    text.replace(text.find("{via}"), 5, "SIP/2.0/UDP " + alice_phone.address().text() + ";branch=z9hG4bKsame");
    alice_phone.send(pcscf, text);
    alice_phone.send(pcscf, text);
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").print(), alice_phone.expect("SIP/2.0 200").print());
    EXPECT_EQ(directory.assignments.size(), 1U);
}

}  // namespace
}  // namespace isthmus::flow
