// Messages and engine shorthands the tests of this folder share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/sip/message.hpp"
#include "scscf/interworking/engine.hpp"

namespace isthmus::interworking::samples {

inline constexpr std::string_view rel5_qos =
    "a=curr:qos local none\r\na=curr:qos remote none\r\na=des:qos mandatory local sendrecv\r\n"
    "a=des:qos none remote sendrecv\r\n";
inline constexpr std::string_view rel6_qos =
    "a=curr:qos local none\r\na=curr:qos remote none\r\na=des:qos mandatory local sendrecv\r\n"
    "a=des:qos optional remote sendrecv\r\n";

inline std::string sdp(std::string_view stream_lines) {
    std::string text =
        "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 97\r\n"
        "b=AS:25\r\na=rtpmap:97 AMR/8000\r\n";
    return text.append(stream_lines);
}

inline sip::Message parse(const std::string& text) {
    auto parsed = sip::Message::from_wire(text);
    return std::move(parsed.value());
}

inline std::string with_body(std::string text, std::string_view type, std::string_view body) {
    if (!body.empty()) text.append("Content-Type: ").append(type).append("\r\n");
    return text.append("Content-Length: " + std::to_string(body.size()) + "\r\n\r\n").append(body);
}

/// The worked example's INVITE as it reaches the S-CSCF, with these header lines and this SDP.
inline sip::Message invite(std::string_view headers, std::string_view body, std::string_view type = "application/sdp") {
    std::string text =
        "INVITE sip:bob@isp.example SIP/2.0\r\n"
        "Via: SIP/2.0/UDP pcscf.home1.net;branch=z9hG4bKp1\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKu1\r\n"
        "Route: <sip:orig@scscf1.home1.net;lr>\r\nRecord-Route: <sip:t1@pcscf.home1.net;lr>\r\n"
        "Max-Forwards: 69\r\nFrom: <sip:alice@home1.net>;tag=ua\r\nTo: <sip:bob@isp.example>\r\nCall-ID: u1\r\n"
        "CSeq: 7 INVITE\r\nContact: <sip:alice@10.0.0.1>;+g.3gpp.cs-voice\r\n";
    return parse(with_body(text.append(headers), type, body));
}

inline sip::Message response(int status, std::string_view headers, std::string_view body = "",
                             std::string_view cseq = "1 INVITE") {
    std::string text = "SIP/2.0 " + std::to_string(status) +
                       " Something\r\nVia: SIP/2.0/UDP scscf1.home1.net;branch=z9hG4bKs1\r\n"
                       "From: <sip:alice@home1.net>;tag=s1\r\nTo: <sip:bob@isp.example>;tag=callee\r\nCall-ID: s9\r\n"
                       "CSeq: " +
                       std::string(cseq) + "\r\n";
    return parse(with_body(text.append(headers), "application/sdp", body));
}

inline Offer offer(std::string_view headers, std::string_view body = sdp(rel5_qos)) {
    return Offer::of(invite(headers, body));
}
/// The Rel-5 phone of IW-TC-03.
inline Offer rel5_offer() {
    return offer("Require: precondition, 100rel\r\nSupported: timer\r\n");
}

inline Start retry(Offer of, unsigned max_attempts = 3) {
    Start start;
    start.mode = Mode::retry;
    start.role = Role::b2bua;
    start.max_attempts = max_attempts;
    start.offer = std::move(of);
    return start;
}

inline Start strict(Offer of, sip::OptionTags required_caps) {
    Start start;
    start.mode = Mode::strict;
    start.required_caps = std::move(required_caps);
    start.offer = std::move(of);
    return start;
}

inline Final refused(unsigned attempt, int status, std::string_view headers = "", std::string_view body = "") {
    Final event;
    event.attempt = attempt;
    event.failure = Failure::of(response(status, headers, body));
    event.transport = "tcp";
    return event;
}
inline Final unsupported(unsigned attempt, std::string_view tags) {
    return refused(attempt, 420, "Unsupported: " + std::string(tags) + "\r\n");
}
inline Provisional provisional(unsigned attempt, int status, std::string_view body = "") {
    return Provisional::of(attempt, response(status, "", body));
}
inline Success answered(unsigned attempt, std::string_view body = "", std::string_view headers = "") {
    return Success::of(attempt, response(200, headers, body));
}

/// The only action of that type; nothing when there is none or there are several.
template <class What>
std::optional<What> only(const Actions& actions) {
    std::optional<What> found;
    for (const auto& action : actions) {
        const auto* one = std::get_if<What>(&action.what);
        if (one == nullptr) continue;
        if (found) return std::nullopt;
        found = *one;
    }
    return found;
}

template <class What>
std::size_t count(const Actions& actions) {
    std::size_t number = 0;
    for (const auto& action : actions) number += std::holds_alternative<What>(action.what) ? 1 : 0;
    return number;
}

}  // namespace isthmus::interworking::samples
