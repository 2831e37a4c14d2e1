// The trust border inside dialogs: what only IMS may know does not leave with a later request or with an answer either.
#include <gmock/gmock.h>

#include "tests/flow/internet_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;

class Border : public InternetNetwork {
  protected:
    static void expect_nothing_of_ims(const sip::Message& message) {
        for (const auto id : {HeaderId::p_access_network_info, HeaderId::p_charging_vector,
                              HeaderId::p_asserted_identity, HeaderId::p_called_party_id})
            EXPECT_FALSE(message.has(id)) << message.print();
    }
    static constexpr const char* cell = "P-Access-Network-Info: 3GPP-UTRAN-FDD;utran-cell-id-3gpp=1\n";
};
INSTANTIATE_TEST_SUITE_P(With, Border, testing::Values(1, 4), worker_count);

TEST_P(Border, IW_INV_02_a_request_inside_a_proxied_dialog_is_filtered_too) {
    ready(policy::Mode::pass);
    alice_phone.send(pcscf, invite("Supported: 100rel\n", plain_sdp));
    dave.answer(dave.expect("INVITE"), 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7) + cell);
    expect_nothing_of_ims(dave.expect("ACK"));
    alice_phone.send(pcscf, from_alice(ok, "INFO", 8) + cell);
    expect_nothing_of_ims(dave.expect("INFO"));
}

TEST_P(Border, IW_INV_02_the_answer_of_a_UE_inside_our_own_dialog_is_filtered_too) {
    ready(policy::Mode::retry);
    call_rel5();
    const auto first = dave.expect("INVITE");
    dave.answer(first, 420, "Bad Extension", "x1", "Unsupported: precondition");
    const auto second = dave.expect("INVITE");
    dave.answer(second, 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    dave.send(scscf, from_dave(second, "INFO", 1));
    alice_phone.answer(alice_phone.expect("INFO"), 200, "OK", "", cell);
    expect_nothing_of_ims(dave.expect("SIP/2.0 200"));
}

TEST_P(Border, RFC3261_12_2_1_2_the_answer_to_a_re_INVITE_moves_the_dialog) {
    ready(policy::Mode::retry);
    Phone elsewhere(net, "elsewhere", "127.0.3.2:5060");
    call_rel5();
    dave.answer(dave.expect("INVITE"), 420, "Bad Extension", "x1", "Unsupported: precondition");
    dave.answer(dave.expect("INVITE"), 200, "OK", "d1", contact_of_dave, plain_sdp);
    const auto ok = alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 7));
    alice_phone.send(pcscf, from_alice(ok, "INVITE", 8) +
                                "Contact: <sip:alice@127.0.2.1:5070>\nContent-Type: application/sdp\n\n" + plain_sdp);
    dave.answer(dave.expect("INVITE"), 200, "OK", "", "Contact: <sip:dave@127.0.3.2:5060>", plain_sdp);
    alice_phone.expect("SIP/2.0 200");
    alice_phone.send(pcscf, from_alice(ok, "ACK", 8));
    alice_phone.send(pcscf, from_alice(ok, "BYE", 9));
    EXPECT_EQ(elsewhere.expect("BYE").request_uri(), "sip:dave@127.0.3.2:5060");
}

}  // namespace
}  // namespace isthmus::flow
