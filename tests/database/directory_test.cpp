// The PostgreSQL adapter of the directory, asked as an I-CSCF and an S-CSCF ask it.
#include <gtest/gtest.h>

#include <set>

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

database::PoolOptions pool_options(const std::string& connection_string) {
    database::PoolOptions options;
    options.connection.connection_string = connection_string;
    return options;
}

class DirectoryTest : public ::testing::Test {
  protected:
    void SetUp() override { set_up(PostgresCluster::shared()); }

    void set_up(PostgresCluster& cluster) {
        const std::string name = cluster.create_migrated_database();
        admin_ = cluster.connection_string(name, "isthmus_admin");
        sql("SELECT subscriber.add_home_domain('home.test')");
        sql("SELECT subscriber.add('alice', 'home.test', 'secret', tel => '+1-555-1001', "
            "identities => ARRAY['sip:office@home.test'], ue_class => 'rel5', mandatory_capabilities => '{1,2}', "
            "optional_capabilities => '{5}')");
        directory_ = std::make_unique<PostgresDirectory>(pool_options(cluster.connection_string(name, "isthmus_core")),
                                                         [this](bool down, const std::string&) { down_.push(down); });
    }

    void sql(const std::string& text) const { run_sql(admin_, text); }

    /// Asks and waits for the answer.
    template <typename Answer, typename Ask>
    Answer answer(Ask ask) {
        const auto received = std::make_shared<Received<Answer>>();
        ask([received](Answer given) { received->push(std::move(given)); });
        const auto found = received->wait_any();
        EXPECT_TRUE(found);
        return found.value_or(Answer{});
    }
    ServerAnswer authorise(const UserAuthorization& query) {
        return answer<ServerAnswer>([&](auto done) { directory_->authorise(query, done); });
    }
    ServerAnswer locate(const std::string& identity, bool originating = false, bool capabilities = false) {
        return answer<ServerAnswer>([&](auto done) {
            directory_->locate({identity, originating, capabilities}, done);
        });
    }
    AuthenticationAnswer authenticate(const std::string& server,
                                      AuthenticationScheme scheme = AuthenticationScheme::unknown) {
        return answer<AuthenticationAnswer>([&](auto done) {
            directory_->authenticate({alice, alice_private, scheme, server}, done);
        });
    }
    AssignmentAnswer assign(const ServerAssignment& query) {
        return answer<AssignmentAnswer>([&](auto done) { directory_->assign(query, done); });
    }
    UserAnswer read_user(const std::string& identity) {
        return answer<UserAnswer>([&](auto done) { directory_->read_user(identity, done); });
    }
    UserPage load(const std::string& server, std::optional<std::int64_t> after, std::size_t limit) {
        return answer<UserPage>([&](auto done) { directory_->load_bindings(server, after, limit, done); });
    }

    static Binding binding(const std::string& contact, const std::string& private_identity = alice_private) {
        Binding result;
        result.contact = contact;
        result.contact_params = "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\";audio";
        result.path = {"<sip:7f3a91@pcscf.visited.test;lr>", "<sip:border.visited.test;lr;x=\"a,b\\\"c\">"};
        const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
        result.expires = now + hours(1);
        result.call_id = "apb03a0s09";
        result.cseq = 4294967295U;
        result.q = "0.8";
        result.instance = "<urn:gsma:imei:90420156-025763-0>";
        result.private_identity = private_identity;
        result.registered_identity = alice;
        result.visited_network = "visited.test";
        result.user_agent = "Phone \xc3\xa9";
        result.icid = "AyretyU0dm+6O2IrT5tAFrbHLso=023551024";
        result.orig_ioi = "visited.test";
        return result;
    }
    static ServerAssignment registration(const std::vector<Binding>& store, const std::string& server = scscf1) {
        ServerAssignment query;
        query.public_identity = alice;
        query.private_identity = alice_private;
        query.server_name = server;
        query.store = store;
        return query;
    }

