// A call to a user with several phones: order by q, and every race of answers (sessions.md 15, RFC 3261 16.7).
#include <gmock/gmock.h>

#include <deque>

#include "common/sip/headers.hpp"
#include "tests/flow/core_network.hpp"

namespace isthmus::flow {
namespace {

using sip::HeaderId;
using testing::HasSubstr;

class Fork : public CoreNetwork {
  protected:
    /// bob's phones 1, 2, 3 ... with these q values, and alice.
    void ready(const std::vector<std::string>& q) {
        alice_route = route_of(pcscf, do_register(alice_phone, alice));
        auto& user = directory.users[1];
        for (std::size_t i = 0; i < q.size(); ++i) {
            const std::string name = "bob" + std::to_string(i + 1);
            user.profile.private_identities.push_back({name + "@home1.net", std::nullopt});
            user.ha1[name + "@home1.net"] = sip::digest_ha1(name + "@home1.net", "home1.net", "x");
            auto& phone = phones.emplace_back(net, name, "127.0.2." + std::to_string(20 + i) + ":5070");
            const Account account{name, "x"};
            phone.send(pcscf, as_bob(register_text(phone, account, 1, no_answer(account)), name));
            phone.send(pcscf,
                       as_bob(register_text(phone, account, 2, answer_to(phone.expect("SIP/2.0 401"), account)), name));
            phone.expect("SIP/2.0 200");
        }
        prefer(q);
        net.ladder();
    }
    static std::string as_bob(std::string text, const std::string& name) {
        for (const std::string field : {"From: <sip:", "To: <sip:"})
            text.replace(text.find(field + name), field.size() + name.size(), field + "bob");
        return text;
    }
    void prefer(const std::vector<std::string>& q) {
        const auto found = shared.registrations.find("sip:bob@home1.net");
        for (std::size_t i = 0; i < q.size(); ++i) {
            auto binding = found->bindings.at(i);
            const auto number = binding.private_identity.substr(3, 1);
            binding.q = q.at(std::stoul(number) - 1);
            shared.registrations.publish(found->profile, binding.private_identity, {binding});
        }
    }
    std::string call(const std::string& extra = "", const std::string& method = "INVITE") {
        return alice_phone.send(pcscf, method + " sip:bob@home1.net SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" +
                                           alice_route +
                                           "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>\n"
                                           "Call-ID: call1\nCSeq: 1 " +
                                           method + "\n" + "Contact: <sip:alice@127.0.2.1:5070>\n" + extra);
    }
    void cancel(const std::string& branch) {
        alice_phone.send(pcscf, "CANCEL sip:bob@home1.net SIP/2.0\nVia: SIP/2.0/UDP 127.0.2.1:5070;branch=" + branch +
                                    "\nMax-Forwards: 70\n" + alice_route +
                                    "From: <sip:alice@home1.net>;tag=a1\nTo: <sip:bob@home1.net>\nCall-ID: call1\n"
                                    "CSeq: 1 CANCEL\n");
    }
    void ring(std::size_t phone, const sip::Message& invite) { say(phone, invite, 180, "Ringing"); }
    void say(std::size_t phone, const sip::Message& invite, int status, const std::string& reason,
             const std::string& more = "") {
        auto& host = phones[phone - 1];
        host.answer(invite, status, reason, "b" + std::to_string(phone),
                    "Contact: <sip:bob@" + host.address().text() + ">" + (more.empty() ? "" : "\n" + more));
    }
    /// The phone gets its CANCEL and ends with 487.
    void end_cancelled(std::size_t phone, const sip::Message& invite) {
        auto& host = phones[phone - 1];
        host.answer(host.expect("CANCEL"), 200, "OK", "b" + std::to_string(phone));
        say(phone, invite, 487, "Request Terminated");
    }

