#include "scscf/interworking/engine.hpp"

#include <algorithm>
#include <utility>

#include "common/sip/precondition.hpp"
#include "common/sip/sdp_body.hpp"

namespace isthmus::interworking {

namespace {

std::optional<bool> allows_update(const sip::Message& response) {
    if (!response.has(sip::HeaderId::allow)) return std::nullopt;
    const auto methods = response.values(sip::HeaderId::allow);
    return std::find(methods.begin(), methods.end(), "UPDATE") != methods.end();
}

std::string phrase_of(int status) {
    switch (status) {
        case 420:
            return "Bad Extension";
        case 488:
            return "Not Acceptable Here";
        case 606:
            return "Not Acceptable";
        default:
            return {};
    }
}

sip::Reason sip_reason(int cause, std::string text) {
    return {"SIP", cause, std::move(text)};
}

const std::string terminated = "Request Terminated";
const std::string elsewhere = "Call completed elsewhere";

}  // namespace

Provisional Provisional::of(unsigned attempt, const sip::Message& response) {
    Provisional event;
    event.attempt = attempt;
    event.status = response.status();
    event.to_tag = !response.to_tag().empty();
    if (const auto found = sip::sdp_of(response)) {
        event.sdp = true;
        event.qos_lines = sip::qos::present(found->sdp);
    }
    event.reliable =
        response.has(sip::HeaderId::rseq) && sip::OptionTags::of(response, sip::HeaderId::require).contains("100rel");
    event.update = allows_update(response);
    return event;
}

Success Success::of(unsigned attempt, const sip::Message& response) {
    Success event;
    event.attempt = attempt;
    event.to_tag = response.to_tag();
    if (const auto found = sip::sdp_of(response)) {
        event.sdp = true;
        event.qos_lines = sip::qos::present(found->sdp);
    }
    event.update = allows_update(response);
    return event;
}

Actions Engine::on(const Event& event) {
    return std::visit([this](const auto& one) { return handle(one); }, event);
}

bool Engine::done() const {
    return ue_final_ != UeFinal::none &&
           std::all_of(attempts_.begin(), attempts_.end(), [](const Attempt& attempt) { return attempt.ended; });
}

Engine::Attempt* Engine::find(unsigned number) {
    return number == 0 || number > attempts_.size() ? nullptr : &attempts_[number - 1];
}

bool Engine::live() const {
    return phase_ == Phase::sent || phase_ == Phase::proceeding || phase_ == Phase::alerted;
}

bool Engine::live(unsigned number) const {
    return live() && number == attempts_.size();
}

unsigned Engine::ue_tag() const {
    return attempts_.back().role == Role::b2bua ? own_tag_ : 0;
}

Action Engine::respond(int status, std::string phrase, std::optional<std::string> warning,
                       std::optional<sip::Reason> reason, Why why) {
    ue_final_ = UeFinal::refusal;
    return {RespondUe{status, std::move(phrase), own_tag_, std::move(warning), std::move(reason)}, std::move(why)};
}

// IW-RES-03; without a cause nothing was sent.
Action Engine::refuse(const sip::OptionTags& missing, int cause, Why why) {
    std::optional<sip::Reason> reason;
    if (cause >= 300) reason = sip_reason(cause, phrase_of(cause));
    return respond(403, "Forbidden", "Destination lacks required capability: " + missing.print(), std::move(reason),
                   std::move(why));
}

Actions Engine::handle(const Start& event) {
    if (phase_ != Phase::idle) return {};
    offer_ = event.offer;
    if (!event.allowed) {
        phase_ = Phase::failed;
        return {respond(403, "Forbidden", "Destination domain not permitted", std::nullopt,
                        {"IW-POL-01", "", "access=deny"})};
    }
    Target first;
    first.terms = event;
    targets_ = 1;
    return open_target(std::move(first), {"IW-ENG-01", "", "first attempt, as received"});
}

Actions Engine::open_target(Target target, Why why) {
    target_ = std::move(target);
    const auto& terms = target_.terms;
    const auto missing = expand_required(terms.required_caps) & terms.known_missing;
    if (terms.mode == Mode::strict && !missing.empty()) {  // IW-RES-01
        phase_ = Phase::failed;
        return {refuse(missing, 0, {"IW-RES-03", "", "known to lack " + missing.print()})};
    }
    Step step;
    step.role = terms.role;
    return send(step, std::move(why));
}

Actions Engine::send(const Step& step, Why why) {
    Attempt attempt;
    attempt.relaxation = step.relaxation;
    attempt.sent = Sent::of(offer_, step.relaxation);
    attempt.role = step.role;
    attempt.again = target_.attempts > 0;
    attempt.with_credentials = step.with_credentials;
    target_.keys.push_back(progress_key(attempt.sent, step.transport));
    ++target_.attempts;
    if (answer_shown_) {  // IW-RET-06: another answer needs another early dialog of ours
        ++own_tag_;
        answer_shown_ = false;
    }
    qos_answer_seen_ = false;
    const bool own = step.role == Role::b2bua;
    if (own) ++own_cseq_;
    attempts_.push_back(attempt);
    phase_ = Phase::sent;
    SendInvite action;
    action.attempt = static_cast<unsigned>(attempts_.size());
    action.target = target_.number;
    action.role = step.role;
    action.own_cseq = own ? own_cseq_ : 0;
    action.relaxation = step.relaxation;
    action.sent = attempt.sent;
    action.transport = step.transport;
    action.with_credentials = step.with_credentials;
    return {{std::move(action), std::move(why)}};
}

void Engine::abandon(const sip::Reason& reason, const Why& why, Actions& actions) {
    auto& attempt = current();
    attempt.abandoned = reason;
    if (!attempt.provisional || attempt.cancel_sent) return;  // RFC 3261 9.1: not before a 1xx
    attempt.cancel_sent = true;
    actions.push_back({CancelNet{static_cast<unsigned>(attempts_.size()), reason}, why});
}

sip::OptionTags Engine::violated_by(const Provisional& event) const {
    sip::OptionTags missing;
    const auto& offer = offer_;
    if (offer.qos_lines && event.sdp && !event.qos_lines && !qos_answer_seen_) missing.add("precondition");
    if (offer.tags.require.contains("100rel") && !event.reliable) missing.add("100rel");
    if (event.update == false) missing.add("update");
    return missing & expand_required(target_.terms.required_caps);
}

sip::OptionTags Engine::violated_by(const Success& event) const {
    sip::OptionTags missing;
    if (offer_.qos_lines && !event.qos_lines && !qos_answer_seen_) missing.add("precondition");
    if (event.update == false) missing.add("update");
    return missing & expand_required(target_.terms.required_caps);
}

Actions Engine::handle(const Provisional& event) {
    auto* attempt = find(event.attempt);
    if (attempt == nullptr || attempt->ended) return {};
    attempt->provisional = true;
    if (attempt->abandoned) {  // IW-ORG-09, IW-RTE-08: the CANCEL that had to wait
        if (std::exchange(attempt->cancel_sent, true)) return {};
        return {{CancelNet{event.attempt, *attempt->abandoned}, {"IW-ORG-09", "", "first response after giving up"}}};
    }
    if (!live(event.attempt)) return {};
    if (phase_ == Phase::sent) phase_ = Phase::proceeding;
    if (event.status == 100) return {};

    const std::string seen = std::to_string(event.status) + (event.sdp ? " with SDP" : " without SDP");
    Actions actions{{RestartTimerC{event.attempt}, {"IW-ORG-11", "", seen}}};
    if (target_.terms.mode == Mode::strict) {
        const auto missing = violated_by(event);
        if (!missing.empty()) {
            const Why why{"IW-RES-05", "T16", seen + " shows no " + missing.print()};
            abandon(sip_reason(403, "Forbidden"), why, actions);
            phase_ = Phase::failed;
            actions.push_back(refuse(missing, 0, why));
            return actions;
        }
    }
    qos_answer_seen_ = qos_answer_seen_ || (event.sdp && event.qos_lines);
    if (attempt->role == Role::proxy) target_.tag_forwarded = target_.tag_forwarded || event.to_tag;
    if (attempt->role == Role::b2bua) answer_shown_ = answer_shown_ || event.sdp;
    if (event.status >= 180 && event.status <= 182) {
        alerted_ = true;
        phase_ = Phase::alerted;
    }
    const bool ignored = attempt->sent.tags.require.contains("100rel") && !event.reliable;
    const Why why = ignored ? Why{"IW-DET-05", "T16", seen + ", unreliable although 100rel was required"}
                            : Why{"IW-RET-06", "", seen};
    actions.push_back({ForwardProvisional{event.attempt, ue_tag()}, why});
    return actions;
}

Actions Engine::handle(const Final& event) {
    auto* attempt = find(event.attempt);
    if (attempt == nullptr || attempt->ended || !attempt->answered_tags.empty()) return {};
    attempt->ended = true;
    attempt->status = event.failure.status;
    attempt->failure = classify(event.failure, attempt->sent);
    if (event.failure.status == 420) refused_ = refused_ | event.failure.unsupported;
    if (attempt->abandoned) return end_abandoned(*attempt);
    return live(event.attempt) ? decide(event) : Actions{};
}

Actions Engine::handle(const Success& event) {
    auto* attempt = find(event.attempt);
    if (attempt == nullptr) return {};
    const bool again = std::find(attempt->answered_tags.begin(), attempt->answered_tags.end(), event.to_tag) !=
                       attempt->answered_tags.end();
    if (again) return {};  // the dialog layer repeats its ACK
    const bool first = live(event.attempt) && !attempt->abandoned;
    attempt->answered_tags.push_back(event.to_tag);
    attempt->ended = true;
    if (first) {
        if (target_.terms.mode == Mode::strict) {
            const auto missing = violated_by(event);
            if (!missing.empty()) {
                phase_ = Phase::failed;
                const Why why{"IW-RES-05", "T16", "200 shows no " + missing.print()};
                return {{AckAndByeNet{event.attempt, event.to_tag, sip_reason(403, "Forbidden")}, why},
                        refuse(missing, 0, why)};
            }
        }
        phase_ = Phase::answered;
        ue_final_ = UeFinal::success;
        return {{ForwardSuccess{event.attempt, ue_tag()}, {"IW-ENG-01", "", "answered"}}};
    }
    return late_success(*attempt, event);
}

/// A 2xx of an attempt that was given up, or of a further fork.
Actions Engine::late_success(Attempt& attempt, const Success& event) {
    if (attempt.role == Role::proxy && ue_final_ != UeFinal::refusal) {
        // IW-ORG-08, IW-ORG-10: the UE ends what it does not want
        const std::string rule = phase_ == Phase::cancelled ? "IW-ORG-10" : "IW-ORG-08";
        Actions actions;
        if (live()) {  // a target that had been silent answers while another is tried
            abandon(sip_reason(200, elsewhere), {rule, "", "answered by a target given up"}, actions);
            phase_ = Phase::answered;
        }
        ue_final_ = UeFinal::success;
        actions.push_back({ForwardSuccess{event.attempt, 0}, {rule, "", "2xx"}});
        return actions;
    }
    const auto reason = attempt.abandoned.value_or(sip_reason(200, elsewhere));
    const Why why{attempt.abandoned ? "IW-ORG-10" : "IW-ORG-08", "", "2xx that is not handed to the UE"};
    Actions actions{{AckAndByeNet{event.attempt, event.to_tag, reason}, why}};
    if (attempt.then && live(event.attempt)) {
        for (auto& action : go_on_after(attempt)) actions.push_back(std::move(action));
    }
    return actions;
}

// T12..T14: only what was refused is new here; the INVITE is still pending.
Actions Engine::handle(const EarlyRefusal& event) {
    auto* attempt = find(event.attempt);
    if (attempt == nullptr || attempt->ended || attempt->abandoned || !live(event.attempt)) return {};
    const auto seen = classify_early(event.method, event.status);
    const auto row = row_name(seen.row);
    if (!seen.capability) return {};
    const bool prack = event.method == sip::Method::prack;
    if (target_.terms.mode == Mode::strict) {  // IW-RES-05
        const auto missing =
            sip::OptionTags{prack ? "100rel" : "update"} & expand_required(target_.terms.required_caps);
        if (missing.empty()) return {};
        const Why why{"IW-RES-05", row, seen.evidence};
        Actions actions;
        abandon(sip_reason(403, "Forbidden"), why, actions);
        phase_ = Phase::failed;
        actions.push_back(refuse(missing, event.status, why));
        return actions;
    }
    // T12 is answered by the peer on the same dialog: another INVITE would not change what the UE was told.
    if (target_.terms.mode != Mode::retry || seen.row == Row::t12 || attempt->role == Role::proxy) return {};
    if (retry_blocked()) return {};
    Failure none;
    Tried tried;
    tried.relaxation = attempt->relaxation;
    tried.role = attempt->role;
    auto step = next_step(seen, none, offer_, tried, target_.terms, refused_);
    if (!step || used(*step)) return {};
    const Why why{"IW-ENG-01", row, seen.evidence + "; " + step->what + " follows"};
    attempt->then = std::move(step);
    // A PRACK was well-formed, only in vain; an UPDATE without answer ends the early dialog for the UE.
    Actions actions{{AnswerEarly{prack ? 200 : 408}, why}};
    abandon(sip_reason(event.status, {}), why, actions);
    return actions;
}

Actions Engine::handle(const UeCancel&) {
    if (!live()) return {};
    phase_ = Phase::cancelled;
    current().then.reset();
    const Why why{"IW-ORG-09", "", "cancelled by the UE"};
    Actions actions;
    abandon(sip_reason(487, terminated), why, actions);
    if (current().role == Role::b2bua) actions.push_back(respond(487, terminated, std::nullopt, std::nullopt, why));
    return actions;
}

Actions Engine::handle(const TargetTimeout& event) {
    auto* attempt = find(event.attempt);
    if (attempt == nullptr || attempt->ended) return {};
    // Without `over` a late 1xx may still come, and then wants its CANCEL.
    attempt->ended = event.over;
    if (attempt->abandoned) return event.over || !attempt->then ? end_abandoned(*attempt) : Actions{};
    if (!live(event.attempt) || attempt->provisional) return {};
    Actions actions;
    const Why why{"IW-RTE-08", "T23", "no response within target_timeout"};
    abandon(sip_reason(504, "Server Time-out"), why, actions);
    for (auto& action : unanswered(*attempt, 504, why)) actions.push_back(std::move(action));
    return actions;
}

Actions Engine::handle(const TransportError& event) {
    auto* attempt = find(event.attempt);
    if (attempt == nullptr || attempt->ended) return {};
    attempt->ended = true;
    if (attempt->abandoned) return end_abandoned(*attempt);
    if (!live(event.attempt)) return {};
    if (event.secure) return unanswered(*attempt, 480, {"IW-RTE-06", "T23", "no TLS to the target"});
    return unanswered(*attempt, 500, {"IW-RTE-08", "T23", "transport error"});
}

Actions Engine::handle(const SetupBudgetExpired&) {
    budget_spent_ = true;  // IW-ENG-03: what is pending goes on
    return {};
}

Actions Engine::handle(const TimerC& event) {
    if (!live(event.attempt)) return {};
    const Why why{"IW-ORG-11", "", "timer C"};
    Actions actions;
    current().then.reset();
    abandon(sip_reason(408, "Request Timeout"), why, actions);
    phase_ = Phase::failed;
    actions.push_back(respond(408, "Request Timeout", std::nullopt, std::nullopt, why));
    return actions;
}

}  // namespace isthmus::interworking
