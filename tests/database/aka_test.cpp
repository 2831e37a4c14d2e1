// Subscribers with a card in the directory: vectors, sequence numbers, AUTS, and who may see the keys
// (cx.md sections 7 and 9, CX-31, CX-40, CX-41, CX-60).
#include <gtest/gtest.h>

#include <set>

#include "common/sip/digest.hpp"
#include "common/subscriber/aka.hpp"
#include "common/subscriber/postgres_directory.hpp"
#include "tests/database/support.hpp"
#include "tests/support/card.hpp"

namespace isthmus::subscriber {
namespace {

using testing::ask_sql;
using testing::PostgresCluster;
using testing::Received;
using testing::refusal_of;
using testing::run_sql;

const std::string carol = "sip:carol@home.test";
const std::string carol_private = "carol@home.test";
const std::string scscf1 = "sip:scscf1.home.test:5060";
const std::string scscf2 = "sip:scscf2.home.test:5060";

const std::string& k = support::card_k;
const std::string& op = support::card_op;
const std::string& opc = support::card_opc;

class AkaDirectory : public ::testing::Test {
  protected:
    void SetUp() override {
        auto& cluster = PostgresCluster::shared();
        const auto name = cluster.create_migrated_database();
        admin_ = cluster.connection_string(name, "isthmus_admin");
        core_ = cluster.connection_string(name, "isthmus_core");
        reader_ = cluster.connection_string(name, "isthmus_reader");
        owner_ = cluster.connection_string(name);
        run_sql(admin_, "SELECT subscriber.add_home_domain('home.test')");
        run_sql(admin_, "SELECT subscriber.add('carol', 'home.test', k => '" + k + "', opc => '" + opc + "')");
        directory_ = make_directory();
    }
    std::unique_ptr<PostgresDirectory> make_directory() const {
        database::PoolOptions options;
        options.connection.connection_string = core_;
        return std::make_unique<PostgresDirectory>(options);
    }
    AuthenticationQuery query(const std::string& server = scscf1) const {
        AuthenticationQuery query;
        query.public_identity = carol;
        query.private_identity = carol_private;
        query.server_name = server;
        return query;
    }
    AuthenticationAnswer ask(const AuthenticationQuery& query) { return ask(*directory_, query); }
    static AuthenticationAnswer ask(Directory& directory, const AuthenticationQuery& query) {
        const auto received = std::make_shared<Received<AuthenticationAnswer>>();
        directory.authenticate(query, [received](AuthenticationAnswer given) { received->push(std::move(given)); });
        const auto found = received->wait_any();
        EXPECT_TRUE(found);
        return found.value_or(AuthenticationAnswer{});
    }
    AuthenticationAnswer resynchronise(const Resynchronisation& said) {
        auto asked = query();
        asked.scheme = AuthenticationScheme::digest_aka_v1_md5;
        asked.resynchronisation = said;
        return ask(asked);
    }
    std::string stored_sqn() const { return ask_sql(admin_, "SELECT sqn FROM subscriber.aka"); }

