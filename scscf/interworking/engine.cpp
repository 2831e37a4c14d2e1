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

}  // namespace

Role first_role(Mode mode, UeClass ue_class, bool qos_lines, bool privacy_needs_b2bua) {
    const bool may_retry =
        mode == Mode::retry && qos_lines && (ue_class == UeClass::rel5 || ue_class == UeClass::unknown);
    return may_retry || privacy_needs_b2bua ? Role::b2bua : Role::proxy;
}

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
    start_ = event;
    if (!event.allowed) {
        phase_ = Phase::failed;
        return {respond(403, "Forbidden", "Destination domain not permitted", std::nullopt,
                        {"IW-POL-01", "", "access=deny"})};
    }
    const auto missing = expand_required(event.required_caps) & event.known_missing;
    if (event.mode == Mode::strict && !missing.empty()) {  // IW-RES-01
        phase_ = Phase::failed;
        return {refuse(missing, 0, {"IW-RES-03", "", "known to lack " + missing.print()})};
    }
    return send({}, event.role, {"IW-ENG-01", "", "first attempt, as received"});
}

Actions Engine::send(const Relaxation& relaxation, Role role, Why why) {
    Attempt attempt;
    attempt.relaxation = relaxation;
    attempt.sent = Sent::of(start_.offer, relaxation);
    attempt.role = role;
    keys_.push_back(progress_key(attempt.sent, start_.transport));
    if (answer_shown_) {  // IW-RET-06: another answer needs another early dialog of ours
        ++own_tag_;
        answer_shown_ = false;
    }
    if (role == Role::b2bua) ++own_cseq_;
    attempts_.push_back(attempt);
    phase_ = Phase::sent;
    const auto number = static_cast<unsigned>(attempts_.size());
    return {{SendInvite{number, role, role == Role::b2bua ? own_cseq_ : 0, relaxation, attempt.sent}, std::move(why)}};
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
    const auto& offer = start_.offer;
    if (offer.qos_lines && event.sdp && !event.qos_lines && !qos_answer_seen_) missing.add("precondition");
    if (offer.tags.require.contains("100rel") && !event.reliable) missing.add("100rel");
    if (event.update == false) missing.add("update");
    return missing & expand_required(start_.required_caps);
}

sip::OptionTags Engine::violated_by(const Success& event) const {
    sip::OptionTags missing;
    if (start_.offer.qos_lines && !event.qos_lines && !qos_answer_seen_) missing.add("precondition");
    if (event.update == false) missing.add("update");
    return missing & expand_required(start_.required_caps);
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
    if (start_.mode == Mode::strict) {
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
    if (attempt->role == Role::proxy) tag_forwarded_ = tag_forwarded_ || event.to_tag;
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
    if (attempt->abandoned) return end_abandoned(*attempt);
    return live(event.attempt) ? decide(event.failure) : Actions{};
}

std::optional<Why> Engine::retry_blocked() const {
    if (alerted_) return Why{"IW-ORG-03", "", "the UE was told that the callee is alerted"};
    if (tag_forwarded_) return Why{"IW-RET-06", "", "a response with the callee's To tag went to the UE"};
    if (budget_spent_) return Why{"IW-ENG-03", "", "setup budget is spent"};
    if (attempts_.size() >= start_.max_attempts) {
        return Why{"IW-ORG-03", "", "max_attempts " + std::to_string(start_.max_attempts)};
    }
    return std::nullopt;
}

Actions Engine::decide(const Failure& failure) {
    const auto classified = *current().failure;
    const auto row = row_name(classified.row);
    if (start_.mode == Mode::strict) {
        const auto missing = missing_by_failure(classified, current().sent, expand_required(start_.required_caps));
        if (!missing.empty()) {
            phase_ = Phase::failed;
            return {refuse(missing, failure.status, {"IW-RES-03", row, classified.evidence})};
        }
    }
    if (start_.mode != Mode::retry || !classified.capability) {
        const bool real = !classified.capability;
        return finish({real ? "IW-ORG-06" : "IW-ORG-01", row, classified.evidence});
    }
    const auto next = next_relaxation(classified, failure, start_.offer, current().relaxation);
    if (!next) return finish({"IW-ORG-06", row, classified.evidence + "; no lower level for it"});
    if (auto blocked = retry_blocked()) {
        return finish({blocked->rule, row, classified.evidence + "; " + blocked->evidence});
    }
    const auto sent = Sent::of(start_.offer, *next);
    const auto key = progress_key(sent, start_.transport);
    if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) {
        return finish({"IW-ORG-05", row, classified.evidence + "; " + key + " was tried"});
    }
    return send(*next, Role::b2bua,
                {"IW-ENG-01", row, classified.evidence + "; now " + std::string(level_name(next->level))});
}

