// The rows of the ownership table (docs/architecture.md section 3) in which two workers of one node meet. With four
// workers the cases are chosen so that they do meet; with one they must work the same.
#include <gmock/gmock.h>

#include "common/runtime/dispatch.hpp"
#include "tests/flow/core_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;

class Workers : public CoreNetwork {
  protected:
    /// A Call-ID that the dispatcher of `node` gives to `worker`.
    static std::string call_id_for(const NodeHost& node, std::size_t worker) {
        for (int i = 0;; ++i) {
            const auto id = "spread" + std::to_string(i);
            if (runtime::worker_of("OPTIONS sip:x SIP/2.0\r\nCall-ID: " + id + "\r\n\r\n", node.node()) == worker)
                return id;
        }
    }
    [[nodiscard]] std::size_t other_than(std::size_t worker) const { return (worker + 1) % GetParam(); }
    [[nodiscard]] std::string call(const std::string& route, const std::string& to, const std::string& call_id,
                                   const std::string& tags = "") const {
        return "INVITE " + to + " SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + route +
               "From: <sip:alice@home1.net>;tag=a1\nTo: <" + to + ">\nCall-ID: " + call_id + "\nCSeq: 1 INVITE\n" +
               tags +
               "Contact: <sip:alice@127.0.2.1:5070>\nContent-Type: application/sdp\n\nv=0\no=- 1 1 IN IP4 "
               "127.0.2.1\ns=-\n"
               "c=IN IP4 127.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\na=curr:qos local none\na=des:qos mandatory local "
               "sendrecv\n";
    }
};
INSTANTIATE_TEST_SUITE_P(With, Workers, testing::Values(1, 4), worker_count);

TEST_P(Workers, registration_the_REGISTER_comes_to_one_worker_and_is_owned_by_another) {
    const auto owner = scscf::registration_owner(scscf.core(0), "alice@home1.net");
    auto text = register_text(alice_phone, alice, 1, no_answer(alice));
    const auto id = call_id_for(scscf, other_than(owner));
    text.replace(text.find("reg-alice"), 9, id);
    alice_phone.send(pcscf, text);
    auto again = register_text(alice_phone, alice, 2, answer_to(alice_phone.expect("SIP/2.0 401"), alice));
    again.replace(again.find("reg-alice"), 9, id);
    alice_phone.send(pcscf, again);
    alice_phone.expect("SIP/2.0 200");
    const auto came_to = runtime::worker_of("REGISTER sip:x SIP/2.0\r\nCall-ID: " + id + "\r\n\r\n", scscf.node());
    EXPECT_EQ(came_to == owner, GetParam() == 1);
    EXPECT_NE(shared.registrations.find(std::string("sip:alice@home1.net")), nullptr);
}

TEST_P(Workers, bindings_published_by_one_worker_are_read_by_every_other) {
    const auto route = route_of(pcscf, do_register(alice_phone, alice));
    do_register(bob_phone, bob);
    for (std::size_t worker = 0; worker < GetParam(); ++worker) {
        alice_phone.send(pcscf,
                         call(route, "sip:bob@home1.net", call_id_for(scscf, worker) + "x" + std::to_string(worker)));
        bob_phone.answer(bob_phone.expect("INVITE"), 486, "Busy Here", "b" + std::to_string(worker));
        alice_phone.expect("SIP/2.0 486");
    }
}

