// HEP: whatever is traced, the packet's lengths add up, as a collector reads them.
#include "common/observability/hep.hpp"
#include "tests/fuzz/property.hpp"

namespace {

std::size_t number(std::string_view packet, std::size_t at) {
    return static_cast<std::size_t>(static_cast<std::uint8_t>(packet[at])) << 8 |
           static_cast<std::uint8_t>(packet[at + 1]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace isthmus;
    if (size < 2) return 0;
    const auto input = fuzz::text(data, size);
    const std::size_t call_id = std::min<std::size_t>(data[1], size - 2);
    observability::HepPacket what;
    what.source.v6 = (data[0] & 1) != 0;
    what.destination.v6 = what.source.v6;
    what.tcp = (data[0] & 2) != 0;
    what.call_id = input.substr(2, call_id);
    what.payload = input.substr(2 + call_id);
    const auto packet = observability::encode(what);
    if (!packet) return 0;
    fuzz::require(packet->substr(0, 4) == "HEP3", "it begins with HEP3");
    fuzz::require(number(*packet, 4) == packet->size(), "the total length is right");
    std::string_view payload;
    for (std::size_t at = 6; at < packet->size();) {
        fuzz::require(packet->size() - at >= 6, "a chunk has its head");
        const auto length = number(*packet, at + 4);
        fuzz::require(length >= 6 && length <= packet->size() - at, "a chunk ends inside the packet");
        if (number(*packet, at + 2) == 15) payload = std::string_view(*packet).substr(at + 6, length - 6);
        at += length;
    }
    fuzz::require(payload == what.payload, "the message is there to the octet");
    return 0;
}
