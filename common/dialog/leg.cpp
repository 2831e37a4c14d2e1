#include "common/dialog/leg.hpp"

#include <algorithm>

#include "common/sip/uri.hpp"

namespace isthmus::dialog {

using sip::HeaderId;

namespace {

std::vector<std::string> owned(const sip::Values& values) {
    return {values.begin(), values.end()};
}

std::string with_tag(std::string_view value, std::string_view tag) {
    std::string out(value);
    return tag.empty() ? out : out + ";tag=" + std::string(tag);
}

}  // namespace

Leg Leg::as_uas(const sip::Message& invite, std::string_view local_tag, std::string_view contact) {
    Leg leg;
    leg.call_id = invite.call_id();
    leg.local_tag = local_tag;
    leg.local = with_tag(invite.value(HeaderId::to), invite.to_tag().empty() ? local_tag : std::string_view{});
    leg.remote = invite.value(HeaderId::from);
    leg.remote_tag = invite.from_tag();
    leg.contact = contact;
    leg.route_set = owned(invite.values(HeaderId::record_route));
    leg.remote_cseq = invite.cseq();
    leg.learn_target(invite);
    return leg;
}

void Leg::learn_from_response(const sip::Message& response) {
    remote_tag = response.to_tag();
    remote = response.value(HeaderId::to);
    route_set = owned(response.values(HeaderId::record_route));
    std::reverse(route_set.begin(), route_set.end());
    learn_target(response);
}

void Leg::learn_target(const sip::Message& message) {
    if (const auto contact_address = sip::NameAddr::parse(message.first(HeaderId::contact)))
        remote_target = contact_address->uri.print();
}

sip::Message Leg::make(std::string_view method, std::uint32_t cseq) const {
    // A strict router in the route set would get its URI as Request-URI; nobody builds them any more (RFC 3261 12.2.1.1
    // keeps the rule, Record-Route values without lr are treated as loose here).
    auto message = sip::Message::request(method, remote_target);
    for (const auto& route : route_set) message.append(HeaderId::route, route);
    message.append(HeaderId::max_forwards, "70");
    message.append(HeaderId::from, local);
    message.append(HeaderId::to, remote);
    message.append(HeaderId::call_id, call_id);
    message.append(HeaderId::cseq, std::to_string(cseq) + " " + std::string(method));
    return message;
}

sip::Message Leg::request(std::string_view method) {
    ++local_cseq;
    auto message = make(method, local_cseq);
    if (!contact.empty() && method != "BYE") message.append(HeaderId::contact, contact);
    return message;
}

sip::Message Leg::ack(std::uint32_t cseq) const {
    return make("ACK", cseq);
}

bool Leg::accept(const sip::Message& request) {
    if (request.method() == sip::Method::ack) return true;
    if (request.cseq() <= remote_cseq) return false;
    remote_cseq = request.cseq();
    return true;
}

}  // namespace isthmus::dialog
