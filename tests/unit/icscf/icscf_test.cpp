// What the I-CSCF asks, whom it chooses and what it remembers (IR-REG-02, IR-REG-04, IC-SES-02, IC-SES-07, IC-SES-10;
// TC-REG-16, TC-REG-17, TC-SES-83).
#include <gtest/gtest.h>

#include <map>

#include "icscf/location_cache.hpp"
#include "icscf/location_query.hpp"
#include "icscf/registration_query.hpp"
#include "icscf/scscf_selection.hpp"

namespace isthmus::icscf {
namespace {

using sip::Message;
using subscriber::AuthorizationType;
using subscriber::LocationQuery;
using subscriber::ServerEntry;
using subscriber::UserAuthorization;

Message request(const std::string& method, const std::string& uri, const std::string& lines) {
    return Message::from_wire(method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n" + lines +
                              "From: <sip:a@x>;tag=1\r\nTo: <sip:Alice@HOME1.net>\r\nCall-ID: c\r\nCSeq: 1 " + method +
                              "\r\n\r\n")
        .value();
}

UserAuthorization registering(const std::string& lines) {
    return std::get<UserAuthorization>(registration_query(request("REGISTER", "sip:home1.net", lines)));
}

TEST(RegistrationQuery, IR_REG_02_identities_and_visited_network) {
    const auto query = registering(
        "Authorization: Digest username=\"impi@home1.net\",realm=\"home1.net\"\r\n"
        "P-Visited-Network-ID: \"visited1.net\"\r\nContact: <sip:a@1.2.3.4>\r\n");
    EXPECT_EQ(query.public_identity, "sip:Alice@home1.net") << "the user part keeps its case";
    EXPECT_EQ(query.private_identity, "impi@home1.net");
    EXPECT_EQ(query.visited_network, "visited1.net");
    EXPECT_EQ(query.type, AuthorizationType::registration);
    EXPECT_EQ(registering("").private_identity, "Alice@home1.net");
}

struct Ending {
    const char* name;
    const char* lines;
    bool ends;
};
class Deregistration : public testing::TestWithParam<Ending> {};

TEST_P(Deregistration, IR_REG_02_type) {
    EXPECT_EQ(registering(GetParam().lines).type,
              GetParam().ends ? AuthorizationType::de_registration : AuthorizationType::registration);
}

INSTANTIATE_TEST_SUITE_P(
    Row, Deregistration,
    testing::Values(Ending{"contact_0", "Contact: <sip:a@1.2.3.4>;expires=0\r\n", true},
                    Ending{"general_0", "Contact: <sip:a@1.2.3.4>\r\nExpires: 0\r\n", true},
                    Ending{"star", "Contact: *\r\nExpires: 0\r\n", true},
                    Ending{"one_of_two", "Contact: <sip:a@1.2.3.4>;expires=0, <sip:b@1.2.3.4>\r\n", false},
                    Ending{"its_own_wins", "Contact: <sip:a@1.2.3.4>;expires=60\r\nExpires: 0\r\n", false},
                    Ending{"usual", "Contact: <sip:a@1.2.3.4>\r\n", false}, Ending{"query", "Expires: 0\r\n", false}),
    [](const testing::TestParamInfo<Ending>& row) { return row.param.name; });

struct Located {
    const char* name;
    const char* uri;
    const char* identity;  ///< "": refused
    int status = 0;
};
class Location : public testing::TestWithParam<Located> {};

TEST_P(Location, IC_SES_02) {
    const auto& row = GetParam();
    const auto query = location_query(request("INVITE", row.uri, ""), false);
    if (row.status != 0) {
        ASSERT_TRUE(std::holds_alternative<NotLocatable>(query));
        EXPECT_EQ(std::get<NotLocatable>(query).status, row.status);
    } else {
        ASSERT_TRUE(std::holds_alternative<LocationQuery>(query));
        EXPECT_EQ(std::get<LocationQuery>(query).public_identity, row.identity);
        EXPECT_FALSE(std::get<LocationQuery>(query).originating);
    }
}

INSTANTIATE_TEST_SUITE_P(Row, Location,
                         testing::Values(Located{"user", "sip:Bob@HOME1.net;x=1", "sip:Bob@home1.net"},
                                         Located{"secure", "sips:bob@home1.net", "sip:bob@home1.net"},
                                         Located{"number", "tel:+1-555-1001", "tel:+15551001"},
                                         Located{"number_as_uri", "sip:+1-555-1001@home1.net;user=phone",
                                                 "tel:+15551001"},
                                         Located{"local_number", "tel:5551001;phone-context=+1", "", 404},
                                         Located{"too_short", "tel:55;phone-context=+1", "", 484},
                                         Located{"local_as_uri", "sip:5551001@home1.net;user=phone", "", 404},
                                         Located{"service", "urn:service:sos", "", 416}),
                         [](const testing::TestParamInfo<Located>& row) { return row.param.name; });

TEST(LocationQueries, IC_SES_07_originating_asks_for_the_caller) {
    const auto asked = [](const std::string& lines) {
        return location_query(request("INVITE", "sip:bob@home1.net", lines), true);
    };
    const auto served = asked("P-Served-User: <sip:Carol@HOME1.net>\r\nP-Asserted-Identity: <sip:alice@home1.net>\r\n");
    EXPECT_EQ(std::get<LocationQuery>(served).public_identity, "sip:Carol@home1.net");
    EXPECT_TRUE(std::get<LocationQuery>(served).originating);
    EXPECT_EQ(
        std::get<LocationQuery>(asked("P-Asserted-Identity: <tel:+1>, <sip:alice@home1.net>\r\n")).public_identity,
        "sip:alice@home1.net");
    EXPECT_EQ(std::get<LocationQuery>(asked("P-Asserted-Identity: <tel:+1>\r\n")).public_identity, "tel:+1");
    EXPECT_EQ(std::get<NotLocatable>(asked("")).status, 403);
}

TEST(Selection, TC_REG_16_IR_REG_04_all_mandatory_then_most_optional) {
    const std::vector<ServerEntry> servers = {{"sip:none", {}, 0, 1},
                                              {"sip:half", {1, 5}, 0, 1},
                                              {"sip:both", {1, 2}, 0, 1},
                                              {"sip:optional_too", {1, 2, 5}, 9, 1}};
    for (std::uint64_t draw = 0; draw < 10; ++draw)
        EXPECT_EQ(select_scscf(servers, {{1, 2}, {5}}, draw), "sip:optional_too") << "before priority";
    EXPECT_EQ(select_scscf(servers, {{1, 2}, {}}, 0), "sip:both") << "then priority";
}

TEST(Selection, TC_REG_17_nobody_has_it) {
    EXPECT_EQ(select_scscf({{"sip:one", {1}, 0, 1}}, {{2}, {}}, 0), std::nullopt);
    EXPECT_EQ(select_scscf({}, {}, 0), std::nullopt);
}

TEST(Selection, IR_REG_04_equals_by_weight) {
    const std::vector<ServerEntry> servers = {
        {"sip:a", {}, 1, 3}, {"sip:b", {}, 1, 1}, {"sip:never", {}, 1, 0}, {"sip:later", {}, 2, 100}};
    std::map<std::string, int> drawn;
    for (std::uint64_t draw = 0; draw < 400; ++draw) ++drawn[select_scscf(servers, {}, draw).value()];
    EXPECT_EQ(drawn, (std::map<std::string, int>{{"sip:a", 300}, {"sip:b", 100}}));
    EXPECT_EQ(select_scscf({{"sip:x", {}, 0, 0}, {"sip:y", {}, 0, 0}}, {}, 3), "sip:y") << "no weights at all";
}

TEST(Cache, TC_SES_83_IC_SES_10_remembers_for_an_hour_at_most) {
    LocationCache cache(10);
    cache.put("sip:a", "sip:s1", 1'000, 5'000);
    EXPECT_EQ(cache.find("sip:a", 5'999), "sip:s1");
    EXPECT_EQ(cache.find("sip:a", 6'000), std::nullopt);
    cache.put("sip:a", "sip:s2", 0, 100 * LocationCache::longest_life_ms);
    EXPECT_EQ(cache.find("sip:a", LocationCache::longest_life_ms - 1), "sip:s2");
    EXPECT_EQ(cache.find("sip:a", LocationCache::longest_life_ms), std::nullopt);
}

TEST(Cache, IC_SES_10_the_one_used_longest_ago_makes_room) {
    LocationCache cache(2);
    cache.put("sip:a", "sip:s", 0, 1'000);
    cache.put("sip:b", "sip:s", 0, 1'000);
    EXPECT_TRUE(cache.find("sip:a", 1));
    cache.put("sip:c", "sip:s", 0, 1'000);
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_FALSE(cache.find("sip:b", 1));
    EXPECT_TRUE(cache.find("sip:a", 1));
    EXPECT_TRUE(cache.find("sip:c", 1));
}

TEST(Cache, IC_SES_10_what_is_removed_is_not_found_and_no_room_means_no_entry) {
    LocationCache cache(2);
    cache.put("sip:a", "sip:s", 0, 1'000);
    cache.remove("sip:a");
    cache.remove("sip:a");
    EXPECT_FALSE(cache.find("sip:a", 1));
    LocationCache none(0);
    none.put("sip:a", "sip:s", 0, 1'000);
    EXPECT_EQ(none.size(), 0U);
    EXPECT_FALSE(none.find("sip:a", 1));
}

}  // namespace
}  // namespace isthmus::icscf
