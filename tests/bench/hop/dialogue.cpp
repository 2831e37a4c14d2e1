#include "tests/bench/hop/dialogue.hpp"

#include <fmt/format.h>

#include <charconv>

namespace isthmus::bench {
namespace {

constexpr std::string_view call_id_prefix = "bench-";

std::string offer(std::string_view host) {
    return fmt::format(
        "v=0\r\n"
        "o=- 2987933615 2987933615 IN IP4 {0}\r\n"
        "s=-\r\n"
        "c=IN IP4 {0}\r\n"
        "t=0 0\r\n"
        "m=audio 49152 RTP/AVP 104 102 96 105 97\r\n"
        "b=AS:41\r\nb=RS:512\r\nb=RR:1537\r\n"
        "a=curr:qos local none\r\n"
        "a=curr:qos remote none\r\n"
        "a=des:qos mandatory local sendrecv\r\n"
        "a=des:qos mandatory remote sendrecv\r\n"
        "a=rtpmap:104 AMR-WB/16000\r\n"
        "a=fmtp:104 mode-change-capability=2;max-red=220\r\n"
        "a=rtpmap:102 AMR/8000\r\n"
        "a=fmtp:102 mode-change-capability=2;max-red=220\r\n"
        "a=rtpmap:96 telephone-event/16000\r\n"
        "a=fmtp:96 0-15\r\n"
        "a=rtpmap:105 telephone-event/8000\r\n"
        "a=fmtp:105 0-15\r\n"
        "a=rtpmap:97 AMR/8000\r\n"
        "a=fmtp:97 mode-set=0,2,5,7;maxframes=2\r\n"
        "a=ptime:20\r\na=maxptime:240\r\na=sendrecv\r\n",
        host);
}

std::string answer(std::string_view host) {
    return fmt::format(
        "v=0\r\n"
        "o=- 1 1 IN IP4 {0}\r\n"
        "s=-\r\n"
        "c=IN IP4 {0}\r\n"
        "t=0 0\r\n"
        "m=audio 40000 RTP/AVP 104 96\r\n"
        "b=AS:41\r\n"
        "a=curr:qos local sendrecv\r\n"
        "a=curr:qos remote sendrecv\r\n"
        "a=des:qos mandatory local sendrecv\r\n"
        "a=des:qos mandatory remote sendrecv\r\n"
        "a=rtpmap:104 AMR-WB/16000\r\n"
        "a=rtpmap:96 telephone-event/16000\r\n"
        "a=ptime:20\r\na=sendrecv\r\n",
        host);
}

std::string_view host_of(std::string_view address) {
    return address.substr(0, address.find(':'));
}

std::string_view tag_of(std::string_view value) {
    const auto tag = value.find(";tag=");
    return tag == std::string_view::npos ? std::string_view{} : value.substr(tag + 5);
}

void take_field(Seen& seen, std::string_view line, std::string_view whole) {
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) return;
    const auto name = line.substr(0, colon);
    const auto value = line.substr(colon + 2);
    if (name == "Via") {
        seen.vias = seen.vias.empty() ? whole : std::string_view(seen.vias.data(), seen.vias.size() + whole.size());
        ++seen.via_count;
    } else if (name == "Record-Route") {
        seen.record_route = value;
    } else if (name == "Route") {
        seen.has_route = true;
    } else if (name == "Max-Forwards") {
        seen.max_forwards = value;
    } else if (name == "From") {
        seen.from_line = line;
    } else if (name == "To") {
        seen.to_line = line;
        seen.to_tag = tag_of(value);
    } else if (name == "CSeq" && !seen.request) {
        seen.method = value.substr(value.find(' ') + 1);
    } else if (name == "Call-ID" && value.substr(0, call_id_prefix.size()) == call_id_prefix) {
        const auto digits = value.substr(call_id_prefix.size(), 8);
        std::from_chars(digits.data(), digits.data() + digits.size(), seen.call, 16);
        ++seen.call;  // 0 says: none
    }
}

}  // namespace

std::optional<Seen> look(std::string_view octets) {
    Seen seen;
    auto end = octets.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const auto start = octets.substr(0, end);
    seen.request = start.substr(0, 8) != "SIP/2.0 ";
    if (seen.request)
        seen.method = start.substr(0, start.find(' '));
    else
        std::from_chars(start.data() + 8, start.data() + start.size(), seen.status);
    std::size_t at = end + 2;
    while ((end = octets.find("\r\n", at)) != std::string_view::npos && end != at) {
        take_field(seen, octets.substr(at, end - at), octets.substr(at, end + 2 - at));
        at = end + 2;
    }
    if (end == std::string_view::npos || seen.call-- == 0) return std::nullopt;
    seen.body = octets.substr(end + 2);
    return seen;
}

Dialogue::Dialogue(Parties parties)
    : parties_(std::move(parties)),
      offer_(offer(host_of(parties_.caller))),
      answer_(answer(host_of(parties_.callee))) {}

