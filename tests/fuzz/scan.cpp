// The scan of a datagram: any octets, then what every node does with a message it took in.
#include "common/proxy/forward.hpp"
#include "common/sip/message.hpp"
#include "common/sip/validity.hpp"
#include "tests/fuzz/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace isthmus;
    auto scanned = sip::Message::from_wire(std::string(fuzz::text(data, size)));
    if (!scanned) return 0;
    auto& message = scanned.value();
    if (sip::check(message)) return 0;  // answered or dropped at the door
    const auto printed = message.print();
    const auto again = sip::Message::from_wire(printed);
    fuzz::require(again.has_value(), "what was taken in can be sent and taken in again");
    fuzz::require(again.value().print() == printed, "sent twice it is the same");
    message.each_field([&](sip::HeaderId id, std::string_view, std::string_view) { (void)message.values(id); });
    if (!message.is_request()) return 0;
    (void)proxy::next_hop(message);
    proxy::count_hop(message);
    message.prepend(sip::HeaderId::via, "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKfuzz");
    const auto forwarded = sip::Message::from_wire(message.print());
    fuzz::require(forwarded.has_value(), "an edited message can be taken in");
    fuzz::require(forwarded.value().branch() == "z9hG4bKfuzz", "its top Via is ours");
    return 0;
}