    std::string admin_;
    Received<bool> down_;
    std::unique_ptr<PostgresDirectory> directory_;
};

TEST_F(DirectoryTest, IR_REG_03_first_registration_gives_capabilities_then_the_server_that_challenged) {
    const ServerAnswer first = authorise({alice, alice_private, "visited.test"});
    EXPECT_EQ(first.result, Result::first_registration);
    EXPECT_EQ(first.server_name, "");
    EXPECT_EQ(first.capabilities.mandatory, (std::vector<std::uint32_t>{1, 2}));
    EXPECT_EQ(first.capabilities.optional, (std::vector<std::uint32_t>{5}));

    const AuthenticationAnswer challenge = authenticate(scscf1);
    EXPECT_EQ(challenge.result, Result::success);
    EXPECT_EQ(challenge.scheme, AuthenticationScheme::sip_digest);
    EXPECT_EQ(challenge.digest.realm, "home.test");
    EXPECT_EQ(challenge.digest.ha1, ask_sql(admin_, "SELECT md5('alice@home.test:home.test:secret')"));

    // The answer to the challenge must come to the same S-CSCF (IR-REG-10, CX-31).
    const ServerAnswer second = authorise({alice, alice_private, "visited.test"});
    EXPECT_EQ(second.result, Result::subsequent_registration);
    EXPECT_EQ(second.server_name, scscf1);
    // Awaiting an authentication is not being registered.
    EXPECT_EQ(locate(alice).result, Result::identity_not_registered);
    EXPECT_EQ(authorise({alice, alice_private, "visited.test", AuthorizationType::registration_and_capabilities})
                  .capabilities.mandatory.size(),
              2U);

    ServerAssignment over = registration({});
    over.type = AssignmentType::authentication_timeout;
    EXPECT_EQ(assign(over).result, Result::success);
    EXPECT_EQ(authorise({alice, alice_private, "visited.test"}).result, Result::first_registration);
}

TEST_F(DirectoryTest, CX_42_vector_of_the_digest_table) {
    sql("SELECT subscriber.add_home_domain('home1.example')");
    sql("SELECT subscriber.add('user1', 'home1.example', 'secret', private_identity => 'user1_private@home1.example')");
    const auto given = answer<AuthenticationAnswer>([&](auto done) {
        directory_->authenticate(
            {"sip:user1@home1.example", "user1_private@home1.example", AuthenticationScheme::sip_digest, scscf1}, done);
    });
    EXPECT_EQ(given.digest.ha1, "f581eae7ffcd3e3e20acc617a2291b92");
}

TEST_F(DirectoryTest, CX_30_each_refusal_of_authorise) {
    sql("SELECT subscriber.add('bob', 'home.test', 'x', visited_networks => ARRAY['Friend.test'])");
    sql("SELECT subscriber.add('barred', 'home.test', 'x')");
    sql("UPDATE subscriber.public_identity SET barred = true WHERE uri = 'sip:barred@home.test'");
    EXPECT_EQ(authorise({"sip:nobody@home.test", alice_private, "v"}).result, Result::user_unknown);
    EXPECT_EQ(authorise({alice, "nobody@home.test", "v"}).result, Result::user_unknown);
    EXPECT_EQ(authorise({alice, "bob@home.test", "v"}).result, Result::identities_dont_match);
    EXPECT_EQ(authorise({"sip:barred@home.test", "barred@home.test", "v"}).result, Result::authorization_rejected);

    const UserAuthorization bob{"sip:bob@home.test", "bob@home.test", "stranger.test"};
    EXPECT_EQ(authorise(bob).result, Result::roaming_not_allowed);
    for (const char* network : {"friend.TEST", "home.test"}) {
        UserAuthorization allowed = bob;
        allowed.visited_network = network;
        EXPECT_EQ(authorise(allowed).result, Result::first_registration) << network;
    }
    UserAuthorization emergency = bob;
    emergency.emergency = true;
    EXPECT_EQ(authorise(emergency).result, Result::first_registration);
    UserAuthorization leaving = bob;
    leaving.type = AuthorizationType::de_registration;
    EXPECT_EQ(authorise(leaving).result, Result::identity_not_registered);  // CX-73, not for the network
}