TEST_P(Workers, responses_go_to_the_worker_that_sent_the_request_whatever_their_Call_ID_hashes_to) {
    // In the b2bua role the net leg has a Call-ID of its own: its hash names another worker than the branch does.
    auto rule = allow("isp.example", policy::Mode::retry);
    rule.parameters.next_hop = "sip:127.0.3.1:5060";
    set_policy({rule});
    Phone dave(net, "dave", "127.0.3.1:5060");
    const auto route = route_of(pcscf, do_register(alice_phone, alice));
    bool elsewhere = false;
    for (int i = 0; i < 12; ++i) {
        alice_phone.send(pcscf,
                         call(route, "sip:dave@isp.example", "out" + std::to_string(i), "Require: precondition\n"));
        const auto invite = dave.expect("INVITE");
        const auto branch = proxy::decode_branch(invite.branch()).value();
        const auto by_call_id = runtime::worker_of(
            "OPTIONS sip:x SIP/2.0\r\nCall-ID: " + std::string(invite.call_id()) + "\r\n\r\n", scscf.node());
        elsewhere = elsewhere || by_call_id != branch.worker;
        dave.answer(invite, 486, "Busy Here", "d" + std::to_string(i));
        alice_phone.expect("SIP/2.0 486");
        dave.expect("ACK");
    }
    EXPECT_EQ(elsewhere, GetParam() > 1);
}

TEST_P(Workers, a_request_from_the_net_leg_finds_the_bridge_by_its_token) {
    auto rule = allow("isp.example", policy::Mode::retry);
    rule.parameters.next_hop = "sip:127.0.3.1:5060";
    set_policy({rule});
    Phone dave(net, "dave", "127.0.3.1:5060");
    const auto route = route_of(pcscf, do_register(alice_phone, alice));
    for (int i = 0; i < 8; ++i) {
        const auto n = std::to_string(i);
        alice_phone.send(pcscf, call(route, "sip:dave@isp.example", "in" + n, "Require: precondition\n"));
        const auto invite = dave.expect("INVITE");
        dave.answer(invite, 200, "OK", "d" + n, "Contact: <sip:dave@127.0.3.1:5060>");
        alice_phone.expect("SIP/2.0 200");
        const auto target = sip::NameAddr::parse(invite.value(HeaderId::contact))->uri.print();
        dave.send(scscf, "BYE " + target +
                             " SIP/2.0\nVia: {via}\nMax-Forwards: 70\nFrom: <sip:dave@isp.example>;tag=d" + n +
                             "\nTo: " + std::string(invite.value(HeaderId::from)) +
                             "\nCall-ID: " + std::string(invite.call_id()) + "\nCSeq: 1 BYE\n");
        const auto bye = alice_phone.expect("BYE");
        EXPECT_EQ(bye.call_id(), "in" + n);
        alice_phone.answer(bye, 200, "OK", "");
        dave.expect("SIP/2.0 200");
    }
}

TEST_P(Workers, a_user_read_after_a_restart_is_adopted_by_its_owner) {
    const auto route = route_of(pcscf, do_register(alice_phone, alice));
    do_register(bob_phone, bob);
    // As after a restart: what is durable is there, the table is empty.
    shared.registrations.publish(directory.users[1].profile, "bob@home1.net", {});
    ASSERT_EQ(shared.registrations.find(std::string("sip:bob@home1.net")), nullptr);
    alice_phone.send(pcscf, call(route, "sip:bob@home1.net", "after-restart"));
    bob_phone.expect("INVITE");
}

TEST_P(Workers, DG_SES_05_a_token_of_another_epoch_names_no_worker_and_still_routes) {
    const auto old = proxy::encode(
        {proxy::Position::originating, 3, static_cast<std::uint16_t>(scscf.node().epoch + 1), 0}, scscf.node().secret);
    const auto worker = runtime::worker_of(
        "BYE sip:bob@127.0.2.2 SIP/2.0\r\nRoute: <sip:" + old + "@127.0.1.30:5060;lr>\r\nCall-ID: x\r\n\r\n",
        scscf.node());
    EXPECT_LT(worker, GetParam());
    Phone core_neighbour(net, "neighbour", "127.0.1.77:5060");
    core_neighbour.send(scscf, "BYE sip:bob@127.0.2.2:5070 SIP/2.0\nVia: {via}\nMax-Forwards: 70\nRoute: <sip:" + old +
                                   "@127.0.1.30:5060;lr>\nFrom: <sip:a@home1.net>;tag=1\nTo: <sip:b@home1.net>;tag=2\n"
                                   "Call-ID: x\nCSeq: 2 BYE\n");
    bob_phone.expect("BYE");
}

}  // namespace
}  // namespace isthmus::flow
