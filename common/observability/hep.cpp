#include "common/observability/hep.hpp"

namespace isthmus::observability {
namespace {

enum Chunk : std::uint16_t {
    ip_family = 1,
    ip_protocol = 2,
    source_v4 = 3,
    destination_v4 = 4,
    source_v6 = 5,
    destination_v6 = 6,
    source_port = 7,
    destination_port = 8,
    seconds = 9,
    microseconds = 10,
    protocol_type = 11,
    capture_agent = 12,
    payload = 15,
    correlation = 17
};

constexpr std::size_t longest_datagram = 65'507;
constexpr std::uint64_t sip = 1;

class Writer {
  public:
    Writer() : out_("HEP3\0\0", 6) {}

    void number(Chunk type, std::uint64_t value, int octets) {
        head(type, static_cast<std::size_t>(octets));
        put(value, octets);
    }
    void text(Chunk type, std::string_view value) {
        head(type, value.size());
        out_.append(value);
    }
    std::string finish() {
        out_[4] = static_cast<char>(out_.size() >> 8);
        out_[5] = static_cast<char>(out_.size() & 255);
        return std::move(out_);
    }

  private:
    void head(Chunk type, std::size_t size) {
        put(0, 2);  // vendor: the standard's own chunks
        put(type, 2);
        put(size + 6, 2);
    }
    void put(std::uint64_t value, int octets) {
        for (int i = octets - 1; i >= 0; --i) out_.push_back(static_cast<char>(value >> (8 * i)));
    }

    std::string out_;
};

std::string_view octets_of(const HepAddress& address) {
    return {reinterpret_cast<const char*>(address.octets.data()), address.v6 ? 16U : 4U};
}

}  // namespace

std::optional<std::string> encode(const HepPacket& packet) {
    constexpr std::size_t overhead = 160;
    if (packet.payload.size() + packet.call_id.size() + overhead > longest_datagram) return std::nullopt;
    const auto since = packet.time.time_since_epoch();
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since);
    const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(since - whole);
    const bool v6 = packet.source.v6;
    Writer writer;
    writer.number(ip_family, v6 ? 10 : 2, 1);
    writer.number(ip_protocol, packet.tcp ? 6 : 17, 1);
    writer.text(v6 ? source_v6 : source_v4, octets_of(packet.source));
    writer.text(v6 ? destination_v6 : destination_v4, octets_of(packet.destination));
    writer.number(source_port, packet.source.port, 2);
    writer.number(destination_port, packet.destination.port, 2);
    writer.number(seconds, static_cast<std::uint64_t>(whole.count()), 4);
    writer.number(microseconds, static_cast<std::uint64_t>(rest.count()), 4);
    writer.number(protocol_type, sip, 1);
    writer.number(capture_agent, packet.capture_id, 4);
    if (!packet.call_id.empty()) writer.text(correlation, packet.call_id);
    writer.text(payload, packet.payload);
    return writer.finish();
}

}  // namespace isthmus::observability