// IW-ORG-06
Actions Engine::finish(Why why) {
    phase_ = Phase::failed;
    const auto pick = [&](auto first, auto last, auto wanted) -> const Attempt* {
        const auto found = std::find_if(first, last, wanted);
        return found == last ? nullptr : &*found;
    };
    const auto* chosen = pick(attempts_.begin(), attempts_.end(), [](const Attempt& one) { return one.status >= 600; });
    if (chosen == nullptr) {
        chosen =
            pick(attempts_.rbegin(), attempts_.rend(), [](const Attempt& one) { return !one.failure->capability; });
    }
    const bool exhausted = chosen == nullptr && attempts_.size() > 1;
    if (chosen == nullptr) chosen = &attempts_.front();
    if (chosen->status == 503) {  // OV-SES-02
        return {respond(500, "Server Internal Error", std::nullopt, sip_reason(503, "Service Unavailable"),
                        {"OV-SES-02", why.row, std::move(why.evidence)})};
    }
    ue_final_ = UeFinal::refusal;
    ForwardFinal action;
    action.attempt = static_cast<unsigned>(chosen - attempts_.data()) + 1;
    action.ue_tag = chosen->role == Role::b2bua ? own_tag_ : 0;
    if (exhausted) action.warning_399 = "Interworking attempts exhausted";
    return {{std::move(action), std::move(why)}};
}

Actions Engine::end_abandoned(Attempt& attempt) {
    if (ue_final_ != UeFinal::none) return {};
    // Proxy role, cancelled by the UE: the best response, but no capability failure and nothing we made up (IW-ORG-09).
    const bool answer = attempt.failure && !attempt.failure->capability;
    if (answer) return finish({"IW-ORG-09", row_name(attempt.failure->row), attempt.failure->evidence});
    return {respond(487, terminated, std::nullopt, std::nullopt, {"IW-ORG-09", "", "cancelled by the UE"})};
}

Actions Engine::handle(const Success& event) {
    auto* attempt = find(event.attempt);
    if (attempt == nullptr) return {};
    const bool again = std::find(attempt->answered_tags.begin(), attempt->answered_tags.end(), event.to_tag) !=
                       attempt->answered_tags.end();
    if (again) return {};                    // the dialog layer repeats its ACK
    const bool first = live(event.attempt);  // a given-up or ended attempt never is
    attempt->answered_tags.push_back(event.to_tag);
    attempt->ended = true;
    if (first) {
        if (start_.mode == Mode::strict) {
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
    const bool proxied = attempt->role == Role::proxy;
    if (proxied && ue_final_ != UeFinal::refusal) {  // IW-ORG-08, IW-ORG-10: the UE ends what it does not want
        ue_final_ = UeFinal::success;
        return {
            {ForwardSuccess{event.attempt, 0}, {phase_ == Phase::cancelled ? "IW-ORG-10" : "IW-ORG-08", "", "2xx"}}};
    }
    const auto reason = attempt->abandoned.value_or(sip_reason(200, "Call completed elsewhere"));
    const Why why{attempt->abandoned ? "IW-ORG-10" : "IW-ORG-08", "", "2xx that is not handed to the UE"};
    return {{AckAndByeNet{event.attempt, event.to_tag, reason}, why}};
}

Actions Engine::handle(const UeCancel&) {
    if (!live()) return {};
    phase_ = Phase::cancelled;
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
    if (attempt->abandoned) return end_abandoned(*attempt);
    if (!live(event.attempt) || attempt->provisional) return {};
    const Why why{"IW-RTE-08", "T23", "no response within target_timeout"};
    Actions actions;
    abandon(sip_reason(504, "Server Time-out"), why, actions);
    phase_ = Phase::failed;
    actions.push_back(respond(504, "Server Time-out", std::nullopt, std::nullopt, why));
    return actions;
}

Actions Engine::handle(const TransportError& event) {
    auto* attempt = find(event.attempt);
    if (attempt == nullptr || attempt->ended) return {};
    attempt->ended = true;
    if (attempt->abandoned) return end_abandoned(*attempt);
    if (!live(event.attempt)) return {};
    phase_ = Phase::failed;
    return {respond(500, "Server Internal Error", std::nullopt, std::nullopt, {"IW-RTE-08", "T23", "transport error"})};
}

Actions Engine::handle(const SetupBudgetExpired&) {
    budget_spent_ = true;  // IW-ENG-03: what is pending goes on
    return {};
}

Actions Engine::handle(const TimerC& event) {
    if (!live(event.attempt)) return {};
    const Why why{"IW-ORG-11", "", "timer C"};
    Actions actions;
    abandon(sip_reason(408, "Request Timeout"), why, actions);
    phase_ = Phase::failed;
    actions.push_back(respond(408, "Request Timeout", std::nullopt, std::nullopt, why));
    return actions;
}

}  // namespace isthmus::interworking
