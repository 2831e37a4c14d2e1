// A UE's calls at the P-CSCF: the way they take and the name they are given (PO-SES-02, PO-SES-03, HX-SES-01), and the
// table that knows the UEs.
#include <gtest/gtest.h>

#include "pcscf/access_binding.hpp"
#include "pcscf/asserted_identity.hpp"
#include "pcscf/route_enforcement.hpp"

namespace isthmus::pcscf {
namespace {

using sip::HeaderId;
using sip::Message;
using std::chrono::seconds;

Message request(const std::string& lines, const std::string& from = "<sip:alice@home1.net>") {
    return Message::from_wire("INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n" + lines +
                              "From: " + from + ";tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n")
        .value();
}

const std::vector<std::string> service_route = {"<sip:t@scscf:5060;lr>", "<sip:next;lr>"};

TEST(Route, PO_SES_02_the_registered_way_passes_untouched) {
    for (const auto check : {RouteCheck::reject, RouteCheck::replace}) {
        auto received = request("Route: <sip:t@scscf:5060;lr>, <sip:next;lr>\r\n");
        EXPECT_EQ(enforce_route(received, service_route, check), RouteVerdict::as_registered);
        EXPECT_EQ(received.value(HeaderId::route), "<sip:t@scscf:5060;lr>, <sip:next;lr>");
    }
    auto otherwise_written = request("Route: <sip:t@SCSCF:5060;lr>\r\nRoute: \"S\" <sip:next;lr>\r\n");
    EXPECT_EQ(enforce_route(otherwise_written, service_route, RouteCheck::reject), RouteVerdict::as_registered);
}

class OtherWay : public testing::TestWithParam<const char*> {};

TEST_P(OtherWay, PO_SES_02_is_refused_or_replaced) {
    auto received = request(GetParam());
    EXPECT_EQ(enforce_route(received, service_route, RouteCheck::reject), RouteVerdict::refused);
    EXPECT_EQ(enforce_route(received, service_route, RouteCheck::replace), RouteVerdict::replaced);
    const auto routes = received.values(HeaderId::route);
    EXPECT_EQ(std::vector<std::string>(routes.begin(), routes.end()), service_route);
}

INSTANTIATE_TEST_SUITE_P(Of, OtherWay,
                         testing::Values("", "Route: <sip:t@scscf:5060;lr>\r\n", "Route: <sip:evil;lr>\r\n",
                                         "Route: <sip:next;lr>, <sip:t@scscf:5060;lr>\r\n",
                                         "Route: <sip:t@scscf:5060;lr>, <sip:next;lr>, <sip:evil;lr>\r\n",
                                         "Route: <sip:t2@scscf:5060;lr>, <sip:next;lr>\r\n"));

AccessBinding binding(std::uint64_t id, const std::string& user, int expires = 100) {
    AccessBinding made;
    made.id = id;
    made.private_identity = user + "@home1.net";
    made.contact = "sip:" + user + "@10.0.0.1";
    made.flow = {transport::Protocol::udp, transport::Address::parse("10.0.0.1", 5060).value()};
    made.public_identities = {"sip:" + user + "@home1.net", "tel:+1555" + std::to_string(id)};
    made.asserted = {"<sip:" + user + "@home1.net>", "<tel:+1555" + std::to_string(id) + ">"};
    made.expires = Clock::time_point(seconds(expires));
    return made;
}
Binding shared(const AccessBinding& made) {
    return std::make_shared<const AccessBinding>(made);
}

TEST(Identity, PO_SES_03_the_preferred_one_where_it_is_registered_else_the_default) {
    const auto alice = binding(1, "alice");
    const auto asserted = [&](const std::string& preferred) {
        return asserted_identity(request(preferred), alice, "<sip:alice@home1.net>");
    };
    EXPECT_EQ(asserted(""), "<sip:alice@home1.net>");
    EXPECT_EQ(asserted("P-Preferred-Identity: <tel:+1-5551>\r\n"), "<tel:+15551>");
    EXPECT_EQ(asserted("P-Preferred-Identity: <sip:mallory@home1.net>\r\n"), "<sip:alice@home1.net>");
    EXPECT_EQ(asserted("P-Preferred-Identity: <sip:mallory@home1.net>, <tel:+15551>\r\n"), "<tel:+15551>");
    EXPECT_EQ(asserted("P-Preferred-Identity: \"Forged name\" <sip:alice@HOME1.net>\r\n"), "<sip:alice@home1.net>");
}

TEST(Identity, PO_SES_03_what_the_UE_claims_goes_and_what_we_say_stands) {
    auto message = request("P-Asserted-Identity: <sip:forged@x>\r\nP-Preferred-Identity: <sip:forged@x>\r\n");
    assert_identity(message, "<sip:alice@home1.net>");
    EXPECT_EQ(message.count(HeaderId::p_asserted_identity), 1U);
    EXPECT_EQ(message.value(HeaderId::p_asserted_identity), "<sip:alice@home1.net>");
    EXPECT_FALSE(message.has(HeaderId::p_preferred_identity));
    assert_identity(message, "");
    EXPECT_FALSE(message.has(HeaderId::p_asserted_identity));
}

TEST(Identity, HX_SES_01_one_sip_and_one_tel_may_be_preferred) {
    EXPECT_FALSE(too_many_preferred(request("")));
    EXPECT_FALSE(too_many_preferred(request("P-Preferred-Identity: <sip:a@x>, <tel:+1>\r\n")));
    EXPECT_TRUE(too_many_preferred(request("P-Preferred-Identity: <sip:a@x>, <sip:b@x>\r\n")));
    EXPECT_TRUE(too_many_preferred(request("P-Preferred-Identity: <tel:+1>\r\nP-Preferred-Identity: <tel:+2>\r\n")));
}

TEST(Identity, of_several_users_behind_one_address_the_one_who_is_meant) {
    const auto alice = shared(binding(1, "alice"));
    const auto bob = shared(binding(2, "bob"));
    const std::vector<Binding> both = {alice, bob};
    EXPECT_EQ(user_behind(both, request("")), alice) << "by From";
    EXPECT_EQ(user_behind(both, request("P-Preferred-Identity: <sip:bob@home1.net>\r\n")), bob);
    EXPECT_EQ(user_behind(both, request("", "<sip:anonymous@anonymous.invalid>")), bob) << "the newest";
    EXPECT_EQ(user_behind({}, request("")), nullptr);
}

const Clock::time_point start{};

TEST(BindingTable, finds_by_token_by_address_and_by_contact) {
    BindingTable table;
    table.store(binding(1, "alice"), start);
    table.store(binding(2, "bob"), start);
    ASSERT_TRUE(table.by_id(1, start));
    EXPECT_EQ(table.by_id(1, start)->private_identity, "alice@home1.net");
    EXPECT_EQ(table.by_id(3, start), nullptr);
    const auto flow = binding(1, "alice").flow;
    EXPECT_EQ(table.by_flow(flow, start).size(), 2U);
    auto by_tcp = flow;
    by_tcp.protocol = transport::Protocol::tcp;
    EXPECT_TRUE(table.by_flow(by_tcp, start).empty()) << "PO-SES-01: the same port of another protocol is another UE";
    auto other_port = flow;
    other_port.address.port = 5061;
    EXPECT_TRUE(table.by_flow(other_port, start).empty());
    EXPECT_EQ(table.by_contact("bob@home1.net", "sip:bob@10.0.0.1", start)->id, 2U);
    EXPECT_EQ(table.by_contact("alice@home1.net", "sip:bob@10.0.0.1", start), nullptr);
}

TEST(BindingTable, a_new_address_of_the_same_binding_leaves_the_old_one) {
    BindingTable table;
    table.store(binding(1, "alice"), start);
    auto moved = binding(1, "alice");
    moved.flow.address.port = 7000;
    table.store(moved, start);
    EXPECT_TRUE(table.by_flow(binding(1, "alice").flow, start).empty());
    EXPECT_EQ(table.by_flow(moved.flow, start).size(), 1U);
    EXPECT_EQ(table.size(), 1U);
}

TEST(BindingTable, what_has_expired_is_not_found_and_is_taken_out_by_and_by) {
    BindingTable table;
    for (std::uint64_t id = 1; id <= 20; ++id) table.store(binding(id, "u" + std::to_string(id), 10), start);
    const auto later = Clock::time_point(seconds(10));
    EXPECT_EQ(table.by_id(1, later), nullptr);
    EXPECT_TRUE(table.by_flow(binding(1, "u1").flow, later).empty());
    EXPECT_EQ(table.by_contact("u1@home1.net", "sip:u1@10.0.0.1", later), nullptr);
    EXPECT_NE(table.by_id(1, Clock::time_point(seconds(9))), nullptr);
    for (std::uint64_t id = 100; id < 105; ++id) table.store(binding(id, "v", 1'000), later);
    EXPECT_EQ(table.size(), 5U) << "four go with each one that comes";
}

TEST(BindingTable, removed_is_gone_from_every_index) {
    BindingTable table;
    table.store(binding(1, "alice"), start);
    table.remove(1);
    table.remove(1);
    EXPECT_EQ(table.size(), 0U);
    EXPECT_TRUE(table.by_flow(binding(1, "alice").flow, start).empty());
    EXPECT_EQ(table.by_contact("alice@home1.net", "sip:alice@10.0.0.1", start), nullptr);
}

}  // namespace
}  // namespace isthmus::pcscf