    std::string alice_route;
    std::deque<Phone> phones;
};
INSTANTIATE_TEST_SUITE_P(With, Fork, testing::Values(1, 4), worker_count);

TEST_P(Fork, TC_SES_22_the_next_q_is_tried_when_the_one_before_has_ended) {
    ready({"0.8", "0.5"});
    call();
    const auto first = phones[0].expect("INVITE");
    EXPECT_FALSE(phones[1].has("INVITE"));
    say(1, first, 486, "Busy Here");
    const auto second = phones[1].expect("INVITE");
    EXPECT_FALSE(alice_phone.has("SIP/2.0 486"));
    say(2, second, 200, "OK");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "b2");
}

TEST_P(Fork, FK_SES_01_a_group_that_only_rings_is_cancelled_after_its_time) {
    ready({"0.8", "0.5"});
    call();
    const auto first = phones[0].expect("INVITE");
    ring(1, first);
    net.advance(20'100);
    end_cancelled(1, first);
    const auto second = phones[1].expect("INVITE");
    say(2, second, 200, "OK");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Fork, FK_SES_01_a_200_that_crosses_the_ring_timer_is_used) {
    ready({"0.8", "0.5"});
    call();
    const auto first = phones[0].expect("INVITE");
    ring(1, first);
    net.advance(20'100);
    phones[0].expect("CANCEL");
    say(1, first, 200, "OK");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "b1");
    EXPECT_FALSE(phones[1].has("INVITE"));
}

TEST_P(Fork, FK_SES_02_two_200s_at_once_both_reach_the_caller) {
    ready({"1.0", "1.0"});
    call();
    const auto first = phones[0].expect("INVITE");
    const auto second = phones[1].expect("INVITE");
    ring(1, first);
    ring(2, second);
    say(1, first, 200, "OK");
    say(2, second, 200, "OK");  // its CANCEL was on the way
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "b1");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "b2");
}

TEST_P(Fork, TC_SES_62_a_200_after_the_CANCEL_of_the_caller_is_forwarded) {
    ready({"1.0"});
    const auto branch = call();
    const auto invite = phones[0].expect("INVITE");
    ring(1, invite);
    cancel(branch);
    phones[0].expect("CANCEL");
    say(1, invite, 200, "OK");
    alice_phone.expect("SIP/2.0 180");
    alice_phone.expect("SIP/2.0 200");  // to the CANCEL
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").cseq_method(), "INVITE");
}

TEST_P(Fork, TC_SES_24_55_a_603_ends_the_others_and_is_forwarded_when_they_have_ended) {
    ready({"1.0", "1.0", "0.2"});
    call();
    const auto first = phones[0].expect("INVITE");
    const auto second = phones[1].expect("INVITE");
    ring(2, second);
    say(1, first, 603, "Decline");
    EXPECT_FALSE(alice_phone.has("SIP/2.0 603"));
    end_cancelled(2, second);
    alice_phone.expect("SIP/2.0 603");
    EXPECT_FALSE(phones[2].has("INVITE")) << "no further group";
}

TEST_P(Fork, FK_SES_03_a_200_that_crosses_a_603_goes_through) {
    ready({"1.0", "1.0"});
    call();
    const auto first = phones[0].expect("INVITE");
    const auto second = phones[1].expect("INVITE");
    ring(2, second);
    say(1, first, 603, "Decline");
    phones[1].expect("CANCEL");
    say(2, second, 200, "OK");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Fork, TC_SES_25_the_best_of_the_refusals) {
    ready({"1.0", "1.0"});
    call();
    const auto first = phones[0].expect("INVITE");
    const auto second = phones[1].expect("INVITE");
    say(1, first, 404, "Not Found");
    say(2, second, 484, "Address Incomplete");
    alice_phone.expect("SIP/2.0 484");
}

