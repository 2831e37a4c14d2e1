// What an operator writes of TLS and connections: what is wrong with it is said at its line.
#include "common/runtime/connections.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.hpp"

namespace isthmus::runtime {
namespace {

using testing::HasSubstr;

class TlsConfiguration : public testing::Test {
  protected:
    [[nodiscard]] Problems problems(const std::string& tls) const {
        const auto configuration = Configuration::parse(
            "[node]\nname = \"n\"\ndomains = [\"d\"]\n[security]\ntoken_secret = \"0123456789abcdef\"\n" + tls,
            "n.toml", {});
        if (!configuration) return configuration.error();
        return load_credentials(*configuration).problems;
    }
    [[nodiscard]] std::string only(const std::string& tls) const {
        const auto found = problems(tls);
        EXPECT_EQ(found.size(), 1U);
        return found.empty() ? "" : found.front().print();
    }
    static std::string files(const std::string& certificate, const std::string& key) {
        return "[listen]\ntls = [\"127.0.0.1:5061\"]\n[tls]\ncertificates = [\"" + certificate + "\"]\nkeys = [\"" +
               key + "\"]\n";
    }
    support::Authority authority;
    transport::TlsOptions::Identity good = authority.issue("node", {{"DNS:node.example"}});
};

TEST_F(TlsConfiguration, good_files_have_no_problem_and_no_TLS_needs_no_files) {
    EXPECT_TRUE(problems(files(good.chain_file, good.key_file)).empty());
    EXPECT_TRUE(problems("").empty());
}

TEST_F(TlsConfiguration, listening_without_a_certificate_is_told_at_its_line) {
    EXPECT_EQ(only("[listen]\ntls = [\"127.0.0.1:5061\"]\n"),
              "n.toml:7: listen.tls: expected [tls] certificates and keys beside it, found no certificate");
}

TEST_F(TlsConfiguration, a_missing_file_is_told_at_its_line) {
    EXPECT_THAT(only(files("/nowhere/a.pem", good.key_file)),
                HasSubstr("n.toml:9: tls.certificates: \"/nowhere/a.pem\" cannot be read: No such file or directory; "
                          "expected a certificate chain (PEM)"));
}

TEST_F(TlsConfiguration, a_key_of_another_certificate_is_told_at_its_line) {
    EXPECT_THAT(only(files(good.chain_file, authority.issue("other", {}).key_file)),
                HasSubstr("n.toml:10: tls.keys: "));
}

TEST_F(TlsConfiguration, each_certificate_needs_its_key) {
    EXPECT_EQ(only("[tls]\ncertificates = [\"a\", \"b\"]\nkeys = [\"a\"]\n"),
              "n.toml:8: tls.keys: expected one key for each of the 2 certificates, found 1");
}

TEST_F(TlsConfiguration, a_wrong_word_for_client_certificates_names_the_right_ones) {
    EXPECT_THAT(only("[tls]\nclient_certificate = \"maybe\"\n"), HasSubstr("\"none\" \"request\" \"require\""));
}

}  // namespace
}  // namespace isthmus::runtime
