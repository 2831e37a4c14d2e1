#include "common/runtime/configuration.hpp"

#include <gmock/gmock.h>

namespace isthmus::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string minimal = R"(
[node]
name = "scscf1.home.example"
domains = ["home.example"]
[security]
token_secret = "0123456789abcdef"
)";

const std::vector<Option> role = {
    {.section = "scscf", .key = "uri", .form = Form::sip_uri, .fallback = "sip:scscf.home.example", .help = "Own URI."},
    {.section = "scscf", .key = "trusted", .form = Form::network_list, .fallback = std::vector<std::string>{}},
    {.section = "scscf",
     .key = "nonce_ttl_s",
     .form = Form::integer,
     .fallback = 60,
     .unit = "s",
     .min = 1,
     .max = 600},
    {.section = "scscf", .key = "strict", .form = Form::boolean, .fallback = false},
    {.section = "timers", .key = "access_t1_ms", .form = Form::integer, .fallback = 2000, .unit = "ms", .max = 10000},
};

Configuration good(const std::string& more = {}) {
    auto result = Configuration::parse(minimal + more, "node.toml", role);
    EXPECT_TRUE(result.has_value()) << print(result.error());
    return result.value();
}

std::string complaint(const std::string& text) {
    const auto result = Configuration::parse(text, "node.toml", role);
    return result.has_value() ? "accepted" : print(result.error());
}

TEST(Configuration, what_is_not_given_has_the_tables_default) {
    const auto configuration = good();
    EXPECT_EQ(configuration.integer("timers.t1_ms"), 500);
    EXPECT_EQ(configuration.text("log.level"), "info");
    EXPECT_EQ(configuration.text("scscf.uri"), "sip:scscf.home.example");
    EXPECT_FALSE(configuration.flag("scscf.strict"));
    EXPECT_FALSE(configuration.endpoint("http.listen").has_value());
}

