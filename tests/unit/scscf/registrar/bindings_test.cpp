// What a REGISTER does to contacts (SR-REG-20..22, SR-REG-26, SR-REG-30; TC-REG-22, TC-REG-23, TC-REG-38).
#include "scscf/registrar/bindings.hpp"

#include <gtest/gtest.h>

namespace isthmus::registrar {
namespace {

using std::chrono::seconds;

const Time now = Time(seconds(1'000'000));

RegisterRequest request(const std::vector<std::string>& contacts, std::optional<std::uint32_t> expires = std::nullopt,
                        std::uint32_t cseq = 2, const std::string& call_id = "c1") {
    RegisterRequest made;
    made.private_identity = "alice@home1.net";
    made.public_identity = "sip:alice@home1.net";
    made.call_id = call_id;
    made.cseq = cseq;
    for (const auto& contact : contacts) made.contacts.push_back(sip::Contact::parse(contact).value());
    made.expires = expires;
    made.path = {"<sip:token@pcscf;lr>"};
    return made;
}

ims::Binding bound(const std::string& contact, const std::string& call_id = "c1", std::uint32_t cseq = 1) {
    ims::Binding binding;
    binding.private_identity = "alice@home1.net";
    binding.contact = contact;
    binding.call_id = call_id;
    binding.cseq = cseq;
    binding.expires = now + seconds(600);
    return binding;
}

Change changed(const RegisterRequest& made, const std::vector<ims::Binding>& current = {}) {
    const auto result = apply(made, current, {}, now);
    if (const auto* refused = std::get_if<Refused>(&result)) {
        ADD_FAILURE() << refused->status << " " << refused->rule;
        return {};
    }
    return std::get<Change>(result);
}

Refused refused(const RegisterRequest& made, const std::vector<ims::Binding>& current = {}) {
    const auto result = apply(made, current, {}, now);
    if (!std::holds_alternative<Refused>(result)) {
        ADD_FAILURE() << "was taken";
        return {0, "", 0};
    }
    return std::get<Refused>(result);
}

struct ExpiryRow {
    const char* name;
    const char* contact;
    std::optional<std::uint32_t> general;
    std::uint32_t granted;  ///< 0: 423
};

class Expiry : public testing::TestWithParam<ExpiryRow> {};

TEST_P(Expiry, SR_REG_20) {
    const auto& row = GetParam();
    const auto made = request({row.contact}, row.general);
    if (row.granted == 0) {
        const auto refusal = refused(made);
        EXPECT_EQ(refusal.status, 423);
        EXPECT_EQ(refusal.min_expires_s, 60U);
        return;
    }
    const auto change = changed(made);
    ASSERT_EQ(change.store.size(), 1U);
    EXPECT_EQ(change.store.front().expires, now + seconds(row.granted));
}

INSTANTIATE_TEST_SUITE_P(
    Row, Expiry,
    testing::Values(ExpiryRow{"of_the_contact", "<sip:a@1.2.3.4>;expires=600", 1200, 600},
                    ExpiryRow{"of_the_request", "<sip:a@1.2.3.4>", 1200, 1200},
                    ExpiryRow{"none_given", "<sip:a@1.2.3.4>", std::nullopt, 3600},
                    ExpiryRow{"too_long_is_cut", "<sip:a@1.2.3.4>;expires=700000", std::nullopt, 604'800},
                    ExpiryRow{"longest", "<sip:a@1.2.3.4>;expires=604800", std::nullopt, 604'800},
                    ExpiryRow{"shortest", "<sip:a@1.2.3.4>;expires=60", std::nullopt, 60},
                    ExpiryRow{"TC_REG_22_too_short_by_a_second", "<sip:a@1.2.3.4>;expires=59", std::nullopt, 0},
                    ExpiryRow{"TC_REG_22_too_short_in_the_request", "<sip:a@1.2.3.4>", 10, 0}),
    [](const testing::TestParamInfo<ExpiryRow>& row) { return row.param.name; });

TEST(Bindings, SR_REG_20_one_contact_too_short_changes_nothing_at_all) {
    EXPECT_EQ(refused(request({"<sip:a@1.2.3.4>;expires=600", "<sip:b@1.2.3.4>;expires=5"})).status, 423);
}

TEST(Bindings, a_binding_keeps_what_the_terminating_side_needs) {
    const auto change =
        changed(request({"<sip:a@1.2.3.4:5070>;expires=600;q=0.5;+sip.instance=\"<urn:uuid:1>\";+g.3gpp.smsip"}));
    ASSERT_EQ(change.result.size(), 1U);
    const auto& binding = change.result.front();
    EXPECT_EQ(binding.contact, "sip:a@1.2.3.4:5070");
    EXPECT_EQ(binding.q, "0.5");
    EXPECT_EQ(binding.instance, "urn:uuid:1");
    EXPECT_EQ(binding.path, std::vector<std::string>{"<sip:token@pcscf;lr>"});
    EXPECT_EQ(binding.registered_identity, "sip:alice@home1.net");
    EXPECT_NE(binding.contact_params.find("+g.3gpp.smsip"), std::string::npos);
    EXPECT_EQ(binding.contact_params.find("expires"), std::string::npos);
    EXPECT_EQ(binding.contact_params.find("q="), std::string::npos);
}

TEST(Bindings, TC_REG_23_SR_REG_21_star_only_alone_and_with_Expires_0) {
    EXPECT_EQ(refused(request({"*"}, 3600)).status, 400);
    EXPECT_EQ(refused(request({"*"})).status, 400);
    EXPECT_EQ(refused(request({"*", "<sip:a@1.2.3.4>"}, 0)).status, 400);
    EXPECT_EQ(refused(request({"<sip:a@1.2.3.4>", "*"}, 0)).status, 400);
    const auto change = changed(request({"*"}, 0), {bound("sip:a@1.2.3.4"), bound("sip:b@1.2.3.4")});
    EXPECT_EQ(change.remove.size(), 2U);
    EXPECT_TRUE(change.result.empty());
    EXPECT_TRUE(change.store.empty());
}

TEST(Bindings, SR_REG_21_no_contact_is_a_query_whatever_its_CSeq) {
    const auto change = changed(request({}, std::nullopt, 1), {bound("sip:a@1.2.3.4", "c1", 9)});
    EXPECT_TRUE(change.nothing());
    EXPECT_EQ(change.result.size(), 1U);
}

TEST(Bindings, SR_REG_22_the_same_Call_ID_needs_a_higher_CSeq) {
    const std::vector<ims::Binding> current = {bound("sip:a@1.2.3.4", "c1", 5)};
    EXPECT_EQ(refused(request({"<sip:a@1.2.3.4>"}, std::nullopt, 5), current).status, 500);
    EXPECT_EQ(refused(request({"<sip:a@1.2.3.4>"}, std::nullopt, 4), current).status, 500);
    EXPECT_EQ(refused(request({"*"}, 0, 5), current).status, 500);
    EXPECT_EQ(changed(request({"<sip:a@1.2.3.4>"}, std::nullopt, 6), current).store.size(), 1U);
    EXPECT_EQ(changed(request({"<sip:a@1.2.3.4>"}, std::nullopt, 1, "c2"), current).store.size(), 1U);
}

TEST(Bindings, a_refresh_replaces_the_same_contact_and_removes_nothing) {
    const auto change = changed(request({"<sip:a@1.2.3.4>;expires=900"}), {bound("sip:a@1.2.3.4")});
    EXPECT_TRUE(change.remove.empty());
    ASSERT_EQ(change.result.size(), 1U);
    EXPECT_EQ(change.result.front().expires, now + seconds(900));
}

TEST(Bindings, an_equivalent_contact_written_differently_is_the_same_one_and_its_old_text_goes) {
    const auto change = changed(request({"<sip:a@PHONE.example>;expires=900"}), {bound("sip:a@phone.example;x=1")});
    EXPECT_EQ(change.result.size(), 1U);
}

TEST(Bindings, TC_REG_38_SR_REG_26_a_new_contact_of_the_same_private_identity_replaces_the_old) {
    const auto change = changed(request({"<sip:a@5.6.7.8>"}), {bound("sip:a@1.2.3.4")});
    ASSERT_EQ(change.remove.size(), 1U);
    EXPECT_EQ(change.remove.front().contact, "sip:a@1.2.3.4");
    ASSERT_EQ(change.result.size(), 1U);
    EXPECT_EQ(change.result.front().contact, "sip:a@5.6.7.8");
}

TEST(Bindings, SR_REG_26_two_contacts_of_one_REGISTER_both_stay) {
    const auto change = changed(request({"<sip:a@5.6.7.8>", "<sip:b@5.6.7.8>"}), {bound("sip:a@1.2.3.4")});
    EXPECT_EQ(change.result.size(), 2U);
    EXPECT_EQ(change.remove.size(), 1U);
}

TEST(Bindings, SR_REG_30_expires_0_removes_that_contact_only) {
    const auto change =
        changed(request({"<sip:a@1.2.3.4>;expires=0"}), {bound("sip:a@1.2.3.4"), bound("sip:b@1.2.3.4")});
    ASSERT_EQ(change.remove.size(), 1U);
    EXPECT_EQ(change.remove.front().contact, "sip:a@1.2.3.4");
    ASSERT_EQ(change.result.size(), 1U);
    EXPECT_EQ(change.result.front().contact, "sip:b@1.2.3.4");
}

TEST(Bindings, SR_REG_30_an_unknown_contact_that_goes_is_no_error) {
    const auto change = changed(request({"<sip:x@9.9.9.9>"}, 0), {bound("sip:a@1.2.3.4")});
    EXPECT_TRUE(change.nothing());
    EXPECT_EQ(change.result.size(), 1U);
}

TEST(Bindings, what_has_expired_is_parted_from_what_lives) {
    auto old = bound("sip:old@1.2.3.4");
    old.expires = now;
    std::vector<ims::Binding> bindings = {old, bound("sip:a@1.2.3.4")};
    const auto gone = drop_expired(bindings, now);
    ASSERT_EQ(gone.size(), 1U);
    EXPECT_EQ(gone.front().contact, "sip:old@1.2.3.4");
    ASSERT_EQ(bindings.size(), 1U);
    EXPECT_EQ(bindings.front().contact, "sip:a@1.2.3.4");
}

}  // namespace
}  // namespace isthmus::registrar