TEST_P(Fork, FK_SES_05_the_challenges_of_all_branches_are_in_the_one_that_goes_up) {
    ready({"1.0", "1.0"});
    call();
    const auto first = phones[0].expect("INVITE");
    const auto second = phones[1].expect("INVITE");
    say(1, first, 401, "Unauthorized", "WWW-Authenticate: Digest realm=\"one\", nonce=\"1\"");
    say(2, second, 407, "Proxy Authentication Required", "Proxy-Authenticate: Digest realm=\"two\", nonce=\"2\"");
    const auto refused = alice_phone.expect("SIP/2.0 401");
    EXPECT_THAT(std::string(refused.value(HeaderId::www_authenticate)), HasSubstr("one"));
    EXPECT_THAT(std::string(refused.value(HeaderId::proxy_authenticate)), HasSubstr("two"));
}

TEST_P(Fork, TC_SES_33_a_CANCEL_before_any_provisional_waits_for_it) {
    ready({"1.0"});
    const auto branch = call();
    const auto invite = phones[0].expect("INVITE");
    cancel(branch);
    EXPECT_FALSE(phones[0].has("CANCEL"));
    ring(1, invite);
    end_cancelled(1, invite);
    alice_phone.expect("SIP/2.0 487");
}

TEST_P(Fork, TC_SES_54_a_CANCEL_drops_the_groups_that_were_not_started) {
    ready({"0.8", "0.5"});
    const auto branch = call();
    const auto first = phones[0].expect("INVITE");
    ring(1, first);
    cancel(branch);
    end_cancelled(1, first);
    alice_phone.expect("SIP/2.0 487");
    EXPECT_FALSE(phones[1].has("INVITE"));
}

