// Challenges, credentials, and the AUTS of a card.
#include "common/sip/digest.hpp"
#include "common/sip/base64.hpp"
#include "tests/fuzz/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace isthmus;
    const auto input = fuzz::text(data, size);
    fuzz::stable<sip::DigestCredentials>(input, "credentials");
    fuzz::stable<sip::DigestChallenge>(input, "challenge");
    if (const auto credentials = sip::DigestCredentials::parse(input)) {
        const auto ha1 = sip::digest_ha1("u", "r", "p");
        const auto response = sip::digest_response(ha1, *credentials, "REGISTER");
        fuzz::require(response.empty() || credentials->computable(), "only what is computable has a response");
        auto shown = *credentials;
        shown.response = response;
        fuzz::require(response.empty() || sip::digest_matches(ha1, shown, "REGISTER"), "its own response matches");
    }
    return 0;
}
