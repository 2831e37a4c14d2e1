// The net leg of a call to the Internet: what goes out, and where to.
#include <algorithm>
#include <utility>

#include "common/proxy/forward.hpp"
#include "common/runtime/own_uri.hpp"
#include "scscf/internet_call.hpp"
#include "scscf/interworking/border.hpp"
#include "scscf/interworking/peer_auth.hpp"
#include "scscf/interworking/redirection.hpp"
#include "scscf/interworking/relaxation.hpp"

namespace isthmus::scscf {

using interworking::Role;
using sip::HeaderId;
using sip::Message;

Message InternetCall::proxied_invite() const {
    auto request = facts_.invite.copy();
    proxy::count_hop(request);
    return request;
}

/// As far as policy and URIs tell; the address itself is found when the request is sent.
transport::Peer InternetCall::net_peer(const Target& target, const std::string& transport) const {
    transport::Peer peer{transport::Protocol::udp, upstream_->arrival().peer.address};
    const auto& row = target.decision.parameters;
    const auto uri = sip::Uri::parse(target.uri);
    const auto hop = row.next_hop ? sip::Uri::parse(*row.next_hop) : uri;
    if (!uri || !hop) return peer;
    if (uri->scheme == sip::Uri::Scheme::sips || hop->demands_tls() || row.required.tls || transport == "tls")
        peer.protocol = transport::Protocol::tls;
    if (const auto address = transport::Address::parse(hop->host, 0)) peer.address = *address;
    return peer;
}

Message InternetCall::own_invite(const Attempt& made) const {
    interworking::LegIdentity leg;
    leg.call_id = net_call_id_;
    leg.local_tag = net_from_tag_;
    leg.contact = contact(Side::net, made.net);
    leg.cseq = made.cseq;
    return interworking::net_invite(facts_.invite, leg);
}

std::uint32_t InternetCall::newest_cseq() const {
    auto newest = dialogs_->newest_cseq();
    for (const auto& one : attempts_) newest = std::max(newest, one.cseq);
    return newest;
}

void InternetCall::act(const interworking::SendInvite& action, const std::string& why) {
    auto& made = attempt(action.attempt);
    // Above what a PRACK or UPDATE of an attempt before took: one Call-ID and From tag are one sequence for the callee.
    if (action.role == Role::b2bua) made.cseq = std::max(action.own_cseq, newest_cseq() + 1);
    bridged_ = bridged_ || action.role == Role::b2bua;
    const auto& target = targets_[action.target];
    made.net = net_peer(target, action.transport);
    auto request = action.role == Role::b2bua ? own_invite(made) : proxied_invite();
    if (action.target != 0) request.set_request_uri(target.uri);
    if (const auto refusal = interworking::apply_privacy(request, action.role)) {  // IW-IDP-02
        auto response = Message::response(facts_.invite, refusal->status, refusal->reason_phrase, own_tag(1));
        interworking::add_verdict(response, refusal->warning_399, core_.node().name, std::nullopt);
        respond(response, refusal->rule);
        return never_sent(action.attempt);
    }
    auto border = facts_.border;
    border.keep_asserted_identity = target.decision.parameters.asserted_identity == policy::AssertedIdentity::keep;
    interworking::filter_to_internet(request, border, action.role);
    made.extras = interworking::carries_extras(request);
    interworking::relax(request, action.relaxation, {});
    made.demanded = sip::OptionTags::of(request, HeaderId::require);
    if (action.with_credentials && !add_credentials(action.attempt, request)) return never_sent(action.attempt);
    add_next_hop(request, target.decision.parameters);
    if (action.role == Role::proxy)
        runtime::record_route(core_, request, core_.token(proxy::Position::originating, outside_dialog),
                              upstream_->arrival().peer, made.net);
    core_.arm(timer_c_, core_.node().timer_c_ms);
    send(action.attempt, std::move(request), action.transport, why);
}

// IW-RTE-03
void InternetCall::add_next_hop(Message& request, const policy::Parameters& parameters) const {
    if (parameters.next_hop) request.prepend(HeaderId::route, "<" + *parameters.next_hop + ";lr>");
}

/// T20: the newest challenge is that of the attempt before; one relaxed afterwards repeats its answer.
bool InternetCall::add_credentials(unsigned number, Message& request) {
    const auto& credentials = parameters(number).peer_auth;
    if (!credentials) return false;
    for (unsigned before = number - 1; before > 0; --before) {
        const auto& challenge = attempt(before).newest;
        if (!challenge || (challenge->status() != 401 && challenge->status() != 407)) continue;
        return interworking::answer_challenges(request, *challenge, credentials->username, credentials->password,
                                               core_.random_text());
    }
    return false;
}

/// The contacts of the newest 3xx that policy permits and nobody named before.
std::vector<interworking::Redirect> InternetCall::follow(const Attempt& of) {
    std::vector<interworking::Redirect> redirects;
    if (targets_[of.target].decision.parameters.redirect != policy::Redirect::recurse) return redirects;
    for (const auto& uri : interworking::redirection_targets(*of.newest)) {
        const auto text = uri.print();
        const bool known =
            std::any_of(targets_.begin(), targets_.end(), [&](const Target& one) { return one.uri == text; });
        if (targets_.size() > interworking::most_redirections) break;
        auto decision = known ? std::nullopt : facts_.decide(uri);
        if (!decision || decision->access != policy::Access::allow) continue;
        interworking::Redirect redirect;
        redirect.target = static_cast<unsigned>(targets_.size());
        redirect.terms = terms_of(*decision);
        targets_.push_back({text, std::move(*decision)});
        redirects.push_back(std::move(redirect));
    }
    return redirects;
}

void InternetCall::send(unsigned number, Message request, const std::string& transport, const std::string& why) {
    const auto& of = parameters(number);
    runtime::DeliveryOptions options;
    options.branch = static_cast<std::uint16_t>(number);
    options.loop = facts_.loop;
    options.decision = why;
    options.transport = transport;
    if (of.required.tls) options.security = transport::Security::required;
    options.target_timeout_ms = static_cast<std::uint64_t>(of.target_timeout.count());
    options.deadline_ms = budget_end_ms_;
    attempt(number).delivery =
        runtime::Delivery::start(core_, std::move(request), shared_from_this(), std::move(options));
}

/// Later: the engine must not be fed from inside its own action.
void InternetCall::never_sent(unsigned number) {
    core_.outside().post(core_.index(), [self = shared_from_this(), number] {
        self->on_transport_error(static_cast<std::uint16_t>(number));
    });
}

void InternetCall::act(const interworking::CancelNet& action, const std::string& why) {
    if (const auto& delivery = attempt(action.attempt).delivery) delivery->cancel(action.reason.print(), why);
}

void InternetCall::act(const interworking::AckAndByeNet& action, const std::string& why) {
    const auto& given_up = attempt(action.attempt);
    if (!given_up.newest || given_up.role != Role::b2bua) return;
    hang_up(*given_up.newest, given_up.cseq, action.reason, why);
}

void InternetCall::hang_up(const Message& success, std::uint32_t cseq, const sip::Reason& reason,
                           const std::string& why) {
    dialog::Leg leg;
    leg.call_id = net_call_id_;
    leg.local = success.value(HeaderId::from);
    leg.local_tag = net_from_tag_;
    // A PRACK or UPDATE of this early dialog may have counted further.
    leg.local_cseq = std::max(attempts_.back().cseq, dialogs_->newest_cseq(success.to_tag()));
    leg.learn_from_response(success);
    auto bye = leg.request("BYE");
    bye.append(HeaderId::reason, reason.print());
    const auto hop = proxy::next_hop(bye);
    if (!hop) return;
    given_up_.emplace_back(success.to_tag(), leg.ack(cseq));
    auto messages = std::make_shared<std::pair<Message, Message>>(leg.ack(cseq), std::move(bye));
    core_.locate(*hop, [&core = core_, messages, why](std::optional<transport::Peer> peer) {
        if (!peer) return;
        core.send_stateless(std::move(messages->first), *peer, 0, why);
        core.send_request(std::move(messages->second), *peer, nullptr, 0, 0, why);
    });
}

void InternetCall::act(const interworking::RestartTimerC&, const std::string&) {
    core_.arm(timer_c_, core_.node().timer_c_ms);
}

}  // namespace isthmus::scscf
