// An S-CSCF dies: its users are called and call again, without registering anew (SR-REG-53..58, IC-SES-05, PO-SES-15).
#include <gmock/gmock.h>

#include "tests/flow/restoration_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::Contains;
using testing::HasSubstr;

class Restoration : public RestorationNetwork {
  protected:
    void SetUp() override {
        alice_route = route_of(pcscf, do_register(alice_phone, alice));
        bob_route = route_of(pcscf, do_register(bob_phone, bob));
        net.ladder();
        net.decisions.clear();
        directory.assignments.clear();
        directory.located.clear();
        directory.authorised.clear();
    }
    /// Of both users, made by the S-CSCF that died.
    void expect_no_new_registration() {
        EXPECT_TRUE(directory.authorised.empty()) << "nobody registered anew";
        for (const auto& sar : directory.assignments) {
            EXPECT_EQ(sar.type, subscriber::AssignmentType::re_registration);
            EXPECT_TRUE(sar.store.empty() && sar.remove.empty());
        }
    }
    std::string alice_route;
    std::string bob_route;
};
INSTANTIATE_TEST_SUITE_P(With, Restoration, testing::Values(1, 4), worker_count);

TEST_P(Restoration, TC_SES_73_the_callees_S_CSCF_is_dead_another_one_takes_over_and_the_callee_rings) {
    const auto generation = user("bob").profile.generation;
    // Alice's is another one, so that only the callee's is missing.
    user("alice").server_name = "sip:127.0.1.31:5060";
    kill_scscf();
    // From the Internet's side of the I-CSCF or another network: straight to it.
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n1"));
    net.advance(3'900);
    EXPECT_EQ(directory.located.size(), 1U) << "not before scscf_timeout";
    net.advance(200);
    ASSERT_EQ(directory.located.size(), 2U);
    EXPECT_TRUE(directory.located[1].with_capabilities) << "LIR of type 2";
    EXPECT_EQ(directory.located[1].failed_server, "sip:127.0.1.30:5060");
    const auto received = bob_phone.expect("INVITE");
    EXPECT_EQ(user("bob").server_name, "sip:127.0.1.31:5060");
    EXPECT_EQ(user("bob").profile.generation, generation + 1);
    bob_phone.answer(received, 200, "OK", "b1", "Contact: <sip:bob@127.0.2.2:5070>");
    EXPECT_EQ(neighbour.expect("SIP/2.0 200").to_tag(), "b1");
    expect_no_new_registration();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].kind, scscf::RestorationEvent::Kind::lost) << "the old one hears of it";
    EXPECT_EQ(events[1].kind, scscf::RestorationEvent::Kind::taken_over);
    EXPECT_EQ(events[1].server, "sip:127.0.1.30:5060");
    EXPECT_EQ(net.ladder(), R"(
neighbour -> icscf INVITE
icscf -> scscf INVITE
icscf -> scscf INVITE
icscf -> scscf INVITE
icscf -> scscf INVITE
icscf -> scscf2 INVITE
scscf2 -> pcscf INVITE
pcscf -> bob INVITE
bob -> pcscf 200 OK
pcscf -> scscf2 200 OK
scscf2 -> icscf 200 OK
icscf -> neighbour 200 OK
)");
}

