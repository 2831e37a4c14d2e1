#include "common/sip/uri.hpp"

#include <gtest/gtest.h>

#include <string>

namespace isthmus::sip {
namespace {

// What is printed goes to the next hop, so it must be what was read: a URI without that property is refused.
TEST(Uri, refuses_userinfo_that_the_grammar_does_not_know) {
    for (const char* text : {"sip::u@h", "sip:@@h", "sip:@h", "sip::@h", "sip:u@@h", "sip:a@b@h", "sip:u:p:q@h",
                             "sips::u@h", "sip:@", "sip:u@", "sip:u@:5060", "SIP::u@h", "sip:u@h;p=@x"})
        EXPECT_FALSE(Uri::parse(text).has_value()) << text << " came out as " << Uri::parse(text)->print();
}

TEST(Uri, what_fuzzing_found_is_refused) {
    for (const char* text : {"!a!a:2:2@", "D:\xc4\x44:@", "1a:b", "sip:\xff@h", "-x:y", "tel:.@.", "tel:.:.", "tel:"})
        EXPECT_FALSE(Uri::parse(text).has_value()) << text << " came out as " << Uri::parse(text)->print();
}

TEST(Uri, HX_SES_13_numbers_compare_without_separators_and_order) {
    const auto equal = [](const char* a, const char* b) { return equivalent(*Uri::parse(a), *Uri::parse(b)); };
    EXPECT_TRUE(equal("tel:+1-201-555-0123", "tel:+12015550123"));
    EXPECT_TRUE(equal("tel:863-1234;phone-context=Example.com;ext=1", "tel:8631234;ext=1;phone-context=example.com"));
    EXPECT_FALSE(equal("tel:+12015550123", "tel:+12015550124"));
    EXPECT_FALSE(equal("tel:8631234;phone-context=a.example", "tel:8631234;phone-context=b.example"));
}

TEST(Uri, nobody_looks_inside_a_scheme_we_do_not_route) {
    const auto uri = Uri::parse("HTTP://u@www.example:8080/a;b?c=d@e");
    ASSERT_TRUE(uri.has_value());
    EXPECT_EQ(uri->print(), "http://u@www.example:8080/a;b?c=d@e");
    EXPECT_EQ(uri->port, 0);
    EXPECT_TRUE(uri->host.empty());
}

TEST(Uri, prints_what_it_read) {
    for (const char* text : {"sip:h", "sip:h:5060", "sip:u@h", "sip:u:p@h", "sip:u@h:5061;transport=tcp;lr",
                             "sip:u;x=1@h;lr", "sip:u?a/b@h", "sip:u@[2001:db8::1]:5060;lr", "sips:u@h?subject=x",
                             "sip:%40%3A@h", "sip:+358401234567;phone-context=x@h;user=phone", "tel:+358-40-1;ext=2",
                             "tel:*#06#;phone-context=x", "urn:service:sos", "sip:!~*'()&=+$,@h", "sip:u@192.0.2.1"}) {
        const auto uri = Uri::parse(text);
        ASSERT_TRUE(uri.has_value()) << text;
        EXPECT_EQ(uri->print(), text);
    }
}

TEST(Uri, EM_SES_05_a_service_urn_is_a_uri) {
    const auto sos = Uri::parse("urn:service:sos.fire");
    ASSERT_TRUE(sos.has_value());
    EXPECT_EQ(sos->scheme, Uri::Scheme::urn);
    EXPECT_EQ(sos->print(), "urn:service:sos.fire");
}

TEST(Uri, a_second_reading_of_what_was_printed_finds_the_same) {
    const std::string alphabet = "a:@;?=[]%.-1";
    // Every text of five of these characters behind the scheme: 248,832 of them.
    std::size_t accepted = 0;
    for (std::size_t code = 0; code < 12 * 12 * 12 * 12 * 12; ++code) {
        std::string text = "sip:";
        for (std::size_t rest = code, i = 0; i < 5; ++i, rest /= 12) text.push_back(alphabet[rest % 12]);
        const auto uri = Uri::parse(text);
        if (!uri) continue;
        ++accepted;
        const auto again = Uri::parse(uri->print());
        ASSERT_TRUE(again.has_value()) << text << " printed as " << uri->print();
        ASSERT_EQ(again->user, uri->user) << text;
        ASSERT_EQ(again->password, uri->password) << text;
        ASSERT_EQ(again->host, uri->host) << text;
        ASSERT_EQ(again->port, uri->port) << text;
        ASSERT_EQ(again->params, uri->params) << text;
        ASSERT_EQ(again->headers, uri->headers) << text;
        ASSERT_EQ(again->print(), uri->print()) << text;
    }
    EXPECT_GT(accepted, 1000U);
}

}  // namespace
}  // namespace isthmus::sip
