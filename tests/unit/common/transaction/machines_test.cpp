// Each test is a dialogue: what comes in, what the machine does. Times are milliseconds with T1=500, T2=4000, T4=5000.
#include "common/transaction/machines.hpp"

#include <gmock/gmock.h>

#include "common/transaction/key.hpp"

namespace isthmus::transaction {
namespace {

constexpr Timing timing{};

std::string in_words(const Actions& actions) {
    std::string out;
    for (const Action& action : actions) {
        if (!out.empty()) out += ", ";
        const std::string slot = action.slot == Slot::repeat ? "repeat" : "life";
        switch (action.what) {
            case Do::send_request:
                out += "request";
                break;
            case Do::send_ack:
                out += "ack";
                break;
            case Do::send_response:
                out += "response";
                break;
            case Do::pass:
                out += "pass";
                break;
            case Do::timed_out:
                out += "timed out";
                break;
            case Do::failed:
                out += "failed";
                break;
            case Do::start_timer:
                out += slot + " " + std::to_string(action.ms);
                break;
            case Do::stop_timer:
                out += "stop " + slot;
                break;
            case Do::end:
                out += "end";
                break;
        }
    }
    return out;
}
#define EXPECT_DO(actions, words) EXPECT_EQ(in_words(actions), words)

TEST(InviteClient, RFC3261_17_1_1_2_repeats_by_timer_A_until_a_response) {
    InviteClient machine(timing, false);
    EXPECT_DO(machine.start(), "request, life 32000, repeat 500");
    EXPECT_DO(machine.timer(Slot::repeat), "request, repeat 1000");
    EXPECT_DO(machine.timer(Slot::repeat), "request, repeat 2000");
    EXPECT_DO(machine.response(100), "stop repeat, stop life, pass");
    EXPECT_DO(machine.timer(Slot::repeat), "");
    EXPECT_DO(machine.response(180), "pass");
}

TEST(InviteClient, RFC3261_17_1_1_2_timer_B_ends_a_silent_call) {
    InviteClient machine(timing, false);
    machine.start();
    EXPECT_DO(machine.timer(Slot::life), "stop repeat, timed out, end");
    EXPECT_DO(machine.response(200), "");
}

TEST(InviteClient, RFC3261_17_1_1_3_acknowledges_each_copy_of_a_failure) {
    InviteClient machine(timing, false);
    machine.start();
    machine.response(180);
    EXPECT_DO(machine.response(486), "ack, pass, life 32000");
    EXPECT_DO(machine.response(486), "ack");
    EXPECT_DO(machine.timer(Slot::life), "end");
}

TEST(InviteClient, RFC3261_17_1_1_2_timer_D_is_zero_on_a_reliable_transport) {
    InviteClient machine(timing, true);
    EXPECT_DO(machine.start(), "request, life 32000");
    EXPECT_DO(machine.response(486), "stop repeat, stop life, ack, pass, end");
}

TEST(InviteClient, RFC6026_7_2_passes_every_2xx_while_accepted) {
    InviteClient machine(timing, false);
    machine.start();
    EXPECT_DO(machine.response(200), "stop repeat, stop life, pass, life 32000");
    EXPECT_DO(machine.response(200), "pass");
    EXPECT_DO(machine.response(486), "");
    EXPECT_DO(machine.timer(Slot::life), "end");
}

TEST(InviteClient, RFC3261_17_1_4_transport_error_is_told) {
    InviteClient machine(timing, true);
    machine.start();
    EXPECT_DO(machine.transport_error(), "stop repeat, stop life, failed, end");
    EXPECT_DO(machine.transport_error(), "");
}

TEST(NonInviteClient, RFC3261_17_1_2_2_timer_E_doubles_to_T2) {
    NonInviteClient machine(timing, false);
    EXPECT_DO(machine.start(), "request, life 32000, repeat 500");
    EXPECT_DO(machine.timer(Slot::repeat), "request, repeat 1000");
    EXPECT_DO(machine.timer(Slot::repeat), "request, repeat 2000");
    EXPECT_DO(machine.timer(Slot::repeat), "request, repeat 4000");
    EXPECT_DO(machine.timer(Slot::repeat), "request, repeat 4000");
}

TEST(NonInviteClient, RFC3261_17_1_2_2_repeats_every_T2_once_proceeding) {
    NonInviteClient machine(timing, false);
    machine.start();
    EXPECT_DO(machine.response(100), "pass");
    EXPECT_DO(machine.timer(Slot::repeat), "request, repeat 4000");
    EXPECT_DO(machine.response(200), "stop repeat, stop life, pass, life 5000");
    EXPECT_DO(machine.response(200), "");
    EXPECT_DO(machine.timer(Slot::life), "end");
}

TEST(NonInviteClient, RFC3261_17_1_2_2_timer_F_while_proceeding) {
    NonInviteClient machine(timing, false);
    machine.start();
    machine.response(100);
    EXPECT_DO(machine.timer(Slot::life), "stop repeat, timed out, end");
}

TEST(InviteServer, RFC3261_17_2_1_failure_is_repeated_until_the_ACK) {
    InviteServer machine(timing, false);
    EXPECT_DO(machine.request_again(), "");
    EXPECT_DO(machine.respond(100), "response");
    EXPECT_DO(machine.request_again(), "response");
    EXPECT_DO(machine.respond(486), "response, life 32000, repeat 500");
    EXPECT_DO(machine.timer(Slot::repeat), "response, repeat 1000");
    EXPECT_DO(machine.request_again(), "response");
    EXPECT_DO(machine.ack(), "stop repeat, stop life, life 5000");
    EXPECT_DO(machine.ack(), "");
    EXPECT_DO(machine.request_again(), "");
    EXPECT_DO(machine.timer(Slot::life), "end");
}

TEST(InviteServer, RFC3261_17_2_1_timer_H_tells_of_a_missing_ACK) {
    InviteServer machine(timing, false);
    machine.respond(500);
    EXPECT_DO(machine.timer(Slot::life), "stop repeat, timed out, end");
}

TEST(InviteServer, RFC6026_7_1_absorbs_the_INVITE_and_sends_further_2xx_while_accepted) {
    InviteServer machine(timing, false);
    machine.respond(180);
    EXPECT_DO(machine.respond(200), "response, life 32000");
    EXPECT_DO(machine.request_again(), "");
    EXPECT_DO(machine.respond(200), "response");
    EXPECT_DO(machine.respond(486), "");
    EXPECT_DO(machine.ack(), "pass");
    EXPECT_DO(machine.transport_error(), "");
    EXPECT_DO(machine.timer(Slot::life), "end");
}

TEST(InviteServer, RFC3261_17_2_1_no_timer_G_and_I_on_a_reliable_transport) {
    InviteServer machine(timing, true);
    EXPECT_DO(machine.respond(486), "response, life 32000");
    EXPECT_DO(machine.ack(), "stop repeat, stop life, end");
}

TEST(NonInviteServer, RFC3261_17_2_2_answers_a_repeated_request_from_memory) {
    NonInviteServer machine(timing, false);
    EXPECT_DO(machine.request_again(), "");
    EXPECT_DO(machine.respond(200), "response, life 32000");
    EXPECT_DO(machine.request_again(), "response");
    EXPECT_DO(machine.respond(500), "");
    EXPECT_DO(machine.timer(Slot::life), "end");
}

TEST(NonInviteServer, RFC3261_17_2_2_ends_at_once_on_a_reliable_transport) {
    NonInviteServer machine(timing, true);
    EXPECT_DO(machine.respond(200), "response, end");
}

TEST(Timing, TS24229_7_7_longer_timers_on_the_radio_leg) {
    InviteClient machine({2000, 16000, 17000}, false);
    EXPECT_DO(machine.start(), "request, life 128000, repeat 2000");
}

// Keys

sip::Message request(const std::string& method, const std::string& via, const std::string& to_tag = "") {
    return sip::Message::from_wire(method + " sip:b@x SIP/2.0\r\nVia: " + via +
                                   "\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>" + to_tag +
                                   "\r\nCall-ID: c\r\nCSeq: 1 " + method + "\r\n\r\n")
        .value();
}

constexpr Seed seed{1, 2};

TEST(Key, RFC3261_17_2_3_ACK_and_CANCEL_find_the_INVITE) {
    const auto invite = server_key(seed, request("INVITE", "SIP/2.0/UDP a;branch=z9hG4bK1"));
    EXPECT_EQ(invite, server_key(seed, request("ACK", "SIP/2.0/UDP A;branch=z9hG4bK1", ";tag=2")));
    EXPECT_EQ(invite, cancelled_key(seed, request("CANCEL", "SIP/2.0/UDP a;branch=z9hG4bK1")));
    EXPECT_NE(invite, server_key(seed, request("CANCEL", "SIP/2.0/UDP a;branch=z9hG4bK1")));
    EXPECT_NE(invite, server_key(seed, request("INVITE", "SIP/2.0/UDP b;branch=z9hG4bK1")));
    EXPECT_NE(invite, server_key(seed, request("INVITE", "SIP/2.0/UDP a:5070;branch=z9hG4bK1")));
    EXPECT_NE(invite, server_key(seed, request("INVITE", "SIP/2.0/UDP a;branch=z9hG4bK2")));
    EXPECT_NE(invite, server_key({3, 4}, request("INVITE", "SIP/2.0/UDP a;branch=z9hG4bK1")));
}

TEST(Key, RFC3261_17_2_3_without_the_cookie_the_older_rule_holds) {
    const auto invite = server_key(seed, request("INVITE", "SIP/2.0/UDP a;branch=1"));
    EXPECT_EQ(invite, server_key(seed, request("ACK", "SIP/2.0/UDP a;branch=1", ";tag=2")));
    EXPECT_NE(invite, server_key(seed, request("INVITE", "SIP/2.0/UDP a;branch=2")));
    EXPECT_EQ(server_key(seed, request("INVITE", "SIP/2.0/UDP a;branch=z9hG4bK")),
              server_key(seed, request("ACK", "SIP/2.0/UDP a;branch=z9hG4bK", ";tag=2")));
}

TEST(Key, SipHash_2_4_reference_vector) {
    // Key 00..0f, input 00..0e: the vector of the SipHash paper.
    const Seed reference{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
    std::string input;
    for (char c = 0; c < 15; ++c) input.push_back(c);
    EXPECT_EQ(keyed_hash(reference, input), 0xa129ca6149be45e5ULL);
}

}  // namespace
}  // namespace isthmus::transaction