TEST_F(DirectoryTest, MAR_refusals) {
    EXPECT_EQ(authenticate(scscf1, AuthenticationScheme::digest_aka_v1_md5).result, Result::auth_scheme_not_supported);
    sql("SELECT subscriber.add('bob', 'home.test', 'x')");
    auto ask = [&](const std::string& identity, const std::string& private_identity) {
        return answer<AuthenticationAnswer>([&](auto done) {
            directory_->authenticate({identity, private_identity, AuthenticationScheme::unknown, scscf1}, done);
        });
    };
    EXPECT_EQ(ask(alice, "bob@home.test").result, Result::identities_dont_match);
    EXPECT_EQ(ask("sip:nobody@home.test", alice_private).result, Result::user_unknown);
    EXPECT_EQ(ask(alice, "bob@home.test").digest.ha1, "");
}

TEST_F(DirectoryTest, SR_REG_24_51_registration_stores_the_binding_and_gives_the_profile) {
    sql("UPDATE subscriber.public_identity SET barred = true WHERE uri = '" + alice + "'");
    sql("UPDATE subscriber.subscription SET charging_collection = '{ccf1,ccf2}', charging_event = '{ecf1}'");
    const Binding stored = binding("sip:[2001:db8::1]:1357");
    const AssignmentAnswer given = assign(registration({stored}));
    ASSERT_EQ(given.result, Result::success);
    ASSERT_TRUE(given.profile);
    ASSERT_EQ(given.profile->identities.size(), 3U);
    EXPECT_EQ(given.profile->identities[0].uri, alice);
    EXPECT_TRUE(given.profile->identities[0].barred);
    EXPECT_EQ(given.profile->default_identity()->uri, "tel:+15551001");
    EXPECT_EQ(given.profile->identities[2].uri, "sip:office@home.test");
    ASSERT_EQ(given.profile->private_identities.size(), 1U);
    EXPECT_EQ(given.profile->private_identities[0].ue_class, UeClass::rel5);
    EXPECT_EQ(given.profile->charging.collection, (std::vector<std::string>{"ccf1", "ccf2"}));
    EXPECT_EQ(given.profile->charging.event, (std::vector<std::string>{"ecf1"}));
    EXPECT_EQ(given.bindings, std::vector<Binding>{stored});

    // Every identity of the set is registered with it, and finds its S-CSCF (SR-REG-25).
    for (const std::string& identity : {alice, std::string("tel:+15551001"), std::string("sip:office@home.test")}) {
        const ServerAnswer found = locate(identity);
        EXPECT_EQ(found.result, Result::success) << identity;
        EXPECT_EQ(found.server_name, scscf1) << identity;
        const UserAnswer user = read_user(identity);
        EXPECT_EQ(user.result, Result::success);
        EXPECT_EQ(user.user.server_name, scscf1);
        EXPECT_EQ(user.user.bindings, std::vector<Binding>{stored});
    }
    EXPECT_EQ(locate("sip:nobody@home.test").result, Result::user_unknown);
    EXPECT_EQ(read_user("sip:nobody@home.test").result, Result::user_unknown);
    EXPECT_EQ(locate(alice, false, true).capabilities.optional, (std::vector<std::uint32_t>{5}));
    const ServerAnswer leaving = authorise({alice, alice_private, "v", AuthorizationType::de_registration});
    EXPECT_EQ(leaving.result, Result::success);
    EXPECT_EQ(leaving.server_name, scscf1);
}

