// What a UE writes does not become the core's word, wherever it writes it: answers, ACKs, too many wishes.
#include <gmock/gmock.h>

#include "tests/flow/core_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::HasSubstr;
using testing::Not;

class Edge : public CoreNetwork {
  protected:
    void SetUp() override {
        alice_route = route_of(pcscf, do_register(alice_phone, alice));
        do_register(bob_phone, bob);
    }
    [[nodiscard]] std::string invite(const std::string& extra = "") const {
        return "INVITE sip:bob@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + alice_route +
               "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>\nCall-ID: e1\nCSeq: 1 INVITE\n" +
               "Contact: <sip:alice@127.0.2.1:5070>\n" + extra;
    }
    static constexpr const char* forged =
        "Contact: <sip:bob@127.0.2.2:5070>\nService-Route: <sip:evil;lr>\nPath: <sip:evil;lr>\nFeature-Caps: evil\n"
        "P-Asserted-Service: evil\n";
    std::string alice_route;
};
INSTANTIATE_TEST_SUITE_P(With, Edge, testing::Values(1, 4), worker_count);

TEST_P(Edge, PO_SES_05_what_the_callee_claims_in_its_answer_is_taken_off) {
    alice_phone.send(pcscf, invite());
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 180, "Ringing", "b1", forged);
    EXPECT_THAT(alice_phone.expect("SIP/2.0 180").print(), Not(HasSubstr("evil")));
    bob_phone.answer(received, 200, "OK", "b1", forged);
    EXPECT_THAT(alice_phone.expect("SIP/2.0 200").print(), Not(HasSubstr("evil")));
}

TEST_P(Edge, PO_SES_05_what_the_caller_claims_in_its_ACK_is_taken_off) {
    alice_phone.send(pcscf, invite());
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 200, "OK", "b1", "Contact: <sip:bob@127.0.2.2:5070>");
    const auto ok = alice_phone.expect("SIP/2.0 200");
    std::string routes;
    const auto values = ok.values(HeaderId::record_route);
    for (auto value = values.rbegin(); value != values.rend(); ++value)
        routes += "Route: " + std::string(*value) + "\n";
    alice_phone.send(pcscf,
                     "ACK sip:bob@127.0.2.2:5070 SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + routes +
                         "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>;tag=b1\nCall-ID: e1\nCSeq: 1 "
                         "ACK\nP-Asserted-Service: evil\nFeature-Caps: evil\nPath: <sip:evil;lr>\n");
    EXPECT_THAT(bob_phone.expect("ACK").print(), Not(HasSubstr("evil")));
}

TEST_P(Edge, PO_SES_13_a_dialog_belongs_to_the_user_who_made_it) {
    alice_phone.send(pcscf, invite());
    const auto received = bob_phone.expect("INVITE");
    bob_phone.answer(received, 200, "OK", "b1", "Contact: <sip:bob@127.0.2.2:5070>");
    const auto ok = alice_phone.expect("SIP/2.0 200");
    const auto values = ok.values(HeaderId::record_route);
    std::string routes;
    for (auto value = values.rbegin(); value != values.rend(); ++value)
        routes += "Route: " + std::string(*value) + "\n";
    bob_phone.send(pcscf, "INFO sip:bob@127.0.2.2:5070 SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + routes +
                              "From: <sip:bob@home1.net>;tag=a1\nTo: <sip:bob@home1.net>;tag=b1\nCall-ID: "
                              "e1\nCSeq: 2 INFO\n");
    bob_phone.expect("SIP/2.0 403");
}

TEST_P(Edge, HX_SES_01_two_SIP_identities_preferred_at_once_is_400) {
    alice_phone.send(pcscf, invite("P-Preferred-Identity: <sip:alice@home1.net>, <sip:alice.home@home1.net>\n"));
    alice_phone.expect("SIP/2.0 400");
    EXPECT_FALSE(bob_phone.has("INVITE"));
}

}  // namespace
}  // namespace isthmus::flow
