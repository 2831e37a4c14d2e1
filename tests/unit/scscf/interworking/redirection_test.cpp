#include "scscf/interworking/redirection.hpp"

#include <gtest/gtest.h>

#include "tests/unit/scscf/interworking/samples.hpp"

namespace isthmus::interworking {
namespace {

using namespace samples;

std::vector<std::string> targets(const std::string& contacts) {
    std::vector<std::string> all;
    for (const auto& uri : redirection_targets(response(302, "Contact: " + contacts + "\r\n")))
        all.push_back(uri.print());
    return all;
}

TEST(Redirection, IW_RTE_11_best_q_first_and_no_place_twice) {
    EXPECT_EQ(targets("<sip:a@x>;q=0.2, <sip:b@x>, <sip:c@x>;q=0.9, <sip:b@x>;q=0.1, <sip:d@x>;q=1.0"),
              (std::vector<std::string>{"sip:b@x", "sip:d@x", "sip:c@x", "sip:a@x"}));
}

TEST(Redirection, what_is_no_SIP_place_is_left_out_and_header_fields_are_not_taken_over) {
    EXPECT_EQ(targets("<mailto:a@x>, <tel:+1234>, <sip:a@x?Route=%3Csip:evil%3E>, <sips:b@x>"),
              (std::vector<std::string>{"sip:a@x", "sips:b@x"}));
}

TEST(Redirection, hundreds_of_contacts_are_twenty) {
    std::string contacts = "<sip:u0@x>";
    for (int i = 1; i < 900; ++i) contacts += ", <sip:u" + std::to_string(i) + "@x>";
    EXPECT_EQ(targets(contacts).size(), 20U);
}

TEST(Redirection, IW_RTE_11_only_moves_are_followed) {
    for (const int status : {300, 301, 302}) EXPECT_TRUE(may_be_followed(status)) << status;
    for (const int status : {299, 303, 305, 380, 399, 420}) EXPECT_FALSE(may_be_followed(status)) << status;
}

TEST(Redirection, IW_RTE_11_contacts_nobody_may_call_are_taken_off) {
    const auto permitted = [](const sip::Uri& uri) { return uri.host != "evil"; };
    auto mixed = response(302, "Contact: <sip:a@evil>, \"B\" <sip:b@good>;q=0.3\r\nContact: <tel:+1>\r\n");
    EXPECT_TRUE(filter_redirection(mixed, permitted));
    EXPECT_EQ(mixed.value(sip::HeaderId::contact), "\"B\" <sip:b@good>;q=0.3, <tel:+1>");
    auto none = response(302, "Contact: <sip:a@evil>\r\n");
    EXPECT_FALSE(filter_redirection(none, permitted));
    EXPECT_FALSE(none.has(sip::HeaderId::contact));
    auto bare = response(302, "");
    EXPECT_TRUE(filter_redirection(bare, permitted));
}

}  // namespace
}  // namespace isthmus::interworking
