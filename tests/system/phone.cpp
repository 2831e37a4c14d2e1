#include "tests/system/phone.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "common/sip/digest.hpp"
#include "common/sip/headers.hpp"

namespace isthmus::system_test {

using sip::HeaderId;
using sip::Message;

namespace {

std::string branch() {
    static std::atomic<int> number = 0;
    return ";branch=z9hG4bKsys" + std::to_string(++number);
}

std::string with_crlf(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') out.push_back('\r');
        out.push_back(c);
    }
    return out;
}

}  // namespace

std::string register_text(const std::string& user, const std::string& via, const std::string& contact, int cseq,
                          const std::string& authorization) {
    const auto id = user + "@home1.net";
    return with_crlf("REGISTER sip:home1.net SIP/2.0\nVia: SIP/2.0/" + via + branch() +
                     "\nMax-Forwards: 70\nFrom: <sip:" + id + ">;tag=r1\nTo: <sip:" + id + ">\nContact: <" + contact +
                     ">;expires=3600\nCall-ID: reg-" + user + "\nCSeq: " + std::to_string(cseq) +
                     " REGISTER\nAuthorization: " + authorization + "\nSupported: path\nContent-Length: 0\n\n");
}

std::string no_credentials(const std::string& user) {
    return "Digest username=\"" + user +
           "@home1.net\",realm=\"home1.net\",nonce=\"\",uri=\"sip:home1.net\",response=\"\"";
}

std::string credentials_for(const Message& challenged, const std::string& user) {
    const auto challenge = sip::DigestChallenge::parse(challenged.value(HeaderId::www_authenticate));
    if (!challenge) return no_credentials(user);
    sip::DigestCredentials credentials;
    credentials.username = user + "@home1.net";
    credentials.realm = challenge->realm;
    credentials.nonce = challenge->nonce;
    credentials.uri = "sip:home1.net";
    credentials.qop = "auth";
    credentials.nc = "00000001";
    credentials.cnonce = "c0ffee";
    credentials.response = sip::digest_response(
        sip::digest_ha1(credentials.username, credentials.realm, user + "-secret"), credentials, "REGISTER");
    return credentials.print();
}

std::string invite_text(const std::string& user, const std::string& via, const std::string& contact,
                        const std::string& route, const std::string& to, const std::string& call_id) {
    const std::string sdp =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=audio 4000 RTP/AVP 0\r\n";
    return with_crlf("INVITE " + to + " SIP/2.0\nVia: SIP/2.0/" + via + branch() + "\nMax-Forwards: 70\nRoute: " +
                     route + "\nFrom: <sip:" + user + "@home1.net>;tag=" + call_id + "\nTo: <" + to + ">\nContact: <" +
                     contact + ">\nP-Preferred-Identity: <sip:" + user + "@home1.net>\nCall-ID: " + call_id +
                     "\nCSeq: 1 INVITE\nContent-Type: application/sdp\nContent-Length: " + std::to_string(sdp.size()) +
                     "\n\n") +
           sdp;
}

std::string in_dialog_text(const std::string& method, int cseq, const std::string& via, const Message& ok) {
    std::string routes;
    const auto values = ok.values(HeaderId::record_route);
    for (auto value = values.rbegin(); value != values.rend(); ++value)
        routes += "Route: " + std::string(*value) + "\n";
    const auto contact = sip::NameAddr::parse(ok.first(HeaderId::contact));
    return with_crlf(method + " " + (contact ? contact->uri.print() : "sip:none@127.0.0.1") +
                     " SIP/2.0\nVia: SIP/2.0/" + via + branch() + "\nMax-Forwards: 70\n" + routes +
                     "From: " + std::string(ok.value(HeaderId::from)) + "\nTo: " + std::string(ok.value(HeaderId::to)) +
                     "\nCall-ID: " + std::string(ok.call_id()) + "\nCSeq: " + std::to_string(cseq) + " " + method +
                     "\nContent-Length: 0\n\n");
}

std::string answer_text(const Message& request, int status, const std::string& contact) {
    auto response = Message::response(request, status, status == 200 ? "OK" : "Answer", status > 100 ? "callee" : "");
    for (const auto value : request.values(HeaderId::record_route)) response.append(HeaderId::record_route, value);
    if (status < 300) response.append(HeaderId::contact, "<" + contact + ">");
    if (status == 200 && request.method() == sip::Method::invite) response.set_body("application/sdp", request.body());
    return response.print();
}

Phone::Phone(std::string user, int host, const transport::Address& pcscf, std::uint16_t port)
    : user_(std::move(user)), pcscf_(pcscf), end_(support::loopback_address(host, port)) {}

void Phone::send(const std::string& text) {
    end_.send(pcscf_, text);
}

Message Phone::register_once(const std::string& authorization) {
    const auto text = register_text(user_, via(), contact(), ++cseq_, authorization);
    send(text);
    const auto call_id = "reg-" + user_;
    while (true) {
        auto answer = expect("SIP/2.0", call_id);
        if (answer.cseq() == static_cast<std::uint32_t>(cseq_) || !answer.has(HeaderId::via)) return answer;
    }
}

Message Phone::do_register() {
    const auto challenged = register_once(no_credentials(user_));
    auto answer = register_once(credentials_for(challenged, user_));
    if (answer.status() == 200)
        route_ = "<sip:" + pcscf_.text() + ";lr>, " + std::string(answer.value(HeaderId::service_route));
    return answer;
}

std::string Phone::call(const std::string& to) {
    const auto call_id = user_ + "-call-" + std::to_string(++calls_);
    send(invite_text(user_, via(), contact(), route_, to, call_id));
    return call_id;
}

std::optional<Message> Phone::find(const std::string& start, const std::string& call_id, support::Patience longest) {
    const auto until = std::chrono::steady_clock::now() + longest;
    while (true) {
        for (auto one = inbox_.begin(); one != inbox_.end(); ++one) {
            if (one->rfind(start, 0) != 0) continue;
            auto message = Message::from_wire(*one);
            if (!message || (!call_id.empty() && message->call_id() != call_id)) continue;
            inbox_.erase(one);
            return std::move(*message);
        }
        const auto left = std::chrono::duration_cast<support::Patience>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return std::nullopt;
        if (auto octets = end_.receive(left)) {
            if (const auto message = Message::from_wire(*octets); message && message->is_request())
                sources_[std::string(message->branch())] = end_.source();
            inbox_.push_back(std::move(*octets));
        }
    }
}

Message Phone::expect(const std::string& start, const std::string& call_id, support::Patience longest) {
    if (auto found = find(start, call_id, longest)) return std::move(*found);
    std::string all;
    for (const auto& one : inbox_) all += one.substr(0, one.find('\r')) + "\n";
    ADD_FAILURE() << user_ << " waits for " << start << " " << call_id << ", has:\n" << all;
    return Message::request("NONE", "sip:none");
}

void Phone::answer(const Message& request, int status) {
    end_.send(sources_[std::string(request.branch())], answer_text(request, status, contact()));
}

}  // namespace isthmus::system_test
