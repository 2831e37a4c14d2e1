// URIs, name-addrs and Via values.
#include "common/sip/uri.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/via.hpp"
#include "tests/fuzz/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace isthmus;
    const auto input = fuzz::text(data, size);
    fuzz::stable<sip::Uri>(input, "a URI prints to itself");
    if (const auto uri = sip::Uri::parse(input)) {
        fuzz::require(sip::is_uri(input), "is_uri() says what parse() says");
        fuzz::require(sip::equivalent(*uri, *uri), "a URI equals itself (RFC 3261 19.1.4)");
        (void)uri->canonical_identity();
    }
    if (const auto address = sip::NameAddr::parse(input)) {
        const auto printed = sip::print(*address);
        const auto again = sip::NameAddr::parse(printed);
        fuzz::require(again.has_value() && sip::print(*again) == printed, "a name-addr prints to itself");
    }
    (void)sip::NameAddrView::parse(input);
    (void)sip::Via::parse(input);
    return 0;
}
