// Values as a hostile peer writes them: seeded mutations of good ones. Whatever parses must print to something that
// parses to the same again, and a description must keep its octets.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "common/sip/digest.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/precondition.hpp"
#include "common/sip/sdp_body.hpp"

namespace isthmus::sip {
namespace {

class Mutator {
  public:
    explicit Mutator(unsigned seed) : random_(seed) {}

    unsigned below(std::size_t bound) {
        return std::uniform_int_distribution<unsigned>(0, static_cast<unsigned>(bound) - 1)(random_);
    }

    std::string operator()(std::string text) {
        const unsigned edits = below(4);
        for (unsigned i = 0; i < edits && !text.empty(); ++i) {
            const auto at = below(text.size());
            constexpr std::string_view nasty(";,=\"<>\\\r\n \t\0:-/%@*0123456789aZ\xff", 32);
            switch (below(4)) {
                case 0:
                    text.erase(at, 1 + below(5));
                    break;
                case 1:
                    text.insert(at, 1, nasty[below(nasty.size())]);
                    break;
                case 2:
                    text[at] = nasty[below(nasty.size())];
                    break;
                default:
                    text.insert(at, text.substr(at, 1 + below(12)));
            }
        }
        return text;
    }

  private:
    std::mt19937 random_;
};

constexpr unsigned rounds = 5000;

/// How many mutated values still parsed; each of them must be stable.
template <class Value>
unsigned stable(const std::vector<std::string>& good) {
    unsigned parsed = 0;
    for (unsigned seed = 1; seed <= rounds; ++seed) {
        Mutator mutate(seed);
        const auto text = mutate(good[seed % good.size()]);
        const auto value = Value::parse(text);
        if (!value) continue;
        ++parsed;
        const auto printed = value->print();
        const auto again = Value::parse(printed);
        if (!again || again->print() != printed) {
            ADD_FAILURE() << "seed " << seed << ": " << text << " -> " << printed;
            return parsed;
        }
    }
    return parsed;
}

TEST(ValueMutation, header_values_are_stable_once_parsed) {
    // The lower bounds keep the test honest: many mutants must get through, or nothing was tried.
    EXPECT_GT(stable<ChargingVector>({"icid-value=\"a;b\";icid-generated-at=[5555::1];orig-ioi=home1.net;x=y"}),
              rounds / 2);
    EXPECT_GT(stable<AccessNetworkInfo>({"3GPP-UTRAN-FDD; utran-cell-id-3gpp=234;network-provided"}), rounds / 2);
    EXPECT_GT(stable<VisitedNetworkId>({"\"Visited 1.net\"", "visited1.net;x=1"}), rounds / 4);
    EXPECT_GT(stable<ServedUser>({"<sip:user@home1.net>;sescase=orig;regstate=reg"}), rounds / 4);
    EXPECT_GT(stable<Warning>({"399 isp.example:5060 \"no \\\"qos\\\" here\""}), rounds / 4);
    EXPECT_GT(stable<Reason>({"SIP;cause=580;text=\"Precondition Failure\"", "Q.850;cause=16"}), rounds / 4);
    EXPECT_GT(stable<RetryAfter>({"18000 (noon);duration=3600"}), rounds / 4);
    EXPECT_GT(stable<SessionExpires>({"1800;refresher=uas"}), rounds / 4);
    EXPECT_GT(stable<RAck>({"776656 1 INVITE"}), rounds / 4);
    EXPECT_GT(
        stable<Contact>({"\"A\" <sip:u@10.0.0.1;transport=tcp>;q=0.7;expires=60;+sip.instance=\"<urn:uuid:1>\"", "*"}),
        rounds / 4);
    EXPECT_GT(
        stable<DigestCredentials>({"Digest username=\"M\",realm=\"r\",nonce=\"n\",uri=\"sip:h\",qop=auth,nc=00000001,"
                                   "cnonce=\"c\",response=\"6629fae49393a05397450978507c4ef1\""}),
        rounds / 8);
}

constexpr std::string_view description =
    "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=curr:qos local none\r\n"
    "a=des:qos mandatory local sendrecv\r\na=inactive\r\nm=video 0 RTP/AVP 9\r\na=des:qos mandatory e2e send\r\n";

TEST(ValueMutation, a_description_keeps_its_octets_and_loses_only_qos_lines) {
    unsigned parsed = 0;
    for (unsigned seed = 1; seed <= rounds; ++seed) {
        Mutator mutate(seed);
        const auto text = mutate(std::string(description));
        auto sdp = Sdp::parse(text);
        if (!sdp) continue;
        ++parsed;
        ASSERT_EQ(sdp->print(), text) << "seed " << seed;
        qos::met(*sdp);
        qos::inactive_until_met(*sdp);
        const auto lines = sdp->media().size();
        qos::weaken(*sdp);
        ASSERT_FALSE(qos::weaken(*sdp)) << "seed " << seed;
        qos::strip(*sdp);
        ASSERT_FALSE(qos::present(*sdp)) << "seed " << seed;
        ASSERT_EQ(sdp->media().size(), lines) << "seed " << seed;
        ASSERT_TRUE(Sdp::parse(sdp->print())) << "seed " << seed;
    }
    EXPECT_GT(parsed, rounds / 4);
}

TEST(ValueMutation, a_multipart_body_is_cut_inside_its_bounds) {
    const std::string whole =
        "--b1\r\nContent-Type: text/plain\r\n\r\nx\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n" +
        std::string(description) + "\r\n--b1--\r\n";
    unsigned found = 0;
    for (unsigned seed = 1; seed <= rounds; ++seed) {
        Mutator mutate(seed);
        const auto body = mutate(whole);
        auto message = Message::request("INVITE", "sip:b@h");
        message.set_body("multipart/mixed;boundary=b1", body);
        const auto part = sdp_of(message);
        if (!part) continue;
        ++found;
        ASSERT_LE(part->offset + part->length, body.size()) << "seed " << seed;
        ASSERT_EQ(body.substr(part->offset, part->length), part->sdp.print()) << "seed " << seed;
        replace_sdp(message, *part, part->sdp);
        ASSERT_EQ(message.body(), body) << "seed " << seed;
    }
    EXPECT_GT(found, rounds / 4);
}

}  // namespace
}  // namespace isthmus::sip