TEST_F(DirectoryTest, SR_REG_26_a_new_contact_takes_the_place_of_the_old_one) {
    ASSERT_EQ(assign(registration({binding("sip:old@192.0.2.1")})).result, Result::success);
    ServerAssignment change = registration({binding("sip:new@192.0.2.1")});
    change.type = AssignmentType::re_registration;
    change.remove = {{alice_private, "sip:old@192.0.2.1"}};
    const AssignmentAnswer changed = assign(change);
    ASSERT_EQ(changed.bindings.size(), 1U);
    EXPECT_EQ(changed.bindings[0].contact, "sip:new@192.0.2.1");
    // A refresh changes the row, it adds none; the profile comes only when it is wanted (CX-34).
    ServerAssignment refresh = registration({binding("sip:new@192.0.2.1")});
    refresh.type = AssignmentType::re_registration;
    refresh.store[0].expires += hours(3);
    refresh.store[0].cseq = 7;
    refresh.user_data_already_available = true;
    EXPECT_FALSE(assign(refresh).profile);
    EXPECT_EQ(read_user(alice).user.bindings, refresh.store);
}

TEST_F(DirectoryTest, TC_REG_39_two_private_identities_have_a_binding_each) {
    sql("INSERT INTO subscriber.private_identity SELECT 'tablet@home.test', subscription_id, realm, ha1, NULL FROM "
        "subscriber.private_identity WHERE name = 'alice@home.test'");
    ASSERT_EQ(assign(registration({binding("sip:same@192.0.2.1")})).result, Result::success);
    ServerAssignment other = registration({binding("sip:same@192.0.2.1", "tablet@home.test")});
    other.private_identity = "tablet@home.test";
    EXPECT_EQ(assign(other).bindings.size(), 2U);
    // One leaves: the user is still registered, by the other.
    ServerAssignment leave = registration({});
    leave.type = AssignmentType::re_registration;
    leave.remove = {{alice_private, "sip:same@192.0.2.1"}};
    const AssignmentAnswer left = assign(leave);
    ASSERT_EQ(left.bindings.size(), 1U);
    EXPECT_EQ(left.bindings[0].private_identity, "tablet@home.test");
    EXPECT_EQ(locate(alice).result, Result::success);
}

TEST_F(DirectoryTest, CX_33_deregistration_leaves_nothing_behind) {
    for (const AssignmentType type : {AssignmentType::user_deregistration, AssignmentType::timeout_deregistration,
                                      AssignmentType::administrative_deregistration}) {
        ASSERT_EQ(assign(registration({binding("sip:a@192.0.2.1"), binding("sip:b@192.0.2.1")})).result,
                  Result::success);
        ServerAssignment leave = registration({});
        leave.type = type;
        if (type != AssignmentType::user_deregistration) leave.private_identity.clear();
        EXPECT_EQ(assign(leave).result, Result::success);
        EXPECT_EQ(locate(alice).result, Result::identity_not_registered);
        EXPECT_EQ(read_user(alice).user.server_name, "");
        EXPECT_EQ(ask_sql(admin_, "SELECT count(*) FROM subscriber.binding"), "0");
        EXPECT_EQ(ask_sql(admin_, "SELECT count(server_name) FROM subscriber.assignment"), "0");
    }
}

TEST_F(DirectoryTest, an_expired_binding_counts_for_nothing) {
    ASSERT_EQ(assign(registration({binding("sip:a@192.0.2.1")})).result, Result::success);
    sql("UPDATE subscriber.binding SET expires = now() - interval '1 s'");
    EXPECT_EQ(locate(alice).result, Result::identity_not_registered);
    EXPECT_EQ(authorise({alice, alice_private, "v"}).result, Result::first_registration);
    EXPECT_TRUE(read_user(alice).user.bindings.empty());
    EXPECT_TRUE(load(scscf1, std::nullopt, 10).users.empty());
    // Another S-CSCF may have the user now, and the dead row is swept.
    EXPECT_EQ(assign(registration({binding("sip:b@192.0.2.1")}, scscf2)).bindings.size(), 1U);
    EXPECT_EQ(ask_sql(admin_, "SELECT count(*) FROM subscriber.binding"), "1");
}

