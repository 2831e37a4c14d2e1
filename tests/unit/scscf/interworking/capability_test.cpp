#include "scscf/interworking/capability.hpp"

#include <gtest/gtest.h>

#include "tests/unit/scscf/interworking/samples.hpp"

namespace isthmus::interworking {
namespace {

using samples::invite;
using samples::response;
using samples::sdp;

TEST(Capability, IW_CAP_05_only_explicit_evidence_says_no) {
    CapabilityVector vector;
    learn_from_request(vector, invite("Supported: timer\r\n", sdp("")));
    EXPECT_TRUE(vector.shows(Capability::timer));
    EXPECT_EQ(vector.of(Capability::reliable_responses).has, Has::unknown);
    EXPECT_EQ(vector.of(Capability::precondition).has, Has::unknown);
}

TEST(Capability, IW_CAP_04_no_allow_leaves_update_unknown) {
    CapabilityVector vector;
    learn_from_request(vector, invite("Supported: precondition\r\n", sdp("")));
    EXPECT_EQ(vector.of(Capability::update).has, Has::unknown);
    learn_from_request(vector, invite("Allow: INVITE, ACK, PRACK\r\n", sdp("")));
    EXPECT_TRUE(vector.lacks(Capability::update));
    EXPECT_TRUE(vector.shows(Capability::prack));
    EXPECT_EQ(vector.of(Capability::update).source, Source::request_header);
}

TEST(Capability, IW_CAP_05_each_kind_of_evidence_names_its_source) {
    CapabilityVector vector;
    learn_from_response(vector, response(420, "Unsupported: Precondition\r\n"));
    EXPECT_TRUE(vector.lacks(Capability::precondition));
    EXPECT_EQ(vector.of(Capability::precondition).source, Source::unsupported);
    learn_from_response(vector, response(501, "", "", "2 PRACK"));
    EXPECT_TRUE(vector.lacks(Capability::reliable_responses));
    EXPECT_EQ(vector.of(Capability::prack).source, Source::method_refused);
    learn_from_response(vector, response(405, "Allow: INVITE\r\n", "", "2 UPDATE"));
    EXPECT_EQ(vector.of(Capability::update).source, Source::method_refused);
    learn_from_response(vector, response(183, "", sdp(samples::rel5_qos)));
    EXPECT_TRUE(vector.shows(Capability::precondition));
    EXPECT_EQ(vector.of(Capability::precondition).source, Source::sdp);
    learn_from_response(vector, response(200, "Allow: INVITE, UPDATE\r\nRequire: timer\r\n"));
    EXPECT_TRUE(vector.shows(Capability::update));
    EXPECT_TRUE(vector.shows(Capability::timer));
    EXPECT_EQ(vector.of(Capability::timer).source, Source::response_header);
}

TEST(Capability, IW_CAP_05_a_failure_for_another_reason_teaches_nothing) {
    CapabilityVector vector;
    learn_from_response(vector, response(486, "Allow: INVITE\r\nUnsupported: 100rel\r\n"));
    EXPECT_EQ(vector.describe(), "");
}

TEST(Capability, IW_LRN_07_provisioned_overrides_evidence) {
    CapabilityVector vector;
    vector.note(Capability::precondition, Has::yes, Source::provisioned);
    learn_from_response(vector, response(420, "Unsupported: precondition\r\n"));
    EXPECT_TRUE(vector.shows(Capability::precondition));
    EXPECT_EQ(vector.describe(), "precondition=yes (provisioned)");
}

}  // namespace
}  // namespace isthmus::interworking
