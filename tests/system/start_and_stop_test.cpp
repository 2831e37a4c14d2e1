// Command line, configuration, start without a database, graceful stop.
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <pqxx/pqxx>

#include "tests/system/core.hpp"
#include "tests/system/phone.hpp"

namespace isthmus::system_test {
namespace {

using ::testing::HasSubstr;

class StartAndStop : public Core {
  protected:
    struct Run {
        int code = -1;
        std::string output;
    };
    static Run run(const std::string& role, const std::vector<std::string>& arguments) {
        Program program(role, arguments);
        const auto code = program.wait();
        return {code.value_or(-999), program.output()};
    }
};

TEST_F(StartAndStop, check_config_takes_a_good_file_of_each_role) {
    database_ = "nobody_connects";
    const std::vector<std::pair<std::string, int>> roles = {
        {"pcscf", pcscf_host}, {"icscf", icscf_host}, {"scscf", scscf_host}};
    for (const auto& [role, host] : roles) {
        const auto good = run(role, {"-c", write_config(role, host), "--check-config"});
        EXPECT_EQ(good.code, 0) << good.output;
        EXPECT_EQ(good.output, "");
    }
}

TEST_F(StartAndStop, a_bad_configuration_ends_with_2_and_names_file_line_and_what_was_expected) {
    const auto path = write_config("pcscf", pcscf_host, "route_check = \"sometimes\"\nunknown_key = 1\n");
    std::ifstream file(path);
    int at = 0;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.find("sometimes") != std::string::npos) at = number;
    }
    for (const char* way : {"--check-config", "--print-config"}) {
        const auto bad = run("pcscf", {"-c", path, way});
        EXPECT_EQ(bad.code, 2);
        EXPECT_THAT(bad.output, HasSubstr(path + ":" + std::to_string(at) + ": "));
        EXPECT_THAT(bad.output, HasSubstr("reject"));
        EXPECT_THAT(bad.output, HasSubstr("replace"));
        EXPECT_THAT(bad.output, HasSubstr("sometimes"));
        EXPECT_THAT(bad.output, HasSubstr(":" + std::to_string(at + 1) + ": ")) << "all problems, not only the first";
    }
    EXPECT_EQ(run("pcscf", {"-c", path}).code, 2) << "and it does not start with it";
    EXPECT_EQ(run("scscf", {}).code, 2);
    EXPECT_EQ(run("scscf", {"-c", folder_ / "nowhere.toml"}).code, 2);
    EXPECT_EQ(run("scscf", {"--no-such-option"}).code, 2);
}

TEST_F(StartAndStop, print_config_prints_what_reads_back_and_hides_the_secret) {
    const auto first = run("pcscf", {"-c", write_config("pcscf", pcscf_host), "--print-config"});
    EXPECT_EQ(first.code, 0);
    EXPECT_THAT(first.output, HasSubstr("visited_network = \"home1.net\""));
    EXPECT_THAT(first.output, HasSubstr("t1_ms"));
    EXPECT_EQ(first.output.find("0123456789abcdef"), std::string::npos);
}

TEST_F(StartAndStop, without_a_database_it_waits_says_so_and_serves_when_it_appears) {
    provide();
    add_user("alice");
    start_icscf();
    start_pcscf();
    cluster().stop_fast();
    scscf_ = std::make_unique<Program>("scscf", std::vector<std::string>{"-c", write_config("scscf", scscf_host)});
    EXPECT_TRUE(scscf_->logs("ISTHMUS-DB-001")) << scscf_->output();
    cluster().start();
    EXPECT_TRUE(scscf_->logs("ISTHMUS-DB-002")) << scscf_->output();
    EXPECT_TRUE(scscf_->logs("ISTHMUS-RT-001")) << scscf_->output();
    Phone alice("alice", 140, address(pcscf_host));
    const auto until = std::chrono::steady_clock::now() + patience;
    auto status = alice.do_register().status();
    while (status == 503 && std::chrono::steady_clock::now() < until) {  // the I-CSCF finds its way back by itself
        (void)icscf_->logs("ISTHMUS-DB-002", std::chrono::milliseconds(200));
        status = alice.do_register().status();
    }
    EXPECT_EQ(status, 200);
}

TEST_F(StartAndStop, a_program_that_waits_for_its_database_can_be_stopped) {
    database_ = "there_is_none";
    scscf_ = std::make_unique<Program>("scscf", std::vector<std::string>{"-c", write_config("scscf", scscf_host)});
    ASSERT_TRUE(scscf_->logs("ISTHMUS-DB-001"));
    scscf_->signal(SIGTERM);
    EXPECT_EQ(scscf_->wait(), 0);
}

TEST_F(StartAndStop, a_schema_that_is_too_old_is_named_by_its_missing_migration) {
    provide();
    pqxx::connection connection(cluster().connection_string(database_));
    pqxx::nontransaction(connection).exec("DELETE FROM isthmus.migration WHERE version = 6");
    scscf_ = std::make_unique<Program>("scscf", std::vector<std::string>{"-c", write_config("scscf", scscf_host)});
    EXPECT_TRUE(scscf_->logs("006_policy_operator.sql")) << scscf_->output();
    EXPECT_EQ(http_get(support::loopback(scscf_host), http_port, "/healthz").status, 0) << "it does not serve";
    scscf_->signal(SIGTERM);
    EXPECT_EQ(scscf_->wait(), 0);
}

TEST_F(StartAndStop, SIGTERM_lets_a_call_under_way_be_answered_then_ends_with_0) {
    provide();
    add_user("alice");
    add_user("bob");
    start_all();
    Phone alice("alice", 140, address(pcscf_host));
    Phone bob("bob", 141, address(pcscf_host));
    ASSERT_EQ(alice.do_register().status(), 200);
    ASSERT_EQ(bob.do_register().status(), 200);
    const auto call_id = alice.call("sip:bob@home1.net");
    const auto received = bob.expect("INVITE", call_id);
    for (auto* program : {pcscf_.get(), icscf_.get(), scscf_.get()}) {
        program->signal(SIGTERM);
        EXPECT_TRUE(program->logs("ISTHMUS-RT-002"));
    }
    EXPECT_EQ(http_get(support::loopback(pcscf_host), http_port, "/healthz").status, 503) << "and says so";
    bob.answer(received, 200);
    alice.expect("SIP/2.0 200", call_id);
    for (auto* program : {pcscf_.get(), icscf_.get(), scscf_.get()}) {
        EXPECT_EQ(program->wait(), 0);
        EXPECT_THAT(program->output(), HasSubstr("stopped, 0 transactions"));
    }
}

}  // namespace
}  // namespace isthmus::system_test