    support::Card card_;
    std::string admin_, core_, reader_, owner_;
    std::unique_ptr<PostgresDirectory> directory_;
};

TEST_F(AkaDirectory, CX_41_a_vector_the_card_accepts_though_the_scheme_was_left_to_the_directory) {
    const auto given = ask(query());
    ASSERT_EQ(given.result, Result::success);
    EXPECT_EQ(given.scheme, AuthenticationScheme::digest_aka_v1_md5);
    EXPECT_EQ(given.digest.ha1, "");
    EXPECT_EQ(card_.sqn_of(given.aka), 33U) << "SEQ 1, IND 1";
    const auto expected = aka::make_vector(card_.secret, 33, given.aka.rand);
    EXPECT_EQ(given.aka.xres, expected.xres);
    EXPECT_EQ(given.aka.ck, expected.ck);
    EXPECT_EQ(given.aka.ik, expected.ik);
    // The answer to the challenge must come to the same S-CSCF (CX-31).
    EXPECT_EQ(ask_sql(admin_, "SELECT server_name FROM subscriber.assignment"), scscf1);
}

TEST_F(AkaDirectory, CX_60_SQN_counts_up_in_steps_of_32_with_IND_going_round_and_no_RAND_comes_twice) {
    std::set<aka::Block> challenges;
    aka::Number last = 0;
    for (unsigned i = 1; i <= 40; ++i) {
        const auto given = ask(query());
        const auto sqn = card_.sqn_of(given.aka);
        ASSERT_TRUE(sqn);
        EXPECT_EQ(*sqn >> 5U, (last >> 5U) + 1);
        EXPECT_EQ(*sqn & 31U, i % 32);
        last = *sqn;
        challenges.insert(given.aka.rand);
    }
    EXPECT_EQ(challenges.size(), 40U);
}

TEST_F(AkaDirectory, CX_60_two_S_CSCFs_asking_at_once_never_get_the_same_SQN) {
    const auto other = make_directory();
    const auto received = std::make_shared<Received<AuthenticationAnswer>>();
    constexpr std::size_t each = 100;
    for (std::size_t i = 0; i < each; ++i)
        for (auto* directory : {directory_.get(), other.get()})
            directory->authenticate(query(),
                                    [received](AuthenticationAnswer given) { received->push(std::move(given)); });
    ASSERT_TRUE(received->wait_count(2 * each));
    std::set<aka::Number> issued;
    for (const auto& given : received->all()) {
        ASSERT_EQ(given.result, Result::success);
        issued.insert(card_.sqn_of(given.aka).value());
    }
    EXPECT_EQ(issued.size(), 2 * each);
    EXPECT_EQ(*issued.rbegin() >> 5U, 2 * each);
}

TEST_F(AkaDirectory, TC_CX_03_CX_60_after_AUTS_the_next_vector_is_one_the_card_takes) {
    const aka::Number own = 0x1234567890;  // far ahead of the directory, as a card that was used elsewhere
    const auto refused = ask(query());
    const auto given = resynchronise(card_.refuse(refused.aka.rand, own));
    ASSERT_EQ(given.result, Result::success);
    const auto sqn = card_.sqn_of(given.aka).value();
    EXPECT_EQ(sqn >> 5U, (own + 32) >> 5U);
    EXPECT_NE(given.aka.rand, refused.aka.rand);
    EXPECT_EQ(card_.sqn_of(ask(query()).aka).value() >> 5U, (sqn >> 5U) + 1) << "and it goes on from there";
}

TEST_F(AkaDirectory, CX_60_a_directory_too_far_ahead_goes_back_to_the_card) {
    run_sql(admin_, "UPDATE subscriber.aka SET sqn = 35184372088832");  // 2^45: SEQ 2^40
    const aka::Number own = 320;
    const auto given = resynchronise(card_.refuse(ask(query()).aka.rand, own));
    ASSERT_EQ(given.result, Result::success);
    EXPECT_EQ(card_.sqn_of(given.aka).value() >> 5U, 11U);
}

TEST_F(AkaDirectory, CX_60_a_card_that_would_take_our_next_number_does_not_turn_it_back) {
    for (int i = 0; i < 20; ++i) ask(query());
    const auto refused = ask(query());  // SEQ 21
    const auto said = card_.refuse(refused.aka.rand, 5 << 5);
    const auto first = card_.sqn_of(resynchronise(said).aka).value();
    EXPECT_EQ(first >> 5U, 22U);
    EXPECT_EQ(card_.sqn_of(resynchronise(said).aka).value() >> 5U, 23U) << "the same AUTS twice: no number twice";
}

TEST_F(AkaDirectory, CX_60_a_forged_or_foreign_AUTS_is_refused_and_uses_nothing_up) {
    const auto refused = ask(query());
    const auto before = stored_sqn();
    auto forged = card_.refuse(refused.aka.rand, 1 << 20);
    forged.auts.back() ^= 1U;
    EXPECT_EQ(resynchronise(forged).result, Result::authorization_rejected);
    auto replayed = card_.refuse(refused.aka.rand, 1 << 20);
    replayed.rand.front() ^= 1U;  // an AUTS of another challenge
    EXPECT_EQ(resynchronise(replayed).result, Result::authorization_rejected);
    EXPECT_EQ(stored_sqn(), before);
}

TEST_F(AkaDirectory, TC_CX_10_a_scheme_the_user_does_not_have_is_refused) {
    auto asked = query();
    asked.scheme = AuthenticationScheme::sip_digest;
    EXPECT_EQ(ask(asked).result, Result::auth_scheme_not_supported);
    run_sql(owner_, "DELETE FROM subscriber.aka");
    EXPECT_EQ(ask(query()).result, Result::auth_scheme_not_supported) << "neither password nor card";
}

TEST_F(AkaDirectory, OPc_is_made_of_OP_as_the_vectors_say) {
    const std::string rows[][3] = {
        {k, op, opc},
        {"0396eb317b6d1c36f19c1c84cd6ffd16", "ff53bade17df5d4e793073ce9d7579fa", "53c15671c60a4b731c55b4a441c0bde2"},
        {"fec86ba6eb707ed08905757b1bb44b8f", "dbc59adcb6f9a0ef735477b7fadf8374", "1006020f0a478bf6b699f15c062e42b3"}};
    for (const auto& row : rows) {
        run_sql(admin_,
                "SELECT subscriber.set_aka('carol@home.test', k => '0x" + row[0] + "', op => '" + row[1] + "')");
        EXPECT_EQ(ask_sql(owner_, "SELECT encode(opc, 'hex') FROM subscriber.aka"), row[2]);
    }
}

TEST_F(AkaDirectory, a_card_takes_the_place_of_a_password_and_a_password_that_of_a_card) {
    EXPECT_EQ(refusal_of(admin_, "SELECT subscriber.set_password('carol@home.test', 'secret')"), "");
    EXPECT_EQ(ask(query()).scheme, AuthenticationScheme::sip_digest);
    EXPECT_EQ(ask_sql(admin_, "SELECT count(private_identity) FROM subscriber.aka"), "0");
    EXPECT_EQ(refusal_of(admin_, "SELECT subscriber.set_aka('carol@home.test', k => '" + k + "', opc => '" + opc +
                                     "', amf => 'b9b9', sqn => 64)"),
              "");
    const auto given = ask(query());
    EXPECT_EQ(given.scheme, AuthenticationScheme::digest_aka_v1_md5);
    card_.secret.amf = {0xb9, 0xb9};
    EXPECT_EQ(card_.sqn_of(given.aka), 97U) << "SEQ 3, IND 1";
    EXPECT_EQ(refusal_of(admin_, "SELECT subscriber.remove('carol@home.test')"), "");
    EXPECT_EQ(ask_sql(admin_, "SELECT count(private_identity) FROM subscriber.aka"), "0");
}

TEST_F(AkaDirectory, SR_REG_06_a_user_has_HA1_by_the_algorithms_he_was_given) {
    const auto digest = [&](const std::string& kind) {
        run_sql(admin_, "SELECT subscriber.set_password('carol@home.test', 'secret', '" + kind + "')");
        return ask(query()).digest;
    };
    const auto md5 = sip::digest_ha1("carol@home.test", "home.test", "secret");
    const auto sha256 = sip::digest_ha1("carol@home.test", "home.test", "secret", sip::DigestAlgorithm::sha256);
    EXPECT_EQ(digest("md5").ha1, md5);
    EXPECT_EQ(digest("md5").ha1_sha256, "");
    EXPECT_EQ(digest("md5+sha256").ha1, md5);
    EXPECT_EQ(digest("md5+sha256").ha1_sha256, sha256);
    EXPECT_EQ(digest("sha256").ha1, "");
    EXPECT_EQ(digest("sha256").ha1_sha256, sha256);
    run_sql(admin_, "SELECT subscriber.add('dora', 'home.test', 'x', digest => 'sha256')");
    EXPECT_EQ(ask_sql(admin_,
                      "SELECT ha1 IS NULL AND length(ha1_sha256) = 64 FROM subscriber.private_identity "
                      "WHERE name = 'dora@home.test'"),
              "t");
}

TEST_F(AkaDirectory, keys_are_read_by_nobody_but_the_two_functions_of_the_core) {
    for (const auto& role : {admin_, reader_, core_})
        for (const char* what : {"k", "opc", "*"})
            EXPECT_NE(
                refusal_of(role, std::string("SELECT ") + what + " FROM subscriber.aka").find("permission denied"),
                std::string::npos)
                << what;
    for (const auto& role : {admin_, reader_})
        for (const char* call : {"subscriber.issue_aka('[]')", "subscriber.aka_secret('carol@home.test')"})
            EXPECT_NE(refusal_of(role, std::string("SELECT ") + call).find("permission denied"), std::string::npos);
    EXPECT_NE(refusal_of(admin_, "UPDATE subscriber.aka SET sqn = 0 RETURNING k").find("permission denied"),
              std::string::npos);
    EXPECT_NE(refusal_of(core_, "UPDATE subscriber.aka SET sqn = 0").find("permission denied"), std::string::npos);
    EXPECT_EQ(refusal_of(reader_, "SELECT private_identity, amf, sqn FROM subscriber.aka"), "");
    EXPECT_NE(refusal_of(reader_, "SELECT ha1_sha256 FROM subscriber.private_identity").find("permission denied"),
              std::string::npos);
}

TEST_F(AkaDirectory, operator_functions_say_what_to_write_and_never_repeat_a_key) {
    const std::string one = "SELECT subscriber.add('x', 'home.test', ";
    const std::pair<std::string, std::string> refused[] = {
        {"SELECT subscriber.add('x', 'home.test')",
         "x@home.test has nothing to authenticate by: write a password, or k and opc for a phone with a card"},
        {one + "'p', k => '" + k + "', opc => '" + opc + "')",
         "x@home.test has a password and a key: write one of them"},
        {one + "opc => '" + opc + "', password => 'p')",
         "opc or op of x@home.test is of no use without k: write the card's key, 32 hex digits"},
        {one + "k => '" + k + "')",
         "write either opc or op for x@home.test, 32 hex digits: opc is the card's own, op the network's"},
        {one + "k => '" + k + "', opc => '" + opc + "', op => '" + op + "')",
         "write either opc or op for x@home.test, 32 hex digits: opc is the card's own, op the network's"},
        {one + "k => '465b', opc => '" + opc + "')",
         "k is not 32 hex digits (4 characters were given): write it like 465b5ce8b199b49faa5f0a2ee238a6bc"},
        {one + "k => '" + k + "', opc => '" + opc.substr(1) + "g')",
         "opc is not 32 hex digits (32 characters were given): write it like cd63cb71954a9f4e48a5994e37a02baf"},
        {one + "k => '" + k + "', op => '')",
         "op is not 32 hex digits (0 characters were given): write it like cdc202d5123e20f62b6d676ac72cb318"},
        {one + "k => '" + k + "', opc => '" + opc + "', amf => '80')",
         "amf is not 4 hex digits (2 characters were given): write it like 8000"},
        {one + "'p', digest => 'sha1')", "digest \"sha1\" is unknown: write md5, md5+sha256 or sha256"},
        {"SELECT subscriber.set_aka('nobody', k => '" + k + "', opc => '" + opc + "')",
         "there is no private identity \"nobody\": write one like alice@ims.example.net"},
        {"SELECT subscriber.set_aka('carol@home.test', k => NULL, opc => '" + opc + "')",
         "k of carol@home.test is missing: write the card's key, 32 hex digits"},
        {"SELECT subscriber.set_aka('carol@home.test', k => '" + k + "', opc => '" + opc + "', sqn => 281474976710656)",
         "sqn 281474976710656 does not fit in 48 bits: leave it out, the card tells where it is"},
    };
    for (const auto& [text, message] : refused) EXPECT_EQ(refusal_of(admin_, text), "ERROR:  " + message) << text;
    EXPECT_EQ(ask_sql(admin_, "SELECT count(*) FROM subscriber.public_identity"), "1") << "a refusal leaves nothing";
}

}  // namespace
}  // namespace isthmus::subscriber
