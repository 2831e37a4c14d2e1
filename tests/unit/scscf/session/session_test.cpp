// What the S-CSCF decides about a session before it does anything (SO-SES-01..03, SO-SES-11, SO-SES-14, SO-SES-15,
// ST-SES-06, ST-SES-10).
#include <gtest/gtest.h>

#include "scscf/session/destination.hpp"
#include "scscf/session/served_user.hpp"
#include "scscf/session/session_case.hpp"
#include "scscf/session/target_set.hpp"

namespace isthmus::session {
namespace {

using proxy::OwnRoute;
using proxy::Position;
using proxy::Token;
using std::chrono::seconds;

sip::Message request(const std::string& to_params = "", const std::string& extra = "") {
    return sip::Message::from_wire("INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n" + extra +
                                   "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>" + to_params +
                                   "\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n")
        .value();
}

Token token(Position where) {
    return {where, 0, 1, 7};
}
OwnRoute route_with(Position where) {
    return {true, token(where), "lr"};
}

struct CaseRow {
    const char* name;
    OwnRoute own;
    std::optional<Token> contact;
    bool to_tag;
    SessionCase expected;
};

class Case : public testing::TestWithParam<CaseRow> {};

TEST_P(Case, SO_SES_01) {
    const auto& row = GetParam();
    EXPECT_EQ(position(request(row.to_tag ? ";tag=2" : ""), row.own, row.contact).session_case, row.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Row, Case,
    testing::Values(
        CaseRow{"service_route", route_with(Position::service_route), {}, false, SessionCase::originating},
        CaseRow{"orig_parameter", {true, {}, "lr;orig"}, {}, false, SessionCase::originating},
        CaseRow{"own_route_without_orig", {true, {}, "lr"}, {}, false, SessionCase::terminating},
        CaseRow{"orig_parameter_of_somebody_else", {false, {}, "lr;orig"}, {}, false, SessionCase::terminating},
        CaseRow{"nothing_of_ours", {}, {}, false, SessionCase::terminating},
        CaseRow{"record_route_calling", route_with(Position::originating), {}, true, SessionCase::in_dialog},
        CaseRow{"record_route_called", route_with(Position::terminating), {}, true, SessionCase::in_dialog},
        CaseRow{
            "service_route_with_To_tag", route_with(Position::service_route), {}, true, SessionCase::unknown_dialog},
        CaseRow{"orig_parameter_with_To_tag", {true, {}, "lr;orig"}, {}, true, SessionCase::unknown_dialog},
        CaseRow{"To_tag_alone", {}, {}, true, SessionCase::unknown_dialog},
        CaseRow{"our_bridge_Contact", {}, token(Position::bridge), true, SessionCase::translated_dialog},
        CaseRow{"another_token_as_Contact", {}, token(Position::access), true, SessionCase::unknown_dialog},
        CaseRow{"the_token_of_a_pcscf", route_with(Position::access), {}, true, SessionCase::unknown_dialog}),
    [](const testing::TestParamInfo<CaseRow>& row) { return row.param.name; });

TEST(SessionCase, DG_SES_05_hands_over_the_token_that_told) {
    const auto found = position(request(";tag=2"), route_with(Position::originating), {});
    ASSERT_TRUE(found.token);
    EXPECT_EQ(found.token->id, 7U);
    EXPECT_FALSE(position(request(";tag=2"), {}, {}).token);
}

ims::Profile profile() {
    ims::Profile made;
    made.identities = {{"sip:alice@home1.net", false}, {"sip:secret@home1.net", true}, {"tel:+15551001", false}};
    return made;
}

TEST(ServedUser, SO_SES_02_asserted_identities_in_their_order_and_canonical) {
    const auto found =
        served_identities(request("", "P-Asserted-Identity: \"A\" <sip:alice@HOME1.net>, <tel:+1-555-1001>\r\n"));
    EXPECT_EQ(found, (std::vector<std::string>{"sip:alice@home1.net", "tel:+15551001"}));
    EXPECT_TRUE(served_identities(request()).empty());
}

TEST(ServedUser, SO_SES_03_only_identities_of_the_set_that_are_not_barred) {
    EXPECT_TRUE(may_use(profile(), "sip:alice@home1.net"));
    EXPECT_FALSE(may_use(profile(), "sip:secret@home1.net"));
    EXPECT_FALSE(may_use(profile(), "sip:mallory@home1.net"));
    EXPECT_TRUE(barred(profile(), "sip:secret@home1.net"));
    EXPECT_FALSE(barred(profile(), "sip:alice@home1.net"));
    EXPECT_FALSE(barred(profile(), "sip:mallory@home1.net"));
}

TEST(ServedUser, SO_SES_11_the_missing_kind_of_identity_is_added_from_the_set) {
    auto by_uri = request("", "P-Asserted-Identity: <sip:alice@home1.net>\r\n");
    complete_asserted_identity(by_uri, profile());
    EXPECT_EQ(by_uri.value(sip::HeaderId::p_asserted_identity), "<sip:alice@home1.net>, <tel:+15551001>");
    auto by_number = request("", "P-Asserted-Identity: <tel:+15551001>\r\n");
    complete_asserted_identity(by_number, profile());
    EXPECT_EQ(by_number.value(sip::HeaderId::p_asserted_identity), "<sip:alice@home1.net>, <tel:+15551001>");
}

TEST(ServedUser, SO_SES_11_nothing_is_added_where_both_are_there_or_nobody_is_or_the_alias_is_barred) {
    auto both = request("", "P-Asserted-Identity: <sip:alice@home1.net>, <tel:+15559999>\r\n");
    complete_asserted_identity(both, profile());
    EXPECT_EQ(both.value(sip::HeaderId::p_asserted_identity), "<sip:alice@home1.net>, <tel:+15559999>");
    auto nobody = request();
    complete_asserted_identity(nobody, profile());
    EXPECT_FALSE(nobody.has(sip::HeaderId::p_asserted_identity));
    auto closed = profile();
    closed.identities.back().barred = true;
    auto alone = request("", "P-Asserted-Identity: <sip:alice@home1.net>\r\n");
    complete_asserted_identity(alone, closed);
    EXPECT_EQ(alone.value(sip::HeaderId::p_asserted_identity), "<sip:alice@home1.net>");
}

struct PlaceRow {
    const char* name;
    const char* uri;
    Place expected;
};

class Destinations : public testing::TestWithParam<PlaceRow> {};

TEST_P(Destinations, SO_SES_14_SO_SES_15) {
    const auto found = destination(
        sip::Uri::parse(GetParam().uri).value(), [](std::string_view host) { return host == "home1.net"; },
        [](const sip::Uri& uri) { return uri.host == "scscf1.home1.net"; });
    EXPECT_EQ(found.place, GetParam().expected);
    EXPECT_EQ(found.host, found.place == Place::outside ? "isp.example" : "");
}

INSTANTIATE_TEST_SUITE_P(Row, Destinations,
                         testing::Values(PlaceRow{"home_user", "sip:bob@home1.net", Place::home},
                                         PlaceRow{"home_in_capitals", "sip:bob@HOME1.NET", Place::home},
                                         PlaceRow{"number_at_home", "sip:+1555@home1.net;user=phone", Place::number},
                                         PlaceRow{"telephone_number", "tel:+15551001", Place::number},
                                         PlaceRow{"isp", "sip:dave@isp.example", Place::outside},
                                         PlaceRow{"isp_number", "sip:+1555@isp.example;user=phone", Place::outside},
                                         PlaceRow{"secure_isp", "sips:dave@isp.example", Place::outside},
                                         PlaceRow{"emergency", "urn:service:sos", Place::emergency},
                                         PlaceRow{"this_node", "sip:scscf1.home1.net", Place::nowhere},
                                         PlaceRow{"no_scheme_of_ours", "mailto:dave@isp.example", Place::nowhere}),
                         [](const testing::TestParamInfo<PlaceRow>& row) { return row.param.name; });

const auto now = std::chrono::system_clock::time_point(seconds(1'000));

ims::Binding contact(const std::string& uri, const std::string& q, int left) {
    ims::Binding binding;
    binding.contact = uri;
    binding.q = q;
    binding.expires = now + seconds(left);
    return binding;
}

std::string order(const std::vector<Contact>& targets) {
    std::string text;
    for (const auto& one : targets) text += one.binding.contact + "/" + std::to_string(one.group) + " ";
    return text;
}

TEST(TargetSet, ST_SES_06_by_falling_q_the_newest_first_and_equals_at_once) {
    EXPECT_EQ(order(target_set({contact("low", "0.1", 50), contact("old", "0.5", 10), contact("none", "", 5),
                                contact("new", "0.50", 20), contact("one", "1.0", 7)},
                               now)),
              "one/0 none/0 new/1 old/1 low/2 ");
}

TEST(TargetSet, ST_SES_04_what_has_expired_is_not_called) {
    EXPECT_EQ(order(target_set({contact("gone", "", 0), contact("lives", "", 1)}, now)), "lives/0 ");
    EXPECT_TRUE(target_set({contact("gone", "", -5)}, now).empty());
}

TEST(TargetSet, ST_SES_06_an_unreadable_q_counts_as_none) {
    EXPECT_EQ(order(target_set({contact("half", "0.5", 1), contact("odd", "x", 1), contact("big", "7", 2)}, now)),
              "big/0 odd/0 half/1 ");
}

TEST(TargetSet, ST_SES_10_ten_branches_at_most_the_best_of_them) {
    std::vector<ims::Binding> many;
    for (int i = 0; i < 15; ++i) many.push_back(contact(std::to_string(i), i == 14 ? "1.0" : "0.5", 100 - i));
    const auto targets = target_set(many, now);
    ASSERT_EQ(targets.size(), 10U);
    EXPECT_EQ(targets.front().binding.contact, "14");
    EXPECT_EQ(targets.back().binding.contact, "8");
}

}  // namespace
}  // namespace isthmus::session
