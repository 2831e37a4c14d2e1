// Whom a certificate speaks for (RFC 5922 7), and what TlsCredentials says of files that cannot be used.
#include "common/transport/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/x509.h>

#include <fstream>

#include "tests/support/certificates.hpp"

namespace isthmus::transport {
namespace {

using support::Authority;
using support::WantedCertificate;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Identities : public testing::Test {
  protected:
    std::shared_ptr<X509> with(std::vector<std::string> names, const std::string& common_name = "cn.example") {
        WantedCertificate wanted;
        wanted.names = std::move(names);
        wanted.common_name = common_name;
        return authority.certificate(wanted);
    }
    Authority authority;
};

TEST_F(Identities, RFC5922_7_1_a_sip_URI_in_subjectAltName_wins_over_DNS_names) {
    const auto certificate = with({"URI:sip:Example.com", "DNS:www.example.com"});
    EXPECT_THAT(sip_identities(certificate.get()), ElementsAre("example.com"));
    EXPECT_TRUE(names_domain(certificate.get(), "EXAMPLE.com."));
    EXPECT_FALSE(names_domain(certificate.get(), "www.example.com"));
}

TEST_F(Identities, RFC5922_7_1_URIs_of_another_scheme_or_with_a_user_are_no_domain) {
    const auto certificate =
        with({"URI:sips:a.example", "URI:sip:alice@b.example", "URI:http://c.example", "DNS:d.example"});
    EXPECT_THAT(sip_identities(certificate.get()), ElementsAre("d.example"));
}

TEST_F(Identities, RFC5922_7_1_the_common_name_counts_only_without_any_subjectAltName) {
    EXPECT_TRUE(names_domain(with({}).get(), "cn.example"));
    EXPECT_FALSE(names_domain(with({"DNS:other.example"}).get(), "cn.example"));
    EXPECT_FALSE(names_domain(with({"email:a@cn.example"}).get(), "cn.example")) << "no name of a domain, yet present";
}

TEST_F(Identities, RFC5922_7_2_wildcards_name_nobody) {
    const auto certificate = with({"DNS:*.example.com"});
    EXPECT_FALSE(names_domain(certificate.get(), "sip.example.com"));
    EXPECT_FALSE(names_domain(certificate.get(), "*.example.com"));
}

TEST_F(Identities, RFC5922_7_2_a_subdomain_is_another_domain) {
    EXPECT_FALSE(names_domain(with({"DNS:example.com"}).get(), "sip.example.com"));
    EXPECT_FALSE(names_domain(with({"DNS:sip.example.com"}).get(), "example.com"));
}

TEST_F(Identities, a_numeric_host_must_stand_there_as_an_address) {
    const auto certificate = with({"IP:127.0.1.20", "IP:2001:db8::1"});
    EXPECT_TRUE(names_domain(certificate.get(), "127.0.1.20"));
    EXPECT_TRUE(names_domain(certificate.get(), "[2001:db8::1]"));
    EXPECT_FALSE(names_domain(certificate.get(), "127.0.1.21"));
    EXPECT_FALSE(names_domain(with({"DNS:127.0.1.20"}).get(), "127.0.1.20"));
    EXPECT_FALSE(names_domain(with({}, "127.0.1.20").get(), "127.0.1.20"));
}

TEST_F(Identities, nobody_is_named_by_the_empty_name) {
    EXPECT_FALSE(names_domain(with({}).get(), ""));
    EXPECT_FALSE(names_domain(with({}).get(), "."));
}

class Files : public testing::Test {
  protected:
    Authority authority;
    TlsOptions options{{authority.issue("node", {{"DNS:node.example"}})}, {authority.file()}};
    std::string write(const std::string& name, const std::string& text) {
        const auto path = authority.path(name);
        std::ofstream(path) << text;
        return path;
    }
    TlsProblem problem() {
        const auto loaded = TlsCredentials::load(options);
        EXPECT_EQ(loaded.credentials, nullptr);
        if (loaded.problems.size() != 1) {
            ADD_FAILURE() << loaded.problems.size() << " problems";
            return {};
        }
        return loaded.problems.front();
    }
};

TEST_F(Files, good_ones_load_and_have_nothing_to_warn_of) {
    const auto loaded = TlsCredentials::load(options);
    ASSERT_TRUE(loaded.credentials);
    EXPECT_THAT(loaded.credentials->warnings(std::chrono::system_clock::now()), IsEmpty());
    const auto left = loaded.credentials->first_expiry() - std::chrono::system_clock::now();
    EXPECT_GT(left, std::chrono::hours(23));
    EXPECT_LT(left, std::chrono::hours(25));
}

TEST_F(Files, a_missing_certificate_is_named) {
    options.identities[0].chain_file = authority.path("missing");
    const auto found = problem();
    EXPECT_EQ(found.in, TlsProblem::In::chain);
    EXPECT_THAT(found.text, HasSubstr("missing.pem\" cannot be read: No such file"));
}

TEST_F(Files, text_that_is_no_certificate_is_named) {
    options.identities[0].chain_file = write("text", "hello\n");
    EXPECT_THAT(problem().text, HasSubstr("is no certificate chain (PEM)"));
}

TEST_F(Files, an_empty_file_and_a_folder_are_named) {
    options.identities[0].chain_file = write("empty", "");
    EXPECT_THAT(problem().text, HasSubstr("is empty or no file"));
    options.identities[0].chain_file = "/";
    EXPECT_THAT(problem().text, HasSubstr("Is a directory"));
}

TEST_F(Files, the_key_of_another_certificate_is_named) {
    options.identities[0].key_file = authority.issue("other", {}).key_file;
    const auto found = problem();
    EXPECT_EQ(found.in, TlsProblem::In::key);
    EXPECT_THAT(found.text, HasSubstr("other.key\" is not the key of"));
}

TEST_F(Files, text_that_is_no_key_is_named) {
    options.identities[0].key_file = write("text", "hello\n");
    EXPECT_THAT(problem().text, HasSubstr("is no private key without a password"));
}

TEST_F(Files, an_authority_file_without_certificates_is_named) {
    options.authority_files = {write("text", "hello\n")};
    const auto found = problem();
    EXPECT_EQ(found.in, TlsProblem::In::authorities);
    EXPECT_THAT(found.text, HasSubstr("holds no certificates"));
}

TEST_F(Files, an_expired_certificate_of_ours_is_a_warning) {
    WantedCertificate wanted;
    wanted.valid_from_days = -10;
    wanted.valid_until_days = -1;
    options.identities = {authority.issue("old", wanted)};
    const auto loaded = TlsCredentials::load(options);
    ASSERT_TRUE(loaded.credentials);
    EXPECT_THAT(loaded.credentials->warnings(std::chrono::system_clock::now()),
                ElementsAre(HasSubstr("old.pem\" has expired")));
}

}  // namespace
}  // namespace isthmus::transport