TEST(Configuration, values_come_back_in_their_own_type) {
    const auto configuration = good(R"(
[listen]
udp = ["127.0.0.1:5060", "[::1]:5062"]
[http]
listen = "127.0.0.1:0"
[timers]
t1_ms = 100
timer_c_s = 200
[scscf]
strict = true
nonce_ttl_s = 90
trusted = ["127.0.0.0/8"]
)");
    EXPECT_THAT(configuration.endpoints("listen.udp"), ElementsAre(Endpoint{"127.0.0.1", 5060}, Endpoint{"::1", 5062}));
    EXPECT_EQ(configuration.endpoint("http.listen")->print(), "127.0.0.1:0");
    EXPECT_EQ(configuration.endpoints("listen.udp")[1].print(), "[::1]:5062");
    EXPECT_EQ(configuration.milliseconds("timers.t1_ms").count(), 100);
    EXPECT_EQ(configuration.milliseconds("timers.timer_c_s").count(), 200'000);
    EXPECT_EQ(configuration.seconds("scscf.nonce_ttl_s").count(), 90);
    EXPECT_TRUE(configuration.flag("scscf.strict"));
    EXPECT_THAT(configuration.list("scscf.trusted"), ElementsAre("127.0.0.0/8"));
}

TEST(Configuration, names_file_line_and_what_was_expected) {
    EXPECT_EQ(complaint(minimal + "[timers]\nt1_ms = \"fast\"\n"),
              "node.toml:8: timers.t1_ms: expected an integer from 10 to 10000 (ms), found \"fast\"\n");
    EXPECT_EQ(complaint(minimal + "[timers]\n\nt1_ms = 5\n"),
              "node.toml:9: timers.t1_ms: expected an integer from 10 to 10000 (ms), found 5\n");
    EXPECT_THAT(complaint(minimal + "[timers]\nt1_ms = 500.0\n"), HasSubstr("node.toml:8: timers.t1_ms: expected"));
}

TEST(Configuration, refuses_unknown_keys_and_says_which_there_are) {
    EXPECT_THAT(complaint(minimal + "[trace]\nfiel = \"x\"\n"),
                HasSubstr("node.toml:8: unknown option trace.fiel; [trace] has file"));
    EXPECT_THAT(complaint(minimal + "[tarce]\nfile = \"x\"\n"),
                HasSubstr("node.toml:8: unknown option tarce.file; there is no section [tarce]"));
    EXPECT_THAT(complaint("workers = 2\n" + minimal), HasSubstr("node.toml:1: unknown option workers outside"));
    EXPECT_THAT(complaint(minimal + "[timers.deep]\nt1_ms = 5\n"), HasSubstr("unknown option timers.deep"));
}

TEST(Configuration, says_what_must_be_given) {
    EXPECT_EQ(complaint("[node]\nname = \"a.example\"\ndomains = [\"home.example\"]\n"),
              "node.toml: security.token_secret must be given: expected a string of 16 to 256 characters\n");
}

TEST(Configuration, reports_every_problem_in_the_files_order) {
    const auto text = complaint(minimal + "[timers]\nt2_ms = true\nt1_ms = true\n[log]\nlevel = \"loud\"\n");
    const auto second = text.find(":8: timers.t2_ms");
    const auto first = text.find(":9: timers.t1_ms");
    const auto third = text.find(":11: log.level: expected one of \"debug\" \"info\" \"warning\" \"error\", found");
    ASSERT_NE(third, std::string::npos) << text;
    EXPECT_LT(second, first);
    EXPECT_LT(first, third);
}

TEST(Configuration, broken_toml_is_told_with_its_line) {
    EXPECT_THAT(complaint(minimal + "[timers\nt1_ms = 1\n"), HasSubstr("node.toml:7: not TOML: "));
    EXPECT_THAT(complaint(minimal + "[timers]\nt1_ms = \n"), HasSubstr("node.toml:8: not TOML: "));
    // What fuzzing found: the TOML library reads beyond its buffer on a key of such octets.
    EXPECT_THAT(complaint(minimal + "'\xee'"), HasSubstr("node.toml:7: not TOML: octets that are no UTF-8"));
    EXPECT_THAT(complaint(minimal + "# \xc3\xa4 is fine\n[timers]\nt1_ms = 1\xc0\n"),
                HasSubstr("node.toml:9: not TOML"));
    EXPECT_THAT(complaint("[node]\nname = \"a\"\nname = \"b\"\n"), HasSubstr("node.toml:"));
}

TEST(Configuration, a_file_that_is_not_there_is_a_value_not_an_exception) {
    const auto result = Configuration::load("/nonexistent/node.toml", role);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(print(result.error()), "/nonexistent/node.toml: cannot be opened\n");
}

TEST(Configuration, forms_are_checked) {
    const auto with = [](const std::string& section, const std::string& line) {
        return complaint(minimal + "[" + section + "]\n" + line + "\n");
    };
    EXPECT_EQ(with("scscf", "trusted = [\"10.0.0.0/8\", \"::1\", \"[2001:db8::]/32\"]"), "accepted");
    for (const auto* bad : {"\"10.0.0.0\"", "[\"10.0.0.0/33\"]", "[\"10.0.0\"]", "[5]", "[\"10.0.0.0/8x\"]"})
        EXPECT_THAT(with("scscf", std::string("trusted = ") + bad), HasSubstr("expected a list of addresses")) << bad;
    for (const auto* bad : {"\"home.example\"", "\"tel:+123\"", "\"sip:\"", "\"sip:a b\"", "\"sip:<x>\""})
        EXPECT_THAT(with("scscf", std::string("uri = ") + bad), HasSubstr("expected a SIP URI")) << bad;
    for (const auto* bad :
         {"\"127.0.0.1\"", "\"localhost:80\"", "\"127.0.0.1:70000\"", "\"::1:80\"", "\":80\"", "\"1.2.3.4:\""})
        EXPECT_THAT(with("http", std::string("listen = ") + bad), HasSubstr("expected address and port")) << bad;
    EXPECT_THAT(complaint("[node]\nname = \"a_b\"\ndomains = []\n"), HasSubstr("node.name: expected a host name"));
    EXPECT_THAT(complaint("[node]\nname = \"a\"\ndomains = []\n"), HasSubstr("domains: expected a list of 1 to 64"));
}

TEST(Configuration, a_secret_is_neither_printed_nor_quoted_in_a_complaint) {
    EXPECT_THAT(good().print(), testing::Not(HasSubstr("0123456789abcdef")));
    EXPECT_THAT(good().print(), HasSubstr("token_secret = \"(hidden)\""));
    EXPECT_THAT(complaint("[security]\ntoken_secret = \"hush\"\n"), testing::Not(HasSubstr("hush")));
}

TEST(Configuration, printed_values_read_back_the_same) {
    auto printed = good("[log]\nfile = \"a \\\"b\\\\ \\t\"\n[scscf]\ntrusted = [\"10.0.0.0/8\"]\n").print();
    const auto at = printed.find("(hidden)");
    printed.replace(at, 8, "0123456789abcdef");
    const auto again = Configuration::parse(printed, "printed.toml", role);
    ASSERT_TRUE(again.has_value()) << print(again.error());
    EXPECT_EQ(again->text("log.file"), "a \"b\\ \t");
    EXPECT_EQ(again->print(), good("[log]\nfile = \"a \\\"b\\\\ \\t\"\n[scscf]\ntrusted = [\"10.0.0.0/8\"]\n").print());
}

TEST(Configuration, print_shows_help_default_unit_and_range_of_every_option) {
    const auto printed = good("[timers]\nt1_ms = 123\n").print();
    EXPECT_THAT(printed, HasSubstr("estimate of the round trip.\n# (default 500, 10 to 10000 ms)\nt1_ms = 123\n"));
    EXPECT_THAT(printed, HasSubstr("# (must be given)\nname = \"scscf1.home.example\"\n"));
    EXPECT_THAT(printed, HasSubstr("one of debug, info, warning, error"));
    for (const auto& option : shared_options()) {
        EXPECT_FALSE(option.help.empty()) << option.key;
        EXPECT_THAT(printed, HasSubstr("\n" + std::string(option.key) + " = "));
    }
}

TEST(Configuration, a_role_may_add_keys_to_a_shared_section_which_is_printed_once) {
    const auto printed = good().print();
    EXPECT_EQ(printed.find("[timers]"), printed.rfind("[timers]"));
    EXPECT_THAT(printed, HasSubstr("access_t1_ms = 2000\n"));
}

TEST(Configuration, mistakes_of_the_programmer_are_loud) {
    const auto configuration = good();
    EXPECT_THROW(static_cast<void>(configuration.text("timers.t9")), std::logic_error);
    EXPECT_THROW(static_cast<void>(configuration.text("timers.t1_ms")), std::logic_error);
    EXPECT_THROW(static_cast<void>(configuration.seconds("timers.t1_ms")), std::logic_error);
    const std::vector<Option> twice = {{.section = "log", .key = "level"}};
    EXPECT_THROW(static_cast<void>(Configuration::parse(minimal, "node.toml", twice)), std::logic_error);
}

TEST(Configuration, a_check_between_options_can_name_the_line) {
    const auto configuration = good("[timers]\nt1_ms = 123\n");
    EXPECT_EQ(configuration.problem("timers.t1_ms", "must be below t2_ms").print(),
              "node.toml:8: timers.t1_ms: must be below t2_ms");
    EXPECT_EQ(configuration.problem("timers.t2_ms", "x").print(), "node.toml: timers.t2_ms: x");
}

}  // namespace
}  // namespace isthmus::runtime
