// Session descriptions and preconditions, relaxed as a retry relaxes them.
#include "common/sip/sdp.hpp"
#include "common/sip/precondition.hpp"
#include "tests/fuzz/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace isthmus;
    const auto input = fuzz::text(data, size);
    auto sdp = sip::Sdp::parse(input);
    if (!sdp) return 0;
    fuzz::require(sdp->print() == input, "what nobody edits keeps its octets");
    for (std::size_t stream = 0; stream < sdp->media().size(); ++stream) {
        (void)sdp->kind(stream);
        (void)sdp->port(stream);
        (void)sdp->direction(stream);
    }
    const auto streams = sdp->media().size();
    (void)sip::qos::streams(*sdp);
    (void)sip::qos::met(*sdp);
    (void)sip::qos::inactive_until_met(*sdp);
    auto weaker = *sdp;
    sip::qos::weaken(weaker);
    fuzz::require(sip::qos::present(weaker) == sip::qos::present(*sdp), "L1 keeps the lines");
    sip::qos::strip(*sdp);
    fuzz::require(!sip::qos::present(*sdp), "L2 leaves no qos line");
    fuzz::require(sdp->media().size() == streams, "no stream is lost (IW-INV-07)");
    fuzz::require(sip::Sdp::parse(sdp->print()).has_value(), "what is left is a description");
    return 0;
}
