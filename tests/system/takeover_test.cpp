// kill -9 of an S-CSCF among two: its users call and are called by the other one, and nobody registers anew
// (SR-REG-53).
#include <gmock/gmock.h>

#include <pqxx/pqxx>

#include "tests/system/core.hpp"
#include "tests/system/phone.hpp"

namespace isthmus::system_test {
namespace {

class TakeOver : public Core {
  protected:
    void call(Phone& from, Phone& to, const std::string& callee) {
        const auto call_id = from.call("sip:" + callee + "@home1.net");
        const auto received = to.expect("INVITE", call_id);
        if (received.method() != sip::Method::invite) return;
        to.answer(received, 200);
        const auto ok = from.expect("SIP/2.0 200", call_id);
        from.ack(ok);
        to.expect("ACK", call_id);
        from.bye(ok);
        to.answer(to.expect("BYE", call_id), 200);
        EXPECT_EQ(from.expect("SIP/2.0 200", call_id).cseq_method(), "BYE");
    }
    std::string assigned() {
        pqxx::connection connection(cluster().connection_string(database_, "isthmus_admin"));
        pqxx::work work(connection);
        return work
            .exec1(
                "SELECT string_agg(server_name || ' ' || generation, ',' ORDER BY subscription_id) FROM "
                "subscriber.assignment")[0]
            .c_str();
    }
    Phone alice{"alice", 140, address(pcscf_host)};
    Phone bob{"bob", 141, address(pcscf_host)};
};

TEST_F(TakeOver, SR_REG_53_TC_SES_73_kill_9_and_calls_go_on_both_ways_without_REGISTER) {
    provide();
    sql("SELECT subscriber.add_server('" + uri(second_scscf_host) + "', priority => 1)");
    add_user("alice");
    add_user("bob");
    start_all();
    auto second = start_scscf_at(second_scscf_host);
    ASSERT_EQ(alice.do_register().status(), 200);
    ASSERT_EQ(bob.do_register().status(), 200);
    call(alice, bob, "bob");
    EXPECT_EQ(assigned(), uri(scscf_host) + " 1," + uri(scscf_host) + " 1");

    scscf_->kill_hard();
    call(alice, bob, "bob");
    call(bob, alice, "alice");
    EXPECT_EQ(assigned(), uri(second_scscf_host) + " 2," + uri(second_scscf_host) + " 2");
    EXPECT_TRUE(second->logs("ISTHMUS-SC-001"));

    // The dead one is back: its former users stay where they are.
    start_scscf();
    call(alice, bob, "bob");
    EXPECT_EQ(assigned(), uri(second_scscf_host) + " 2," + uri(second_scscf_host) + " 2");
}

}  // namespace
}  // namespace isthmus::system_test
