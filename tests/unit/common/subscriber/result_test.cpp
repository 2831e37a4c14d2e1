#include "common/subscriber/result.hpp"

#include <gtest/gtest.h>

#include "common/subscriber/directory.hpp"

namespace isthmus::subscriber {
namespace {

using Kind = SipEffect::Kind;

constexpr SipEffect proceed{};
constexpr SipEffect reroute{Kind::reroute, 0, false};
constexpr SipEffect to_icscf{Kind::to_icscf, 0, false};
constexpr SipEffect unavailable{Kind::answer, 503, true};

constexpr SipEffect sip(int status) {
    return {Kind::answer, status, false};
}

/// One line of cx.md section 5 with CX-20, 21: UAA, LIA, MAA, SAA to REGISTER, SAA to another request.
struct Line {
    Result result;
    SipEffect authorise, locate, authenticate, assign_register, assign_other;
};

// clang-format off
constexpr Line table[] = {
    {Result::success,                        proceed, proceed, proceed, proceed, proceed},
    {Result::first_registration,             proceed, proceed, proceed, proceed, proceed},
    {Result::subsequent_registration,        proceed, proceed, proceed, proceed, proceed},
    {Result::unregistered_service,           proceed, proceed, proceed, proceed, proceed},
    {Result::success_server_name_not_stored, proceed, proceed, proceed, proceed, proceed},
    {Result::user_unknown,                   sip(403), sip(404), sip(403), sip(403), sip(404)},
    {Result::identities_dont_match,          sip(403), sip(403), sip(403), sip(403), sip(403)},
    {Result::identity_not_registered,        sip(403), sip(480), sip(480), sip(480), sip(480)},
    {Result::roaming_not_allowed,            sip(403), sip(403), sip(403), sip(403), sip(403)},
    {Result::identity_already_registered,    sip(480), to_icscf, sip(480), sip(480), to_icscf},
    {Result::auth_scheme_not_supported,      sip(403), sip(403), sip(403), sip(403), sip(403)},
    {Result::in_assignment_type,             sip(403), sip(480), sip(403), sip(403), sip(480)},
    {Result::authorization_rejected,         sip(403), sip(403), sip(403), sip(403), sip(403)},
    {Result::unable_to_comply,               sip(480), sip(504), sip(500), sip(500), sip(500)},
    {Result::other_permanent_failure,        sip(403), sip(404), sip(500), sip(500), sip(500)},
    {Result::unreachable,                    unavailable, sip(504), unavailable, unavailable, sip(504)},
};
// clang-format on

TEST(DirectoryResult, TC_CX_30_CX_20_CX_21_every_result_request_and_node) {
    for (const Line& line : table) {
        SCOPED_TRACE(name(line.result));
        for (const bool flag : {true, false}) {  // the flag has a meaning for assign alone
            EXPECT_EQ(sip_effect(line.result, Request::authorise, flag, false), line.authorise);
            EXPECT_EQ(sip_effect(line.result, Request::locate, flag, false), line.locate);
            EXPECT_EQ(sip_effect(line.result, Request::authenticate, flag, false), line.authenticate);
        }
        EXPECT_EQ(sip_effect(line.result, Request::assign, true, false), line.assign_register);
        EXPECT_EQ(sip_effect(line.result, Request::assign, false, false), line.assign_other);
    }
}

TEST(DirectoryResult, TC_CX_29_already_registered_with_a_name_is_rerouted) {
    for (const bool for_register : {true, false}) {
        EXPECT_EQ(sip_effect(Result::identity_already_registered, Request::assign, for_register, true), reroute);
    }
}

TEST(DirectoryResult, SR_REG_24_default_is_the_first_identity_that_is_not_barred) {
    Profile profile;
    profile.identities = {{"sip:a@home", true}, {"sip:b@home", false}, {"tel:+1", false}};
    ASSERT_NE(profile.default_identity(), nullptr);
    EXPECT_EQ(profile.default_identity()->uri, "sip:b@home");
    profile.identities = {{"sip:a@home", true}};
    EXPECT_EQ(profile.default_identity(), nullptr);  // SR-REG-25: 403
}

}  // namespace
}  // namespace isthmus::subscriber
