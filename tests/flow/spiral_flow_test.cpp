// Loops and spirals (DG-SES-06): what comes back unchanged is a loop, anything else passes.
#include <gmock/gmock.h>

#include "common/sip/headers.hpp"
#include "tests/flow/core_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::HasSubstr;

/// A server inside the trust domain stands where the S-CSCF sends calls to: what it gets it may send back.
class Spiral : public CoreNetwork {
  protected:
    void ready() {
        alice_route = route_of(pcscf, do_register(alice_phone, alice));
        service_route = alice_route.substr(alice_route.find(", ") + 2);
        service_route.pop_back();
        do_register(bob_phone, bob);
        shared.settings.icscf = "sip:127.0.1.99:5060";
        net.ladder();
    }
    sip::Message call() {
        alice_phone.send(pcscf, "INVITE sip:bob@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + alice_route +
                                    "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>\nCall-ID: call1\n"
                                    "CSeq: 1 INVITE\nContact: <sip:alice@127.0.2.1:5070>\n");
        return mirror.expect("INVITE");
    }
    /// Sends on what it got, as a proxy does, by this Route.
    void send_back(const sip::Message& received, const std::string& route, const std::string& request_uri = "") {
        auto again = received.copy();
        again.remove(HeaderId::route);
        again.prepend(HeaderId::route, route);
        if (!request_uri.empty()) again.set_request_uri(request_uri);
        again.prepend(HeaderId::via, "SIP/2.0/UDP 127.0.1.99:5060;branch=z9hG4bKm" + std::to_string(++branch));
        mirror.send(scscf, again);
    }

    std::string alice_route;
    std::string service_route;
    Phone mirror{net, "mirror", "127.0.1.99:5060"};
    int branch = 0;
};
INSTANTIATE_TEST_SUITE_P(With, Spiral, testing::Values(1, 4), worker_count);

TEST_P(Spiral, TC_SES_44_61_the_identical_request_is_a_loop) {
    ready();
    const auto received = call();
    send_back(received, service_route);
    mirror.expect("SIP/2.0 482");
    EXPECT_FALSE(bob_phone.has("INVITE"));
}

TEST_P(Spiral, TC_SES_44_61_a_retarget_passes_though_our_Via_is_there_twice) {
    ready();
    const auto received = call();
    send_back(received, service_route, "sip:carol@home1.net");
    const auto again = mirror.expect("INVITE");
    EXPECT_EQ(again.request_uri(), "sip:carol@home1.net");
    int own = 0;
    for (const auto via : again.values(HeaderId::via)) own += via.find("127.0.1.30") != std::string_view::npos ? 1 : 0;
    EXPECT_EQ(own, 2);
    // and round once more it is the same again
    send_back(again, service_route, "sip:carol@home1.net");
    mirror.expect("SIP/2.0 482");
}

TEST_P(Spiral, TC_SES_58_originating_and_terminating_half_on_one_node) {
    ready();
    send_back(call(), "<sip:127.0.1.30:5060;lr>");
    const auto invite = bob_phone.expect("INVITE");
    bob_phone.answer(invite, 200, "OK", "b1", "Contact: <sip:bob@127.0.2.2:5070>");
    mirror.send(scscf, [&] {  // as the proxy it is
        auto ok = mirror.expect("SIP/2.0 200");
        ok.pop_first(HeaderId::via);
        return ok;
    }());
    const auto ok = alice_phone.expect("SIP/2.0 200");
    int own = 0;
    for (const auto route : ok.values(HeaderId::record_route))
        own += route.find("127.0.1.30") != std::string_view::npos ? 1 : 0;
    EXPECT_EQ(own, 2) << "one entry for each half";
}

TEST_P(Spiral, IW_TC_125_a_request_that_comes_back_for_the_Internet_is_no_loop) {
    auto rule = allow("isp.example", policy::Mode::retry);
    rule.parameters.next_hop = "sip:127.0.3.1:5060";
    Phone dave(net, "dave", "127.0.3.1:5060");
    ready();
    set_policy({rule});
    // Called at home, sent on to the Internet on behalf of alice: the same Call-ID, From tag and CSeq as before.
    send_back(call(), service_route, "sip:dave@isp.example");
    const auto invite = dave.expect("INVITE");
    dave.answer(invite, 200, "OK", "d1", "Contact: <sip:dave@127.0.3.1:5060>");
    EXPECT_EQ(mirror.expect("SIP/2.0 200").call_id(), "call1");
}

TEST_P(Spiral, DG_SES_06_Max_Forwards_ends_what_no_hash_recognises) {
    ready();
    auto received = call();
    received.set(HeaderId::max_forwards, "0");
    send_back(received, service_route, "sip:someone@home1.net");
    mirror.expect("SIP/2.0 483");
}

}  // namespace
}  // namespace isthmus::flow
