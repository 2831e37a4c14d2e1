// What a 200 to a REGISTER promises, and what goes on without the database (registration.md 7, SR-REG-51, SR-REG-60).
#include <gmock/gmock.h>

#include <signal.h>
#include <chrono>
#include <thread>

#include "tests/system/core.hpp"
#include "tests/system/phone.hpp"

namespace isthmus::system_test {
namespace {

using sip::HeaderId;
using ::testing::HasSubstr;

class Durability : public Core {
  protected:
    void ready() {
        provide();
        add_user("alice");
        add_user("bob");
        start_all();
        ASSERT_EQ(alice.do_register().status(), 200);
        ASSERT_EQ(bob.do_register().status(), 200);
    }
    void expect_call_from_alice_to_bob() {
        const auto call_id = alice.call("sip:bob@home1.net");
        const auto received = bob.expect("INVITE", call_id);
        if (received.method() != sip::Method::invite) return;
        bob.answer(received, 200);
        const auto ok = alice.expect("SIP/2.0 200", call_id);
        alice.ack(ok);
        bob.expect("ACK", call_id);
        alice.bye(ok);
        bob.answer(bob.expect("BYE", call_id), 200);
        EXPECT_EQ(alice.expect("SIP/2.0 200", call_id).cseq_method(), "BYE");
    }

    Phone alice{"alice", 140, address(pcscf_host)};
    Phone bob{"bob", 141, address(pcscf_host)};
};

TEST_F(Durability, SR_REG_51_a_registration_outlives_kill_9_of_scscf_and_database_right_behind_its_200) {
    provide();
    add_user("alice");
    add_user("bob");
    start_all();
    for (auto* phone : {&alice, &bob}) {
        const auto registered = phone->do_register();
        ASSERT_EQ(registered.status(), 200) << registered.print();
    }
    scscf_->signal(SIGKILL);
    cluster().kill_hard();
    scscf_->kill_hard();
    cluster().start();
    start_scscf();
    expect_call_from_alice_to_bob();
}

TEST_F(Durability, SR_REG_60_calls_go_on_without_the_database_and_REGISTER_gets_503) {
    ready();
    Phone dave("dave", 200, address(scscf_host), sip_port);
    sql("SELECT policy.allow_domain('isp.example', next_hop => 'sip:" + support::loopback(200) + ":5060')");
    const auto in_force = std::chrono::steady_clock::now() + patience;
    while (metric(scscf_host, "isthmus_policy_rows") < 1 && std::chrono::steady_clock::now() < in_force)
        std::this_thread::yield();
    ASSERT_EQ(metric(scscf_host, "isthmus_policy_rows"), 1) << "the row is in force before the database goes";
    expect_call_from_alice_to_bob();
    cluster().kill_hard();

    const auto refused = bob.do_register();
    EXPECT_EQ(refused.status(), 503);
    const auto after = refused.number(HeaderId::retry_after).value_or(0);
    EXPECT_GE(after, 5U);
    EXPECT_LE(after, 30U);
    EXPECT_THAT(std::string(refused.value(HeaderId::warning)), HasSubstr("Subscriber data unavailable"));
    EXPECT_TRUE(icscf_->logs("ISTHMUS-DB-003")) << "the log says that the database is lost";
    EXPECT_EQ(metric(icscf_host, "isthmus_directory_down"), 1.0);
    EXPECT_THAT(http_get(support::loopback(icscf_host), http_port, "/healthz").body, HasSubstr("unreachable"));

    expect_call_from_alice_to_bob();
    const auto call_id = alice.call("sip:dave@isp.example");
    const auto received = dave.expect("INVITE");
    dave.answer(received, 200);
    alice.ack(alice.expect("SIP/2.0 200", call_id));
    dave.expect("ACK");

    cluster().start();
    EXPECT_TRUE(icscf_->logs("ISTHMUS-DB-002")) << "the log says that it is back";
    EXPECT_EQ(metric(icscf_host, "isthmus_directory_down"), 0.0);
    // The S-CSCF has connections of its own; it may learn a little later.
    const auto until = std::chrono::steady_clock::now() + patience;
    auto status = bob.do_register().status();
    while (status != 200 && std::chrono::steady_clock::now() < until) {
        EXPECT_EQ(status, 503);
        (void)scscf_->logs("ISTHMUS-DB-002", std::chrono::milliseconds(200));
        status = bob.do_register().status();
    }
    EXPECT_EQ(status, 200);
    expect_call_from_alice_to_bob();
}

}  // namespace
}  // namespace isthmus::system_test
