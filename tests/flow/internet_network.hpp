// alice of home1.net and dave of isp.example, who is reached directly by the S-CSCF.
#pragma once

#include <functional>

#include "common/sip/headers.hpp"
#include "tests/flow/core_network.hpp"

namespace isthmus::flow {

inline const std::string rel5_sdp =
    "v=0\no=- 1 1 IN IP4 127.0.2.1\ns=-\nc=IN IP4 127.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\na=curr:qos local none\n"
    "a=curr:qos remote none\na=des:qos mandatory local sendrecv\na=des:qos none remote sendrecv\n";
inline const std::string plain_sdp =
    "v=0\no=- 2 2 IN IP4 198.51.100.9\ns=-\nc=IN IP4 198.51.100.9\nt=0 0\nm=audio 5000 RTP/AVP 0\n";

class InternetNetwork : public CoreNetwork {
  protected:
    void ready(policy::Mode mode) {
        auto rule = allow("isp.example", mode);
        rule.parameters.next_hop = "sip:127.0.3.1:5060";
        rule.parameters.required = required;
        adjust(rule.parameters);
        set_policy({rule});
        route = route_of(pcscf, do_register(alice_phone, alice));
        net.ladder();
        net.decisions.clear();
    }
    [[nodiscard]] std::string invite(const std::string& tags, const std::string& sdp = rel5_sdp) const {
        return "INVITE sip:dave@isp.example SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + route +
               "From: <sip:alice@home1.net>;tag=ua\nTo: <sip:dave@isp.example>\nCall-ID: u1\nCSeq: 7 INVITE\n" + tags +
               "P-Access-Network-Info: 3GPP-UTRAN-FDD;utran-cell-id-3gpp=1\nAllow: "
               "INVITE,ACK,CANCEL,BYE,PRACK,UPDATE\n" +
               "Contact: <sip:alice@127.0.2.1:5070>\nContent-Type: application/sdp\n\n" + sdp;
    }
    static constexpr const char* rel5_tags = "Require: precondition, 100rel\n";
    std::string call_rel5() { return alice_phone.send(pcscf, invite(rel5_tags)); }
    static constexpr const char* contact_of_dave = "Contact: <sip:dave@127.0.3.1:5060>";

    [[nodiscard]] std::string from_alice(const sip::Message& ok, const std::string& method, int number) const {
        std::string routes;
        const auto values = ok.values(sip::HeaderId::record_route);
        for (auto value = values.rbegin(); value != values.rend(); ++value)
            routes += "Route: " + std::string(*value) + "\n";
        const auto target = sip::NameAddr::parse(ok.value(sip::HeaderId::contact))->uri.print();
        return method + " " + target + " SIP/2.0\nVia: {via}\nMax-Forwards: 70\n" + routes +
               "From: <sip:alice@home1.net>;tag=ua\nTo: <sip:dave@isp.example>;tag=" + std::string(ok.to_tag()) +
               "\nCall-ID: u1\nCSeq: " + std::to_string(number) + " " + method + "\n";
    }
    [[nodiscard]] std::string cancel(const std::string& branch) const {
        return "CANCEL sip:dave@isp.example SIP/2.0\nVia: SIP/2.0/UDP 127.0.2.1:5070;branch=" + branch +
               "\nMax-Forwards: 70\n" + route +
               "From: <sip:alice@home1.net>;tag=ua\nTo: <sip:dave@isp.example>\nCall-ID: u1\nCSeq: 7 CANCEL\n";
    }
    static std::string from_dave(const sip::Message& invite, const std::string& method, int number) {
        const auto target = sip::NameAddr::parse(invite.value(sip::HeaderId::contact))->uri.print();
        return method + " " + target +
               " SIP/2.0\nVia: {via}\nMax-Forwards: 70\nFrom: <sip:dave@isp.example>;tag=d1\nTo: " +
               std::string(invite.value(sip::HeaderId::from)) + "\nCall-ID: " + std::string(invite.call_id()) +
               "\nCSeq: " + std::to_string(number) + " " + method + "\n";
    }
    static bool has_qos(const sip::Message& message) { return message.body().find(":qos") != std::string_view::npos; }

    std::function<void(policy::Parameters&)> adjust = [](policy::Parameters&) {};
    policy::RequiredCapabilities required;
    std::string route;
    Phone dave{net, "dave", "127.0.3.1:5060"};
};

}  // namespace isthmus::flow
