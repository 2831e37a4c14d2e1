// Take-over of a subscription in the directory: mark, generation, one winner (SR-REG-54..56, CX-32, CX-38; TC-CX-26).
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "common/database/listener.hpp"
#include "common/subscriber/postgres_directory.hpp"
#include "tests/database/support.hpp"

namespace isthmus::subscriber {
namespace {

using std::chrono::hours;
using testing::ask_sql;
using testing::PostgresCluster;
using testing::Received;
using testing::run_sql;

const std::string alice = "sip:alice@home.test";
const std::string alice_private = "alice@home.test";
const std::string scscf1 = "sip:scscf1.home.test:5060";
const std::string scscf2 = "sip:scscf2.home.test:5060";
const std::string scscf3 = "sip:scscf3.home.test:5060";

class TakeOver : public ::testing::Test {
  protected:
    TakeOver() {
        auto& cluster = PostgresCluster::shared();
        const auto name = cluster.create_migrated_database();
        admin_ = cluster.connection_string(name, "isthmus_admin");
        core_ = cluster.connection_string(name, "isthmus_core");
        run_sql(admin_, "SELECT subscriber.add_home_domain('home.test'), subscriber.add('alice', 'home.test', 'x')");
        database::PoolOptions options;
        options.connection.connection_string = core_;
        directory_ = std::make_unique<PostgresDirectory>(options, [](bool, const std::string&) {});
    }
    template <typename Answer, typename Ask>
    Answer answer(Ask ask) {
        const auto received = std::make_shared<Received<Answer>>();
        ask([received](Answer given) { received->push(std::move(given)); });
        return received->wait_any().value_or(Answer{});
    }
    static ServerAssignment request(const std::string& server, AssignmentType type, std::int64_t generation = 0) {
        ServerAssignment query;
        query.type = type;
        query.public_identity = alice;
        query.server_name = server;
        query.generation = generation;
        return query;
    }
    AssignmentAnswer assign(const ServerAssignment& query) {
        return answer<AssignmentAnswer>([&](auto done) { directory_->assign(query, done); });
    }
    AssignmentAnswer take_over(const std::string& server) {
        return assign(request(server, AssignmentType::re_registration));
    }
    AssignmentAnswer register_at(const std::string& server) {
        auto query = request(server, AssignmentType::registration);
        query.private_identity = alice_private;
        query.store = {contact()};
        return assign(query);
    }
    static Binding contact() {
        Binding binding;
        binding.contact = "sip:alice@192.0.2.1";
        binding.path = {"<sip:token@pcscf.home.test;lr>"};
        binding.expires =
            std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) + hours(1);
        binding.call_id = "c";
        binding.cseq = 7;
        binding.private_identity = alice_private;
        binding.registered_identity = alice;
        return binding;
    }
    ServerAnswer failed(const std::string& server) {
        return answer<ServerAnswer>([&](auto done) {
            directory_->locate({.public_identity = alice, .with_capabilities = true, .failed_server = server}, done);
        });
    }
    UserAnswer read() {
        return answer<UserAnswer>([&](auto done) { directory_->read_user(alice, done); });
    }
    std::string generation() { return ask_sql(admin_, "SELECT generation FROM subscriber.assignment"); }