TEST_F(DirectoryTest, CX_32_another_server_is_told_who_serves_the_user_and_changes_nothing) {
    ASSERT_EQ(assign(registration({binding("sip:a@192.0.2.1")})).result, Result::success);
    const AssignmentAnswer refused = assign(registration({binding("sip:b@192.0.2.1")}, scscf2));
    EXPECT_EQ(refused.result, Result::identity_already_registered);
    EXPECT_EQ(refused.server_name, scscf1);
    ServerAssignment leave = registration({}, scscf2);
    leave.type = AssignmentType::timeout_deregistration;
    EXPECT_EQ(assign(leave).result, Result::identity_already_registered);
    const AuthenticationAnswer no_challenge = authenticate(scscf2);
    EXPECT_EQ(no_challenge.result, Result::identity_already_registered);
    EXPECT_EQ(no_challenge.server_name, scscf1);
    ASSERT_EQ(read_user(alice).user.bindings.size(), 1U);
    EXPECT_EQ(read_user(alice).user.bindings[0].contact, "sip:a@192.0.2.1");
}

TEST_F(DirectoryTest, SAR_refusals) {
    sql("SELECT subscriber.add('bob', 'home.test', 'x')");
    ServerAssignment query = registration({binding("sip:a@192.0.2.1")});
    query.public_identity = "sip:nobody@home.test";
    EXPECT_EQ(assign(query).result, Result::user_unknown);
    query.public_identity = alice;
    query.private_identity = "nobody@home.test";
    EXPECT_EQ(assign(query).result, Result::user_unknown);
    query.private_identity = "bob@home.test";
    EXPECT_EQ(assign(query).result, Result::identities_dont_match);
    sql("UPDATE subscriber.public_identity SET barred = true");
    EXPECT_EQ(assign(registration({binding("sip:a@192.0.2.1")})).result, Result::authorization_rejected);
    EXPECT_EQ(ask_sql(admin_, "SELECT count(*) FROM subscriber.binding"), "0");
}

TEST_F(DirectoryTest, many_at_once_each_get_their_own_answer_and_a_bad_one_hurts_nobody) {
    constexpr int users = 60;
    sql("SELECT subscriber.add('u' || i, 'home.test', 'x') FROM generate_series(0, 59) i");
    struct Given {
        int user;
        int turn;
        AssignmentAnswer answer;
    };
    Received<Given> received;
    for (int turn = 0; turn < 3; ++turn) {  // the same subscription several times in one group
        for (int user = 0; user < users; ++user) {
            const std::string name = "u" + std::to_string(user);
            ServerAssignment query =
                registration({binding("sip:" + name + "@192.0.2." + std::to_string(turn), name + "@home.test")});
            query.public_identity = "sip:" + name + "@home.test";
            query.private_identity = name + "@home.test";
            if (user == 33 && turn == 1) query.store[0].user_agent = std::string("bad \0 text", 10);
            directory_->assign(query, [&received, user, turn](AssignmentAnswer given) {
                received.push({user, turn, std::move(given)});
            });
        }
    }
    ASSERT_TRUE(received.wait_count(users * 3));
    std::set<std::pair<int, int>> answered;
    for (const Given& given : received.all()) {
        EXPECT_TRUE(answered.insert({given.user, given.turn}).second);
        const bool bad = given.user == 33 && given.turn == 1;
        ASSERT_EQ(given.answer.result, bad ? Result::unable_to_comply : Result::success) << given.user;
        if (bad) continue;
        EXPECT_EQ(given.answer.profile->identities[0].uri, "sip:u" + std::to_string(given.user) + "@home.test");
        const std::size_t before = given.user == 33 && given.turn == 2 ? 1 : static_cast<std::size_t>(given.turn);
        EXPECT_EQ(given.answer.bindings.size(), before + 1);
    }
    EXPECT_EQ(ask_sql(admin_, "SELECT count(*) FROM subscriber.binding"), std::to_string(users * 3 - 1));
}