TEST_P(Restoration, SR_REG_53_kill_one_its_users_are_called_and_call_again_without_registering_anew) {
    kill_scscf();
    // 3 s until the P-CSCF gives the S-CSCF up, 4 s until the I-CSCF does; then nobody waits for it any more.
    call("c1", alice_phone, "alice", alice_route, bob_phone, "sip:bob@home1.net", 7'100);
    EXPECT_EQ(user("alice").server_name, "sip:127.0.1.31:5060");
    EXPECT_EQ(user("bob").server_name, "sip:127.0.1.31:5060");
    net.ladder();
    call("c2", bob_phone, "bob", bob_route, alice_phone, "sip:alice@home1.net", 0);
    EXPECT_EQ(net.ladder(), R"(
bob -> pcscf INVITE
pcscf -> icscf INVITE
icscf -> scscf2 INVITE
scscf2 -> icscf INVITE
icscf -> scscf2 INVITE
scscf2 -> pcscf INVITE
pcscf -> alice INVITE
alice -> pcscf 200 OK
pcscf -> scscf2 200 OK
scscf2 -> icscf 200 OK
icscf -> scscf2 200 OK
scscf2 -> icscf 200 OK
icscf -> pcscf 200 OK
pcscf -> bob 200 OK
bob -> pcscf ACK
pcscf -> scscf2 ACK
scscf2 -> scscf2 ACK
scscf2 -> pcscf ACK
pcscf -> alice ACK
bob -> pcscf BYE
pcscf -> scscf2 BYE
scscf2 -> scscf2 BYE
scscf2 -> pcscf BYE
pcscf -> alice BYE
alice -> pcscf 200 OK
pcscf -> scscf2 200 OK
scscf2 -> scscf2 200 OK
scscf2 -> pcscf 200 OK
pcscf -> bob 200 OK
)");
    expect_no_new_registration();
    EXPECT_EQ(directory.assignments.size(), 2U) << "each user is taken over once";
}

TEST_P(Restoration, PO_SES_15_the_request_goes_to_the_I_CSCF_as_an_originating_one) {
    kill_scscf();
    alice_phone.send(pcscf, invite(alice_phone, "alice", alice_route, "sip:bob@home1.net", "c1"));
    net.advance(3'100);
    EXPECT_THAT(net.decisions, Contains(HasSubstr("PO-SES-15")));
    ASSERT_EQ(directory.located.size(), 1U);
    EXPECT_TRUE(directory.located[0].originating);
    EXPECT_EQ(directory.located[0].public_identity, "sip:alice@home1.net");
}

TEST_P(Restoration, TC_SES_71_no_S_CSCF_at_all_504_with_the_restoration_body) {
    for (const auto* address : {"127.0.1.30:5060", "127.0.1.31:5060", "127.0.1.32:5060"}) net.silence(address, true);
    alice_phone.send(pcscf, invite(alice_phone, "alice", alice_route, "sip:bob@home1.net", "c1"));
    net.advance(3'000 + 3 * 4'000 + 200);
    const auto final = alice_phone.expect("SIP/2.0 504");
    EXPECT_EQ(final.value("Content-Type"), "application/3gpp-ims+xml");
    EXPECT_THAT(std::string(final.body()), HasSubstr("<type>restoration</type>"));
    EXPECT_THAT(std::string(final.body()), HasSubstr("<action>initial-registration</action>"));
    EXPECT_THAT(std::string(final.value(HeaderId::p_asserted_identity)), HasSubstr("@127.0.1.30:5060"));
}

TEST_P(Restoration, TC_SES_71_the_P_CSCF_alone_answers_where_its_restoration_is_off) {
    pcscf_settings.restoration = false;
    kill_scscf();
    alice_phone.send(pcscf, invite(alice_phone, "alice", alice_route, "sip:bob@home1.net", "c1"));
    net.advance(3'100);
    EXPECT_THAT(std::string(alice_phone.expect("SIP/2.0 504").body()), HasSubstr("initial-registration"));
    EXPECT_TRUE(directory.located.empty());
    pcscf_settings.restoration_504 = false;
    bob_phone.send(pcscf, invite(bob_phone, "bob", bob_route, "sip:alice@home1.net", "c2"));
    net.advance(3'100);
    EXPECT_EQ(bob_phone.expect("SIP/2.0 504").body(), "");
}

TEST_P(Restoration, TC_SES_74_restoration_off_at_the_I_CSCF_504_and_nobody_is_moved) {
    at_icscf.restoration = false;
    kill_scscf();
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n1"));
    net.advance(4'100);
    neighbour.expect("SIP/2.0 504");
    EXPECT_EQ(directory.located.size(), 1U);
    EXPECT_EQ(user("bob").server_name, "sip:127.0.1.30:5060");
}

TEST_P(Restoration, TC_SES_74_nobody_has_the_capabilities_600) {
    user("bob").wanted.mandatory = {7};
    kill_scscf();
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n1"));
    net.advance(4'100);
    neighbour.expect("SIP/2.0 600");
}

TEST_P(Restoration, TC_SES_74_all_are_silent_504_after_three) {
    list("sip:127.0.1.33:5060", 3);
    for (const auto* address : {"127.0.1.30:5060", "127.0.1.31:5060", "127.0.1.32:5060"}) net.silence(address, true);
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n1"));
    net.advance(11'900);
    EXPECT_FALSE(neighbour.has("SIP/2.0 5"));
    net.advance(200);
    neighbour.expect("SIP/2.0 504");
    EXPECT_EQ(net.ladder().find("127.0.1.33"), std::string::npos);
    EXPECT_EQ(directory.located.size(), 2U) << "one more LIR, not two";
}

TEST_P(Restoration, TC_REG_62_REGISTER_all_silent_504_after_three_tries) {
    for (const auto* address : {"127.0.1.30:5060", "127.0.1.31:5060", "127.0.1.32:5060"}) net.silence(address, true);
    alice_phone.send(pcscf, register_text(alice_phone, alice, ++cseq, no_answer(alice)));
    net.advance(12'200);
    alice_phone.expect("SIP/2.0 504");
    EXPECT_EQ(directory.authorised.size(), 2U);
    EXPECT_EQ(directory.authorised[1].type, subscriber::AuthorizationType::registration_and_capabilities);
}

TEST_P(Restoration, IR_REG_06_a_REGISTER_by_a_known_way_is_taken_over_with_what_was_bound) {
    kill_scscf();
    // From the address it registered from: ip-assoc-yes, so the new S-CSCF believes the binding, not a new answer.
    alice_phone.send(pcscf, register_text(alice_phone, alice, ++cseq, no_answer(alice)));
    net.advance(4'100);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    EXPECT_THAT(std::string(ok.value(HeaderId::service_route)), HasSubstr("@127.0.1.31:5060"));
    EXPECT_EQ(user("alice").server_name, "sip:127.0.1.31:5060");
    EXPECT_EQ(user("alice").bindings.size(), 1U);
    EXPECT_TRUE(directory.asked.size() == 2U) << "no further challenge: one for each first registration";
    EXPECT_TRUE(holds(second, "alice"));
}

TEST_P(Restoration, CX_38_a_REGISTER_that_is_challenged_moves_the_assignment_and_loads_what_was_bound) {
    kill_scscf();
    Phone tablet{net, "tablet", "127.0.2.9:5070"};
    tablet.send(pcscf, register_text(tablet, alice, 1, no_answer(alice)));
    net.advance(4'100);
    const auto challenged = tablet.expect("SIP/2.0 401");
    EXPECT_EQ(user("alice").server_name, "sip:127.0.1.31:5060");
    EXPECT_TRUE(holds(second, "alice")) << "the phone's contact came with the take-over";
    tablet.send(pcscf, register_text(tablet, alice, 2, answer_to(challenged, alice)));
    tablet.expect("SIP/2.0 200");
    EXPECT_EQ(second.registrations.find(std::string("sip:alice@home1.net"))->bindings.size(),
              user("alice").bindings.size());
}

TEST_P(Restoration, TC_REG_56_two_I_CSCFs_restore_one_user_at_once_to_different_S_CSCFs) {
    const auto generation = user("bob").profile.generation;
    kill_scscf();
    // The second I-CSCF prefers another S-CSCF.
    at_second_icscf.network.replace({{"sip:127.0.1.32:5060", {}, 0, 1}});
    Phone one{net, "one", "127.0.1.90:5060"};
    Phone two{net, "two", "127.0.1.91:5060"};
    one.send(icscf, invite(one, "carol", "", "sip:bob@home1.net", "n1"));
    two.send(second_icscf, invite(two, "dan", "", "sip:bob@home1.net", "n2"));
    net.advance(4'100);
    EXPECT_EQ(user("bob").profile.generation, generation + 1) << "one winner";
    EXPECT_EQ(holds(second, "bob") + holds(third, "bob"), 1);
    EXPECT_EQ(directory.assignments.size(), 2U) << "both tried";
    for (auto* caller : {&one, &two}) {
        bob_phone.answer(bob_phone.expect("INVITE"), 486, "Busy Here", "b" + caller->name());
        caller->expect("SIP/2.0 486");
    }
    EXPECT_THAT(net.ladder(),
                testing::AnyOf(HasSubstr("scscf3 -> scscf2 INVITE"), HasSubstr("scscf2 -> scscf3 INVITE")))
        << "the loser sent it on";
}

/// The one that was away is back with everything it held.
class Return : public Restoration {
  protected:
    void SetUp() override {
        Restoration::SetUp();
        kill_scscf();
        for (auto* phone : {&alice_phone, &bob_phone}) {
            const auto to = "sip:" + phone->name() + "@home1.net";
            neighbour.send(icscf, invite(neighbour, "carol", "", to, "n-" + phone->name()));
            net.advance(4'100);
            phone->answer(phone->expect("INVITE"), 486, "Busy Here", "b");
            neighbour.expect("SIP/2.0 486");
        }
        scscf_is_back();
        net.advance(40'000);
        for (auto* phone : {&alice_phone, &bob_phone, &neighbour}) phone->drop_all();  // what was sent again
        net.ladder();
        directory.assignments.clear();
        directory.read.clear();
    }
};
INSTANTIATE_TEST_SUITE_P(With, Return, testing::Values(1, 4), worker_count);

TEST_P(Return, TC_REG_57_b_its_copy_is_dropped_without_a_word_to_directory_or_calls) {
    EXPECT_FALSE(holds(shared, "alice"));
    EXPECT_FALSE(holds(shared, "bob"));
    net.advance(3'700'000);  // every timer it had for them
    EXPECT_TRUE(std::none_of(directory.assignments.begin(), directory.assignments.end(),
                             [](const auto& sar) { return sar.server_name == "sip:127.0.1.30:5060"; }));
    EXPECT_EQ(net.ladder().find("BYE"), std::string::npos);
}

TEST_P(Return, TC_SES_75_TC_REG_58_a_terminating_INVITE_that_comes_to_it_is_sent_on_and_served_once) {
    neighbour.send(scscf, invite(neighbour, "carol", "Route: <sip:127.0.1.30:5060;lr>\n", "sip:bob@home1.net", "n1"));
    const auto received = bob_phone.expect("INVITE");
    EXPECT_EQ(received.values(HeaderId::record_route).size(), 2U) << "P-CSCF and the S-CSCF that serves";
    bob_phone.answer(received, 486, "Busy Here", "b");
    neighbour.expect("SIP/2.0 486");
    EXPECT_EQ(net.ladder(), R"(
neighbour -> scscf INVITE
scscf -> scscf2 INVITE
scscf2 -> pcscf INVITE
pcscf -> bob INVITE
bob -> pcscf 486 Busy Here
pcscf -> bob ACK
pcscf -> scscf2 486 Busy Here
scscf2 -> pcscf ACK
scscf2 -> scscf 486 Busy Here
scscf -> scscf2 ACK
scscf -> neighbour 486 Busy Here
)");
}

TEST_P(Return, TC_SES_75_TC_REG_58_an_INVITE_by_the_old_Service_Route_is_sent_on_as_an_originating_one) {
    alice_phone.send(pcscf, invite(alice_phone, "alice", alice_route, "sip:bob@home1.net", "c1"));
    const auto received = bob_phone.expect("INVITE");
    EXPECT_FALSE(received.has(HeaderId::p_served_user));
    bob_phone.answer(received, 486, "Busy Here", "b");
    alice_phone.expect("SIP/2.0 486");
    const auto ladder = net.ladder();
    EXPECT_THAT(ladder, testing::StartsWith(R"(
alice -> pcscf INVITE
pcscf -> scscf INVITE
scscf -> scscf2 INVITE
scscf2 -> icscf INVITE
icscf -> scscf2 INVITE
scscf2 -> pcscf INVITE
pcscf -> bob INVITE
)"));
}

TEST_P(Return, TC_REG_58_a_REGISTER_that_comes_to_it_is_sent_on) {
    // A location of old times: the I-CSCF still believes in the first one.
    const auto served_by = user("alice").server_name;
    auto text = register_text(alice_phone, alice, ++cseq, no_answer(alice));
    text.replace(text.find("sip:home1.net SIP"), 13, "sip:127.0.1.30:5060");
    text.replace(text.find("response=\"\""), 11, "response=\"\",integrity-protected=\"ip-assoc-yes\"");
    text += "Path: <sip:nobody@127.0.1.10:5060;lr>\n";
    neighbour.send(scscf, text);
    EXPECT_THAT(std::string(neighbour.expect("SIP/2.0 200").value(HeaderId::service_route)), HasSubstr("@127.0.1.31"));
    EXPECT_EQ(user("alice").server_name, served_by);
}

TEST_P(Return, SR_REG_56_without_a_notification_the_refused_write_tells) {
    // Alice is back at the first, then the second takes over, and the word of it is lost.
    directory.notifies = false;
    user("bob").profile.generation += 1;
    const auto before = user("bob").bindings;
    auto stale = user("bob").profile;
    stale.generation -= 2;
    const auto owner = scscf::registration_owner(scscf.core(0), "bob@home1.net");
    shared.registrars.at(owner)->adopt(stale, "bob@home1.net", before);
    ASSERT_TRUE(holds(shared, "bob"));
    net.advance(3'700'000);  // its expiry timer writes
    EXPECT_FALSE(holds(shared, "bob"));
    EXPECT_EQ(user("bob").bindings, before) << "its timers do not touch the store";
}

TEST_P(Return, TC_REG_59_a_circle_ends_with_500_and_an_alarm) {
    // The second is sent a request by one that knew as much, and holds nobody.
    user("bob").server_name = "sip:127.0.1.30:5060";
    const auto generation = std::to_string(user("bob").profile.generation);
    neighbour.send(third_scscf, invite(neighbour, "carol", "Route: <sip:127.0.1.32:5060;lr;gen=" + generation + ">\n",
                                       "sip:bob@home1.net", "n1"));
    neighbour.expect("SIP/2.0 500");
    EXPECT_EQ(events.back().kind, scscf::RestorationEvent::Kind::circle);
    EXPECT_EQ(net.ladder(), "\nneighbour -> scscf3 INVITE\nscscf3 -> neighbour 500 Server Internal Error\n");
}

TEST_P(Restoration, TC_SES_76_a_BYE_of_a_call_through_the_one_that_died_and_came_back_is_routed_by_its_token) {
    alice_phone.send(pcscf, invite(alice_phone, "alice", alice_route, "sip:bob@home1.net", "c1"));
    bob_phone.answer(bob_phone.expect("INVITE"), 200, "OK", "b1", "Contact: <sip:bob@127.0.2.2:5070>");
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, in_dialog("ACK", 1, ok));
    bob_phone.expect("ACK");
    kill_scscf();
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n1"));
    net.advance(4'100);
    bob_phone.answer(bob_phone.expect("INVITE"), 486, "Busy Here", "b2");
    scscf_is_back();
    ASSERT_FALSE(holds(shared, "bob"));
    alice_phone.send(pcscf, in_dialog("BYE", 2, ok));
    bob_phone.answer(bob_phone.expect("BYE"), 200, "OK", "b1");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").cseq_method(), "BYE");
}

TEST_P(Restoration, TC_SES_84_answers_of_the_callees_side_move_nobody) {
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n1"));
    bob_phone.answer(bob_phone.expect("INVITE"), 480, "Temporarily Unavailable", "b");
    neighbour.expect("SIP/2.0 480");
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n2"));
    bob_phone.answer(bob_phone.expect("INVITE"), 302, "Moved", "b", "Contact: <sip:alice@home1.net>");
    neighbour.expect("SIP/2.0 302");
    EXPECT_EQ(directory.located.size(), 2U);
    EXPECT_FALSE(directory.located.back().with_capabilities);
    EXPECT_EQ(user("bob").server_name, "sip:127.0.1.30:5060");
}

TEST_P(Restoration, TC_SES_84_one_that_drains_gives_its_users_away) {
    for (std::size_t i = 0; i < scscf.node().workers; ++i) scscf.core(i).refuse_new_work();
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n1"));
    bob_phone.answer(bob_phone.expect("INVITE"), 486, "Busy Here", "b");
    neighbour.expect("SIP/2.0 486");
    EXPECT_EQ(user("bob").server_name, "sip:127.0.1.31:5060");
}

TEST_P(Restoration, IR_REG_12_who_was_silent_comes_last_but_is_asked_where_there_is_no_other) {
    at_icscf.network.replace({{"sip:127.0.1.30:5060", {}, 0, 1}});
    kill_scscf();
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n1"));
    net.advance(4'100);
    neighbour.expect("SIP/2.0 504");
    scscf_is_back();
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n2"));
    bob_phone.answer(bob_phone.expect("INVITE"), 486, "Busy Here", "b");
    neighbour.expect("SIP/2.0 486");
    EXPECT_FALSE(at_icscf.silent.is_silent("sip:127.0.1.30:5060", net.now())) << "it answered";
}

TEST_P(Restoration, IC_SES_10_without_the_directory_nobody_is_moved) {
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n1"));
    bob_phone.answer(bob_phone.expect("INVITE"), 486, "Busy Here", "b");
    neighbour.expect("SIP/2.0 486");
    directory.reachable = false;
    kill_scscf();
    neighbour.send(icscf, invite(neighbour, "carol", "", "sip:bob@home1.net", "n2"));
    net.advance(4'100);
    neighbour.expect("SIP/2.0 504");
    EXPECT_FALSE(bob_phone.has("INVITE"));
}

}  // namespace
}  // namespace isthmus::flow