    std::string admin_;
    std::string core_;
    std::unique_ptr<PostgresDirectory> directory_;
};

TEST_F(TakeOver, TC_CX_26_with_the_mark_another_S_CSCF_is_accepted_and_gets_what_is_durable) {
    const auto first = register_at(scscf1);
    ASSERT_EQ(first.result, Result::success);
    EXPECT_EQ(first.profile->generation, 1);
    EXPECT_FALSE(read().user.reassignable);
    EXPECT_EQ(failed(scscf1).server_name, scscf1);
    EXPECT_TRUE(read().user.reassignable);

    const auto taken = take_over(scscf2);
    ASSERT_EQ(taken.result, Result::success);
    EXPECT_EQ(taken.profile->generation, 2);
    ASSERT_EQ(taken.bindings.size(), 1U);
    EXPECT_EQ(taken.bindings[0], first.bindings[0]) << "contact, Path, expiry, Call-ID, CSeq";
    EXPECT_EQ(read().user.server_name, scscf2);
    EXPECT_FALSE(read().user.reassignable) << "the mark is used up";
}

TEST_F(TakeOver, TC_CX_26_without_the_mark_or_after_30_s_it_is_refused_with_the_name) {
    register_at(scscf1);
    const auto refused = take_over(scscf2);
    EXPECT_EQ(refused.result, Result::identity_already_registered);
    EXPECT_EQ(refused.server_name, scscf1);
    failed(scscf1);
    run_sql(core_, "UPDATE subscriber.assignment SET reassign_until = reassign_until - interval '31 seconds'");
    EXPECT_EQ(take_over(scscf2).result, Result::identity_already_registered);
    EXPECT_EQ(generation(), "1");
}

TEST_F(TakeOver, CX_38_who_names_another_than_the_assigned_one_marks_nothing) {
    register_at(scscf2);
    EXPECT_EQ(failed(scscf1).server_name, scscf2) << "somebody took over already: ask him";
    EXPECT_EQ(take_over(scscf3).result, Result::identity_already_registered);
}

TEST_F(TakeOver, TC_REG_56_two_at_once_have_one_winner) {
    register_at(scscf1);
    failed(scscf1);
    database::PoolOptions options;
    options.connection.connection_string = core_;
    PostgresDirectory other(options, [](bool, const std::string&) {});
    Received<AssignmentAnswer> answers;
    directory_->assign(request(scscf2, AssignmentType::re_registration), [&](auto given) { answers.push(given); });
    other.assign(request(scscf3, AssignmentType::re_registration), [&](auto given) { answers.push(given); });
    ASSERT_TRUE(answers.wait_count(2));
    const auto both = answers.all();
    const auto& winner = both[0].result == Result::success ? both[0] : both[1];
    const auto& loser = both[0].result == Result::success ? both[1] : both[0];
    EXPECT_EQ(winner.result, Result::success);
    EXPECT_EQ(loser.result, Result::identity_already_registered);
    EXPECT_EQ(loser.server_name, read().user.server_name);
    EXPECT_EQ(generation(), "2");
}

TEST_F(TakeOver, SR_REG_55_an_old_generation_writes_nothing) {
    register_at(scscf1);
    failed(scscf1);
    take_over(scscf2);
    for (const auto type : {AssignmentType::re_registration, AssignmentType::user_deregistration,
                            AssignmentType::timeout_deregistration}) {
        auto late = request(scscf1, type, 1);
        late.remove = {{alice_private, contact().contact}};
        const auto refused = assign(late);
        EXPECT_EQ(refused.result, Result::identity_already_registered);
        EXPECT_EQ(refused.server_name, scscf2);
    }
    // Not even the one that is named, from an earlier time.
    EXPECT_EQ(assign(request(scscf2, AssignmentType::re_registration, 1)).result, Result::identity_already_registered);
    EXPECT_EQ(assign(request(scscf2, AssignmentType::re_registration, 2)).result, Result::success);
    EXPECT_EQ(read().user.bindings.size(), 1U);
}

TEST_F(TakeOver, CX_38_a_challenge_moves_the_assignment) {
    register_at(scscf1);
    const auto challenge = [&](const std::string& server) {
        return answer<AuthenticationAnswer>([&](auto done) {
            directory_->authenticate({alice, alice_private, AuthenticationScheme::unknown, server}, done);
        });
    };
    EXPECT_EQ(challenge(scscf2).result, Result::identity_already_registered);
    failed(scscf1);
    const auto given = challenge(scscf2);
    EXPECT_EQ(given.result, Result::success);
    EXPECT_TRUE(given.registered) << "contacts live: they have to be loaded";
    EXPECT_EQ(read().user.server_name, scscf2);
    EXPECT_EQ(generation(), "2");
}

TEST_F(TakeOver, SR_REG_58_a_restart_changes_no_generation) {
    register_at(scscf1);
    EXPECT_EQ(assign(request(scscf1, AssignmentType::re_registration, 1)).result, Result::success);
    EXPECT_EQ(generation(), "1");
}

TEST_F(TakeOver, SR_REG_56_the_old_one_is_told_and_can_compare) {
    register_at(scscf1);
    failed(scscf1);
    Received<std::string> told;
    Received<bool> listening;
    database::Listener::Options options;
    options.connection.connection_string = core_;
    options.channel = "subscriber_taken_over";
    const database::Listener listener(
        options, {},
        {[&](pqxx::connection&) { listening.push(true); }, [](pqxx::connection&, const std::string&) {}, [] {},
         [](const std::string&) {}, [&](const std::string& payload) { told.push(payload); }});
    ASSERT_TRUE(listening.wait_any());
    take_over(scscf2);
    const auto payload = told.wait_any();
    ASSERT_TRUE(payload);
    const auto value = boost::json::parse(*payload);
    EXPECT_EQ(value.at("from").as_string(), scscf1);
    EXPECT_EQ(value.at("to").as_string(), scscf2);
    EXPECT_EQ(value.at("generation").to_number<int>(), 2);
    const auto set = std::to_string(value.at("sets").as_array().at(0).to_number<std::int64_t>());
    const auto lost = [&](const std::string& server, const std::string& held) {
        return ask_sql(core_, "SELECT subscriber.lost('" + server + "', '[[" + set + "," + held + "]]')");
    };
    EXPECT_EQ(lost(scscf1, "1"), set);
    EXPECT_EQ(lost(scscf2, "1"), set);
    EXPECT_EQ(lost(scscf2, "2"), "");
}

}  // namespace
}  // namespace isthmus::subscriber