TEST_F(DirectoryTest, SR_REG_58_a_restarted_server_reads_its_users_in_pages) {
    sql("SELECT subscriber.add('u' || i, 'home.test', 'x') FROM generate_series(0, 9) i");
    for (int user = 0; user < 10; ++user) {
        const std::string name = "u" + std::to_string(user);
        ServerAssignment query =
            registration({binding("sip:" + name + "@192.0.2.1", name + "@home.test")}, user % 5 == 0 ? scscf2 : scscf1);
        query.public_identity = "sip:" + name + "@home.test";
        query.private_identity = name + "@home.test";
        ASSERT_EQ(assign(query).result, Result::success);
    }
    std::set<std::string> contacts;
    std::optional<std::int64_t> after;
    int pages = 0;
    do {
        const UserPage page = load(scscf1, after, 3);
        ASSERT_EQ(page.result, Result::success);
        for (const User& user : page.users) {
            EXPECT_EQ(user.server_name, scscf1);
            ASSERT_EQ(user.bindings.size(), 1U);
            EXPECT_TRUE(contacts.insert(user.bindings[0].contact).second);
        }
        after = page.next;
        ++pages;
    } while (after);
    EXPECT_EQ(contacts.size(), 8U);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(load(scscf2, std::nullopt, 100).users.size(), 2U);
}

TEST_F(DirectoryTest, IR_REG_04_the_servers_to_choose_from_and_the_domains_that_are_ours) {
    sql("SELECT subscriber.add_server('" + scscf1 + "', '{1,2,5}', 10, 3)");
    sql("SELECT subscriber.add_server('" + scscf2 + "')");
    sql("SELECT subscriber.add_server('sip:scscf3.test:5061;transport=tls', priority => 20)");
    const auto network = answer<NetworkAnswer>([&](auto done) { directory_->read_network(done); });
    ASSERT_EQ(network.result, Result::success);
    ASSERT_EQ(network.servers.size(), 3U);
    EXPECT_EQ(network.servers[2].name, "sip:scscf3.test:5061;transport=tls");
    EXPECT_EQ(network.servers[0].name, scscf2);  // the better priority first
    EXPECT_EQ(network.servers[1].capabilities, (std::vector<std::uint32_t>{1, 2, 5}));
    EXPECT_EQ(network.servers[1].priority, 10);
    EXPECT_EQ(network.servers[1].weight, 3);
    EXPECT_EQ(network.home_domains, (std::vector<std::string>{"home.test"}));
}

TEST_F(DirectoryTest, CX_21_every_question_is_answered_unreachable_once_and_after_the_return_as_before) {
    PostgresCluster cluster{PostgresCluster::Options{}};
    set_up(cluster);
    ASSERT_EQ(assign(registration({binding("sip:a@192.0.2.1")})).result, Result::success);
    cluster.kill_hard();
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(authorise({alice, alice_private, "v"}).result, Result::unreachable);
        EXPECT_EQ(locate(alice).result, Result::unreachable);
        EXPECT_EQ(authenticate(scscf1).result, Result::unreachable);
        EXPECT_EQ(assign(registration({})).result, Result::unreachable);
        EXPECT_EQ(read_user(alice).result, Result::unreachable);
        EXPECT_EQ(load(scscf1, std::nullopt, 10).result, Result::unreachable);
    }
    EXPECT_TRUE(directory_->known_down());
    cluster.start();
    // The first probe that is answered ends it.
    ASSERT_TRUE(down_.wait_count(2));
    EXPECT_EQ(down_.all(), (std::vector<bool>{true, false}));
    EXPECT_EQ(locate(alice).result, Result::success);
    EXPECT_FALSE(directory_->known_down());
}