TEST_P(Fork, TC_SES_41_each_provisional_response_starts_timer_C_anew) {
    ready({"1.0"});
    call();
    const auto invite = phones[0].expect("INVITE");
    ring(1, invite);
    for (int minute = 0; minute < 6; ++minute) {
        net.advance(60'000);
        ring(1, invite);
        EXPECT_FALSE(phones[0].has("CANCEL")) << minute;
    }
    net.advance(200'000);
    EXPECT_TRUE(phones[0].has("CANCEL"));
}

TEST_P(Fork, TC_SES_53_no_fork_rings_one_phone) {
    ready({"0.5", "0.9", "0.9"});
    call("Request-Disposition: no-fork\n");
    EXPECT_FALSE(phones[0].has("INVITE"));
    EXPECT_NE(phones[1].has("INVITE"), phones[2].has("INVITE"));
}

TEST_P(Fork, ST_SES_06_the_caller_may_ask_for_another_order) {
    ready({"0.5", "0.9"});
    call("Request-Disposition: parallel\n");
    EXPECT_TRUE(phones[0].has("INVITE"));
    EXPECT_TRUE(phones[1].has("INVITE"));
}

TEST_P(Fork, ST_SES_06_sequential_though_q_is_equal) {
    ready({"1.0", "1.0"});
    call("Request-Disposition: sequential\n");
    EXPECT_NE(phones[0].has("INVITE"), phones[1].has("INVITE"));
}

TEST_P(Fork, HX_SES_09_no_cancel_lets_the_others_ring) {
    ready({"1.0", "1.0"});
    call("Request-Disposition: no-cancel\n");
    const auto first = phones[0].expect("INVITE");
    const auto second = phones[1].expect("INVITE");
    ring(2, second);
    say(1, first, 200, "OK");
    alice_phone.expect("SIP/2.0 200");
    EXPECT_FALSE(phones[1].has("CANCEL"));
    say(2, second, 200, "OK");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "b2");
}

TEST_P(Fork, TC_SES_56_199_tells_a_caller_who_knows_it_that_a_branch_is_gone) {
    ready({"1.0", "1.0"});
    call("Supported: 199\n");
    const auto first = phones[0].expect("INVITE");
    const auto second = phones[1].expect("INVITE");
    ring(1, first);
    ring(2, second);
    say(1, first, 486, "Busy Here");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 199").to_tag(), "b1");
    say(2, second, 200, "OK");
    alice_phone.expect("SIP/2.0 200");
}

TEST_P(Fork, FK_SES_06_nobody_else_gets_a_199) {
    ready({"1.0", "1.0"});
    call();
    const auto first = phones[0].expect("INVITE");
    ring(1, first);
    say(1, first, 486, "Busy Here");
    EXPECT_FALSE(alice_phone.has("SIP/2.0 199"));
}

TEST_P(Fork, FK_SES_07_a_MESSAGE_nobody_answers_is_480_before_the_sender_gives_up) {
    ready({"1.0"});
    call("", "MESSAGE");
    const auto message = phones[0].expect("MESSAGE");
    phones[0].answer(message, 100, "Trying", "");
    net.advance(29'900);
    EXPECT_FALSE(alice_phone.has("SIP/2.0 4"));
    net.advance(200);
    alice_phone.expect("SIP/2.0 480");
}

TEST_P(Fork, FK_SES_07_no_408_for_OPTIONS) {
    ready({"1.0"});
    call("", "OPTIONS");
    phones[0].answer(phones[0].expect("OPTIONS"), 100, "Trying", "");
    net.advance(150'000);
    EXPECT_FALSE(alice_phone.has("SIP/2.0 4"));
    EXPECT_FALSE(alice_phone.has("SIP/2.0 5"));
    for (std::size_t worker = 0; worker < GetParam(); ++worker) {
        EXPECT_EQ(scscf.core(worker).server_transactions(), 0U);
        EXPECT_EQ(scscf.core(worker).unanswered(), 0U);
    }
}

TEST_P(Fork, ST_SES_11_a_302_of_the_callee_passes_by_default) {
    ready({"1.0"});
    call();
    say(1, phones[0].expect("INVITE"), 302, "Moved Temporarily");
    alice_phone.expect("SIP/2.0 302");
}

TEST_P(Fork, FK_SES_04_with_recurse_contacts_of_the_home_network_are_tried) {
    shared.settings.follow_redirections = true;
    directory.add("carol", "home1.net", "c-secret");
    Phone carol_phone(net, "carol", "127.0.2.40:5070");
    ready({"1.0"});
    do_register(carol_phone, {"carol", "c-secret"});
    net.ladder();
    call();
    auto& host = phones[0];
    host.answer(host.expect("INVITE"), 302, "Moved Temporarily", "b1",
                "Contact: <sip:carol@home1.net>, <sip:x@elsewhere.example>");
    const auto redirected = carol_phone.expect("INVITE");
    EXPECT_THAT(std::string(redirected.value(HeaderId::p_called_party_id)), HasSubstr("carol@home1.net"));
    EXPECT_FALSE(alice_phone.has("SIP/2.0 302"));
    carol_phone.answer(redirected, 200, "OK", "c1", "Contact: <sip:carol@127.0.2.40:5070>");
    EXPECT_EQ(alice_phone.expect("SIP/2.0 200").to_tag(), "c1");
}

TEST_P(Fork, FK_SES_04_two_users_who_name_each_other_end) {
    shared.settings.follow_redirections = true;
    directory.add("carol", "home1.net", "c-secret");
    Phone carol_phone(net, "carol", "127.0.2.40:5070");
    ready({"1.0"});
    do_register(carol_phone, {"carol", "c-secret"});
    call();
    int rounds = 0;
    while (rounds < 20 && !alice_phone.has("SIP/2.0 4")) {
        if (phones[0].has("INVITE"))
            phones[0].answer(phones[0].expect("INVITE"), 302, "Moved Temporarily", "b1",
                             "Contact: <sip:carol@home1.net>");
        if (carol_phone.has("INVITE"))
            carol_phone.answer(carol_phone.expect("INVITE"), 302, "Moved Temporarily", "c1",
                               "Contact: <sip:bob@home1.net>");
        ++rounds;
    }
    EXPECT_LT(rounds, 5);
    alice_phone.expect("SIP/2.0 482");
}

}  // namespace
}  // namespace isthmus::flow