std::string Dialogue::invite(std::uint32_t call) const {
    return fmt::format(
        "INVITE sip:+358401234567@{1};user=phone{7} SIP/2.0\r\n"
        "Via: SIP/2.0/{6} {0};branch=z9hG4bKi{3:08x}nashds7;rport\r\n"
        "Max-Forwards: 70\r\n"
        "Route: <sip:{2};lr>\r\n"
        "P-Preferred-Identity: \"Alice Example\" <sip:alice@ims.example>\r\n"
        "P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2440112340a1b2c3\r\n"
        "Privacy: none\r\n"
        "From: <sip:alice@ims.example>;tag=c{3:08x}\r\n"
        "To: <sip:+358401234567@ims.example;user=phone>\r\n"
        "Call-ID: bench-{3:08x}-cb03a0s09a2sdfglkj490333@{0}\r\n"
        "CSeq: 127 INVITE\r\n"
        "Supported: precondition,100rel,199,gruu,timer,replaces\r\n"
        "Security-Verify: ipsec-3gpp;q=0.1;alg=hmac-sha-1-96;prot=esp;mod=trans;ealg=aes-cbc"
        ";spi-c=98765432;spi-s=87654321;port-c=8642;port-s=7531\r\n"
        "Cellular-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2440112340a1b2c3;cell-info-age=60\r\n"
        "Recv-Info: g.3gpp.mid-call,g.3gpp.state-and-event\r\n"
        "Session-Expires: 1800;refresher=uac\r\n"
        "Min-SE: 90\r\n"
        "P-Preferred-Service: urn:urn-7:3gpp-service.ims.icsi.mmtel\r\n"
        "Accept-Contact: *;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"\r\n"
        "P-Early-Media: supported\r\n"
        "Contact: <sip:alice@{0};comp=sigcomp>;+sip.instance=\"<urn:gsma:imei:90420156-025763-0>\""
        ";+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\";audio\r\n"
        "Allow: INVITE,ACK,CANCEL,BYE,PRACK,UPDATE,INFO,REFER,NOTIFY,MESSAGE,OPTIONS\r\n"
        "Accept: application/sdp,application/3gpp-ims+xml\r\n"
        "User-Agent: Bench phone/1.0 IMS-Release-13\r\n"
        "Content-Type: application/sdp\r\n"
        "Content-Length: {4}\r\n"
        "\r\n{5}",
        parties_.caller, parties_.callee, parties_.hop, call, offer_.size(), offer_, parties_.protocol,
        parties_.uri_params);
}

std::string Dialogue::in_dialog(std::string_view method, std::uint32_t cseq, std::uint32_t call,
                                std::string_view route) const {
    return fmt::format(
        "{0} sip:bob@{2}{8} SIP/2.0\r\n"
        "Via: SIP/2.0/{7} {1};branch=z9hG4bK{3}{4:08x}nashds7;rport\r\n"
        "Max-Forwards: 70\r\n"
        "Route: {5}\r\n"
        "P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2440112340a1b2c3\r\n"
        "From: <sip:alice@ims.example>;tag=c{4:08x}\r\n"
        "To: <sip:+358401234567@ims.example;user=phone>;tag=s{4:08x}\r\n"
        "Call-ID: bench-{4:08x}-cb03a0s09a2sdfglkj490333@{1}\r\n"
        "CSeq: {6} {0}\r\n"
        "User-Agent: Bench phone/1.0 IMS-Release-13\r\n"
        "Content-Length: 0\r\n\r\n",
        method, parties_.caller, parties_.callee, method == "BYE" ? 'b' : 'a', call, route, cseq, parties_.protocol,
        parties_.uri_params);
}

std::string Dialogue::ack(std::uint32_t call, std::string_view route) const {
    return in_dialog("ACK", 127, call, route);
}
std::string Dialogue::bye(std::uint32_t call, std::string_view route) const {
    return in_dialog("BYE", 128, call, route);
}

bool Dialogue::good_response(const Seen& seen) const {
    const char kind = seen.method == "BYE" ? 'b' : 'i';
    if (seen.via_count != 1 ||
        seen.vias.find(fmt::format(";branch=z9hG4bK{}{:08x}nashds7", kind, seen.call)) == std::string_view::npos)
        return false;
    if (tag_of(seen.from_line) != fmt::format("c{:08x}", seen.call)) return false;
    if (seen.status == 100) return true;
    if (seen.to_tag != fmt::format("s{:08x}", seen.call)) return false;
    if (seen.method == "BYE" || seen.status == 180) return true;
    return !seen.record_route.empty() && seen.body == answer_;
}

std::string Dialogue::response(const Seen& request, int status, std::string_view reason) const {
    const bool invite = request.method == "INVITE";
    std::string out = fmt::format("SIP/2.0 {} {}\r\n", status, reason);
    out.append(request.vias);
    if (invite && status > 100) out.append("Record-Route: ").append(request.record_route).append("\r\n");
    out.append(request.from_line).append("\r\n").append(request.to_line);
    if (status > 100 && request.to_tag.empty()) out.append(fmt::format(";tag=s{:08x}", request.call));
    fmt::format_to(std::back_inserter(out), "\r\nCall-ID: bench-{:08x}-cb03a0s09a2sdfglkj490333@{}\r\nCSeq: {} {}\r\n",
                   request.call, parties_.caller, invite ? 127 : 128, request.method);
    if (invite && status > 100)
        out.append("Contact: <sip:bob@")
            .append(parties_.callee)
            .append(
                ">\r\nSupported: precondition,100rel,timer\r\n"
                "Allow: INVITE,ACK,CANCEL,BYE,PRACK,UPDATE,INFO,REFER,NOTIFY,MESSAGE,OPTIONS\r\n"
                "P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2440112340d4e5f6\r\n");
    if (invite && status == 200)
        return out +
               fmt::format("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{}", answer_.size(), answer_);
    return out + "Content-Length: 0\r\n\r\n";
}

bool Dialogue::good_request(const Seen& seen) const {
    if (seen.via_count != 2 || seen.max_forwards != "69" || seen.has_route) return false;
    if (seen.vias.find(parties_.hop) > seen.vias.find(parties_.caller)) return false;
    if (seen.method == "INVITE") return !seen.record_route.empty() && seen.body == offer_;
    return seen.to_tag == fmt::format("s{:08x}", seen.call);
}

}  // namespace isthmus::bench
