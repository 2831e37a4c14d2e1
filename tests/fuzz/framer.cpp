// A byte stream in pieces: the first octets say how long each piece is.
#include "common/transport/framer.hpp"
#include "tests/fuzz/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace isthmus;
    const auto input = fuzz::text(data, size);
    const transport::FramerLimits limits{2048, 4096};
    const auto collect = [&](std::size_t piece) {
        transport::Framer framer(limits);
        std::string all;
        for (std::size_t at = 0; at < input.size() && framer.fault() == transport::Framer::Fault::none; at += piece) {
            framer.feed(input.substr(at, piece));
            while (const auto message = framer.next()) {
                fuzz::require(message->size() <= limits.head + limits.body + 4,
                              "a message is no longer than the limits");
                all += std::to_string(message->size()) + ":" + *message;
            }
        }
        return all;
    };
    if (size == 0) return 0;
    fuzz::require(collect(input.size()) == collect(1 + data[0] % 7), "messages do not depend on how the octets came");
    return 0;
}
