// A name server's reply: any octets, for each kind of question.
#include "common/transport/dns_reply.hpp"
#include "tests/fuzz/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace isthmus;
    const auto input = fuzz::text(data, size);
    for (const auto type : {transport::RecordType::naptr, transport::RecordType::srv, transport::RecordType::a,
                            transport::RecordType::aaaa})
        (void)transport::read_reply(input, {type, transport::dns_name("isp.example")});
    return 0;
}
