#include "scscf/internet_call.hpp"

#include <algorithm>
#include <utility>

#include "common/runtime/own_uri.hpp"
#include "common/sip/lexis.hpp"
#include "scscf/interworking/border.hpp"
#include "scscf/interworking/redirection.hpp"

namespace isthmus::scscf {

using interworking::Role;
using sip::HeaderId;
using sip::Message;

namespace {

enum Slot : std::uint8_t { slot_budget, slot_timer_c };

interworking::Mode mode_of(policy::Mode mode) {
    switch (mode) {
        case policy::Mode::strict:
            return interworking::Mode::strict;
        case policy::Mode::retry:
            return interworking::Mode::retry;
        case policy::Mode::pass:
            break;
    }
    return interworking::Mode::pass;
}

sip::OptionTags required(const policy::RequiredCapabilities& required) {
    sip::OptionTags tags;
    if (required.precondition) tags.add("precondition");
    if (required.reliable_provisional) tags.add("100rel");
    if (required.update) tags.add("update");
    if (required.tls) tags.add("tls");
    return tags;
}

}  // namespace

InternetCall::InternetCall(std::shared_ptr<runtime::ServerTransaction> upstream, InternetCallFacts facts,
                           CallEvents events)
    : core_(upstream->core()),
      upstream_(std::move(upstream)),
      facts_(std::move(facts)),
      events_(std::move(events)),
      net_call_id_(core_.random_text() + core_.random_text()),
      net_from_tag_(core_.random_text()),
      budget_(*this, slot_budget),
      timer_c_(*this, slot_timer_c) {}

void InternetCall::start() {
    upstream_->on_cancel([self = shared_from_this()](const Message&) { self->feed(interworking::UeCancel{}); });
    dialogs_ = std::make_shared<TranslatedDialogs>(
        core_, facts_.border, "row " + std::to_string(facts_.decision.row ? facts_.decision.row->id : 0),
        [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->ended_if_done();
        },
        [weak = weak_from_this()](std::string_view theirs, sip::Method method, int status) -> std::optional<int> {
            const auto self = weak.lock();
            return self ? self->early_refused(theirs, method, status) : std::nullopt;
        });
    const auto budget = static_cast<std::uint64_t>(facts_.decision.parameters.setup_budget.count());
    core_.arm(budget_, budget);
    budget_end_ms_ = core_.outside().now_ms() + budget;
    targets_.push_back({std::string(facts_.invite.request_uri()), facts_.decision});
    ue_class_ = facts_.detection.ue_class;
    interworking::Start start;
    start.offer = interworking::Offer::of(facts_.invite);
    qos_lines_ = start.offer.qos_lines;
    static_cast<interworking::Terms&>(start) = terms_of(facts_.decision);
    feed(start);
}

interworking::Terms InternetCall::terms_of(const policy::Decision& decision) const {
    const auto& row = decision.parameters;
    interworking::Terms terms;
    terms.mode = mode_of(decision.mode);
    terms.retry_role = row.retry_role == policy::RetryRole::proxy ? Role::proxy : Role::b2bua;
    terms.may_rewrite_sdp = row.proxy_may_rewrite_sdp;
    terms.peer_auth = row.peer_auth.has_value();
    terms.required_caps = required(row.required);
    terms.max_attempts = static_cast<unsigned>(row.max_attempts);
    terms.role =
        interworking::first_role(terms, ue_class_, qos_lines_, interworking::privacy_needs_b2bua(facts_.invite));
    return terms;
}

std::string InternetCall::explain(const interworking::Why& why) const {
    std::string text = why.rule;
    if (!why.row.empty()) text += " " + why.row;
    text += ": " + why.evidence;
    const auto& decision = attempts_.empty() ? facts_.decision : targets_[attempts_.back().target].decision;
    if (decision.row) text += "; policy row " + std::to_string(decision.row->id) + " " + decision.row->pattern;
    text += " " + std::string(policy::name(decision.mode));
    if (attempts_.size() == 1) text += "; " + facts_.detection.describe();
    return text;
}

void InternetCall::feed(const interworking::Event& event) {
    const auto keep = shared_from_this();
    for (const auto& action : engine_.on(event)) perform(action);
    const auto phase = engine_.phase();
    const bool over = phase == interworking::Engine::Phase::failed || phase == interworking::Engine::Phase::cancelled;
    if (over && !attempts_.empty() && attempts_.back().delivery) attempts_.back().delivery->give_up();
    ended_if_done();
}

void InternetCall::perform(const interworking::Action& action) {
    if (const auto* invite = std::get_if<interworking::SendInvite>(&action.what)) {
        auto& made = attempts_.emplace_back();
        made.role = invite->role;
        made.level = invite->sent.level;
        made.target = invite->target;
    }
    const auto why = explain(action.why);
    std::visit([&](const auto& one) { act(one, why); }, action.what);
}

// --- towards the UE ---

const std::string& InternetCall::own_tag(unsigned number) {
    while (own_tags_.size() < number) own_tags_.push_back(core_.random_text());
    return own_tags_[number - 1];
}

std::string InternetCall::contact(Side side, const transport::Peer& towards) const {
    const auto token = core_.token(proxy::Position::bridge, bridge_id(facts_.id, side));
    return "<" + runtime::own_uri(core_, token, towards, runtime::is_secure(facts_.invite)) + ">";
}

/// IW-RET-06: the first fork of an attempt goes on under the tag the UE knows, each further one is another dialog.
std::string InternetCall::tag_of_fork(Attempt& of, unsigned ue_tag) {
    const std::string theirs(of.newest->to_tag());
    if (theirs.empty()) return own_tag(ue_tag);
    for (const auto& [known, ours] : of.tags)
        if (known == theirs) return ours;
    return of.tags.emplace_back(theirs, of.tags.empty() ? own_tag(ue_tag) : core_.random_text()).second;
}

DialogPair& InternetCall::pair_for(Attempt& of, unsigned ue_tag) {
    const auto tag = tag_of_fork(of, ue_tag);
    if (auto* known = dialogs_->find(tag, of.newest->to_tag())) {
        known->net.learn_target(*of.newest);
        return *known;
    }
    DialogPair pair;
    pair.ue = dialog::Leg::as_uas(facts_.invite, tag, contact(Side::ue, upstream_->arrival().peer));
    pair.ue_invite = facts_.invite.cseq();
    pair.net.call_id = net_call_id_;
    pair.net.local = of.newest->value(HeaderId::from);
    pair.net.local_tag = net_from_tag_;
    pair.net.contact = contact(Side::net, of.net);
    pair.net.local_cseq = of.cseq;
    pair.net.learn_from_response(*of.newest);
    pair.net_invite = of.cseq;
    pair.net_invite_tags = of.demanded;
    pair.net_credentials = targets_[of.target].decision.parameters.peer_auth;
    return dialogs_->add(std::move(pair));
}

Message InternetCall::towards_ue(Attempt& of, unsigned ue_tag) {
    auto response = of.newest->copy();
    interworking::filter_from_internet(response, facts_.border);
    if (of.role == Role::proxy) return response;
    const int status = response.status();
    interworking::ResponseIdentity shown;
    shown.to_tag = status < 300 ? tag_of_fork(of, ue_tag) : own_tag(ue_tag);
    if (status < 300) {
        if (!of.newest->to_tag().empty()) pair_for(of, ue_tag);
        shown.contact = contact(Side::ue, upstream_->arrival().peer);
        for (const auto route : facts_.invite.values(HeaderId::record_route)) shown.record_route.emplace_back(route);
        if (status < 200) shown.rseq = sip::RSeq::parse(response.value(HeaderId::rseq));
    }
    return interworking::translated_response(response, facts_.invite, shown);
}

void InternetCall::respond(const Message& response, const std::string& why) {
    if (response.status() >= 200 && events_.answered) {
        events_.answered(
            {policy::name(facts_.decision.mode), static_cast<unsigned>(attempts_.size()), response.status()});
        events_.answered = nullptr;
    }
    upstream_->respond(response, why);
}

void InternetCall::act(const interworking::ForwardProvisional& action, const std::string& why) {
    respond(towards_ue(attempt(action.attempt), action.ue_tag), why);
}

void InternetCall::act(const interworking::ForwardSuccess& action, const std::string& why) {
    auto& answered = attempt(action.attempt);
    auto response = towards_ue(answered, action.ue_tag);
    respond(response, why);
    if (answered.role != Role::b2bua) return;
    auto& pair = pair_for(answered, action.ue_tag);
    pair.answered = true;
    pair.ended = false;  // a BYE that crossed this 2xx ended an early dialog; the UE hangs up once more
    success_.emplace(std::move(response));
}

void InternetCall::act(const interworking::ForwardFinal& action, const std::string& why) {
    auto response = towards_ue(attempt(action.attempt), action.ue_tag);
    const auto permitted = [this](const sip::Uri& uri) {
        const auto decision = facts_.decide(uri);
        return !decision || decision->access == policy::Access::allow;
    };
    if (interworking::may_be_followed(response.status()) && !interworking::filter_redirection(response, permitted))
        return act(interworking::RespondUe{480, "Temporarily Unavailable", action.ue_tag,
                                           "No permitted redirection target", std::nullopt},
                   "IW-RTE-11; " + why);
    // An earlier attempt's refusal as final word: its transaction was in another role than the last one.
    interworking::add_verdict(response, action.warning_399, core_.node().name, std::nullopt);
    respond(response, why);
}

void InternetCall::act(const interworking::RespondUe& action, const std::string& why) {
    if (upstream_->answered()) return;
    auto response =
        Message::response(facts_.invite, action.status, action.reason_phrase, own_tag(std::max(action.ue_tag, 1U)));
    interworking::add_verdict(response, action.warning_399, core_.node().name, action.reason);
    respond(response, why);
}

void InternetCall::act(const interworking::AnswerEarly& action, const std::string&) {
    early_answer_ = action.status;
}

// --- events ---

void InternetCall::on_response(std::uint16_t number, Message response) {
    const auto keep = shared_from_this();
    auto& of = attempt(number);
    const int status = response.status();
    response.pop_first(HeaderId::via);
    if (status >= 200 && status < 300) {
        const std::string tag(response.to_tag());
        if (std::find(of.answered.begin(), of.answered.end(), tag) != of.answered.end())
            return repeated_success(of, response);
        of.answered.push_back(tag);
        of.newest.emplace(std::move(response));
        events_.attempt_ended(interworking::level_name(of.level), status);
        return feed(interworking::Success::of(number, *of.newest));
    }
    of.newest.emplace(std::move(response));
    if (status < 200) return feed(interworking::Provisional::of(number, *of.newest));
    events_.attempt_ended(interworking::level_name(of.level), status);
    interworking::Final final;
    final.attempt = number;
    final.failure = interworking::Failure::of(*of.newest);
    final.extras = of.extras;
    if (of.delivery) final.transport = transport::scheme(of.delivery->peer().protocol);
    if (interworking::may_be_followed(status)) final.redirects = follow(of);
    feed(final);
}

/// The callee repeats its 2xx until it sees an ACK: what was lost is either the UE's 200 or the net leg's ACK.
void InternetCall::repeated_success(Attempt& of, const Message& response) {
    if (of.role == Role::proxy) {
        of.newest.emplace(response.copy());
        return upstream_->respond(towards_ue(of, 0));
    }
    for (const auto& [tag, ack] : given_up_)
        if (tag == response.to_tag()) return dialogs_->send_ack(ack);
    if (dialogs_->repeat_ack(response.to_tag())) return;
    if (success_) upstream_->respond(*success_, "RFC 3261 13.3.1.4 2xx repeated");
}

void InternetCall::on_timeout(std::uint16_t number) {
    feed(interworking::TargetTimeout{number, true});
}
void InternetCall::on_transport_error(std::uint16_t number) {
    feed(interworking::TransportError{number, attempt(number).net.protocol == transport::Protocol::tls});
}

std::optional<int> InternetCall::early_refused(std::string_view net_remote_tag, sip::Method method, int status) {
    for (unsigned number = static_cast<unsigned>(attempts_.size()); number > 0; --number) {
        const auto& tags = attempt(number).tags;
        const bool theirs =
            std::any_of(tags.begin(), tags.end(), [&](const auto& pair) { return pair.first == net_remote_tag; });
        if (!theirs) continue;
        early_answer_.reset();
        feed(interworking::EarlyRefusal{number, method, status});
        break;
    }
    return std::exchange(early_answer_, std::nullopt);
}

void InternetCall::on_undelivered(std::uint16_t number, const runtime::Undelivered& why) {
    if (why.tried && why.status == 504) return feed(interworking::TargetTimeout{number});
    // Nobody was asked: the caller is told why, in place of a mere transport error (IW-RTE-06, 08).
    const bool only = attempts_.size() == 1 && targets_.size() == 1 && !parameters(number).required.tls &&
                      engine_.phase() == interworking::Engine::Phase::sent;
    if (!why.tried && !why.warning.empty() && only && !upstream_->answered()) {
        auto response = Message::response(facts_.invite, why.status, runtime::reason_phrase(why.status), own_tag(1));
        interworking::add_verdict(response, std::string(why.warning), core_.node().name, std::nullopt);
        respond(response, std::string(why.decision));
    }
    on_transport_error(number);
}

/// A target that was silent too long answers after all, and another was asked in its place.
bool InternetCall::on_late_success(std::uint16_t number, Message response) {
    auto& of = attempt(number);
    if (of.role == Role::proxy) {
        on_response(number, std::move(response));
        return true;
    }
    response.pop_first(HeaderId::via);
    const std::string tag(response.to_tag());
    if (std::find(of.answered.begin(), of.answered.end(), tag) != of.answered.end()) {
        repeated_success(of, response);
        return false;
    }
    of.answered.push_back(tag);
    hang_up(response, of.cseq, {"SIP", 504, "Server Time-out"}, "IW-RTE-08 a late answer");
    return false;
}

void InternetCall::on_timer(std::uint8_t slot) {
    const auto number = static_cast<unsigned>(attempts_.size());
    switch (slot) {
        case slot_budget:
            return feed(interworking::SetupBudgetExpired{});
        default:
            return feed(interworking::TimerC{number});
    }
}

void InternetCall::on_request(const std::shared_ptr<runtime::ServerTransaction>& transaction, Side from) {
    dialogs_->on_request(transaction, from);
}

void InternetCall::on_ack(const Message& ack, Side from) {
    dialogs_->on_ack(ack, from);
}

void InternetCall::ended_if_done() {
    if (!engine_.done()) return;
    budget_.disarm();
    timer_c_.disarm();
    // An answered call in the b2bua role lives until its dialogs end; anything else is over.
    if (engine_.phase() != interworking::Engine::Phase::answered || !bridged_ || dialogs_->over())
        events_.gone(facts_.id);
}

}  // namespace isthmus::scscf