TEST_F(DirectoryTest, SR_REG_51_what_was_answered_is_there_after_kill_9_of_the_server) {
    PostgresCluster::Options options;
    options.fsync = true;
    PostgresCluster cluster(options);
    set_up(cluster);
    const Binding stored = binding("sip:a@192.0.2.1");
    Received<Result> killed;
    directory_->assign(registration({stored}), [&](const AssignmentAnswer& given) {
        cluster.kill_hard();  // behind the answer, before anything else happens
        killed.push(given.result);
    });
    ASSERT_EQ(killed.wait_any(), Result::success);
    directory_.reset();
    cluster.start();
    directory_ = std::make_unique<PostgresDirectory>(pool_options(admin_));
    const UserPage page = load(scscf1, std::nullopt, 10);
    ASSERT_EQ(page.users.size(), 1U);
    EXPECT_EQ(page.users[0].bindings, std::vector<Binding>{stored});
    EXPECT_EQ(locate(alice).server_name, scscf1);
}

TEST_F(DirectoryTest, operator_functions_say_what_to_write) {
    using testing::refusal_of;
    const std::pair<std::string, std::string> refused[] = {
        {"SELECT subscriber.add('x', 'other.test', 'p')",
         "\"other.test\" is no home domain: SELECT subscriber.add_home_domain('other.test') first"},
        {"SELECT subscriber.add('alice', 'home.test', 'p')",
         "public identity sip:alice@home.test belongs to somebody already: SELECT "
         "subscriber.remove('sip:alice@home.test') first, or write another"},
        {"SELECT subscriber.add('x', 'home.test', '')", "the password of x@home.test is empty: write one"},
        {"SELECT subscriber.add('x', 'home.test', 'p', tel => '1001')",
         "telephone identity \"tel:1001\" is not a global number: write it like tel:+15551001"},
        {"SELECT subscriber.add('x', 'home.test', 'p', identities => ARRAY['boss'])",
         "public identity \"boss\" is not a plain URI: write it like sip:alice@ims.example.net or tel:+15551001"},
        {"SELECT subscriber.add('x', 'home.test', 'p', ue_class => 'rel99')",
         "UE class \"rel99\" is unknown: write rel5, rel6 or plain, or leave it out"},
        {"SELECT subscriber.add('x', 'home.test', 'p', private_identity => 'alice@home.test')",
         "private identity alice@home.test exists already: SELECT subscriber.remove('alice@home.test') first, or write "
         "another"},
        {"SELECT subscriber.add_server('scscf1')",
         "S-CSCF name \"scscf1\" is not a SIP URI of a host: write it like sip:scscf1.example.net:5060 or "
         "sip:scscf1.example.net:5061;transport=tls"},
        {"SELECT subscriber.add_server('sip:scscf1.example.net;transport=sctp')",
         "S-CSCF name \"sip:scscf1.example.net;transport=sctp\" is not a SIP URI of a host: write it like "
         "sip:scscf1.example.net:5060 or sip:scscf1.example.net:5061;transport=tls"},
        {"SELECT subscriber.add_home_domain('no domain')",
         "home domain \"no domain\" is not a domain name: write it like ims.example.net"},
        {"SELECT subscriber.remove('nobody')",
         "nobody is called \"nobody\": write a private identity (alice@ims.example.net) or a public one "
         "(sip:alice@ims.example.net, tel:+15551001)"},
        {"SELECT subscriber.set_password('nobody', 'p')",
         "there is no private identity \"nobody\": write one like alice@ims.example.net"},
    };
    for (const auto& [text, message] : refused) EXPECT_EQ(refusal_of(admin_, text), "ERROR:  " + message) << text;
    EXPECT_EQ(refusal_of(admin_, "SELECT subscriber.set_password('alice@home.test', 'other')"), "");
    EXPECT_EQ(authenticate(scscf1).digest.ha1, ask_sql(admin_, "SELECT md5('alice@home.test:home.test:other')"));
    EXPECT_EQ(refusal_of(admin_, "SELECT subscriber.remove('tel:+15551001')"), "");
    EXPECT_EQ(ask_sql(admin_, "SELECT count(*) FROM subscriber.public_identity"), "0");
    EXPECT_EQ(ask_sql(admin_, "SELECT count(*) FROM subscriber.assignment"), "0");
}

}  // namespace
}  // namespace isthmus::subscriber
