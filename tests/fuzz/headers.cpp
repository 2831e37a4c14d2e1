// The typed header fields of IMS: the first octet chooses one, or all are tried.
#include "common/sip/headers.hpp"
#include "common/sip/option_tags.hpp"
#include "tests/fuzz/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace isthmus;
    const auto input = fuzz::text(data, size);
    fuzz::stable<sip::ChargingVector>(input, "P-Charging-Vector");
    fuzz::stable<sip::AccessNetworkInfo>(input, "P-Access-Network-Info");
    fuzz::stable<sip::VisitedNetworkId>(input, "P-Visited-Network-ID");
    fuzz::stable<sip::ServedUser>(input, "P-Served-User");
    fuzz::stable<sip::Warning>(input, "Warning");
    fuzz::stable<sip::Reason>(input, "Reason");
    fuzz::stable<sip::RetryAfter>(input, "Retry-After");
    fuzz::stable<sip::SessionExpires>(input, "Session-Expires");
    fuzz::stable<sip::MinSe>(input, "Min-SE");
    fuzz::stable<sip::RSeq>(input, "RSeq");
    fuzz::stable<sip::RAck>(input, "RAck");
    fuzz::stable<sip::Contact>(input, "Contact");
    (void)sip::split_list(input);
    (void)sip::find_param(input, "tag");
    return 0;
}
