// What follows an attempt that failed: another one, another target, or the answer to the UE.
#include <algorithm>
#include <utility>

#include "scscf/interworking/engine.hpp"

namespace isthmus::interworking {

namespace {

constexpr unsigned most_depth = 2;  // IW-RTE-11

}  // namespace

std::optional<Why> Engine::retry_blocked() const {
    if (alerted_) return Why{"IW-ORG-03", "", "the UE was told that the callee is alerted"};
    if (target_.tag_forwarded) return Why{"IW-RET-06", "", "a response with the callee's To tag went to the UE"};
    if (budget_spent_) return Why{"IW-ENG-03", "", "setup budget is spent"};
    if (target_.attempts >= target_.terms.max_attempts) {
        return Why{"IW-ORG-03", "", "max_attempts " + std::to_string(target_.terms.max_attempts)};
    }
    return std::nullopt;
}

bool Engine::used(const Step& step) const {
    const auto key = progress_key(Sent::of(offer_, step.relaxation), step.transport);
    return !step.repeats_key && std::find(target_.keys.begin(), target_.keys.end(), key) != target_.keys.end();
}

Actions Engine::decide(const Final& event) {
    const auto& failure = event.failure;
    const auto classified = *current().failure;
    const auto row = row_name(classified.row);
    const auto& terms = target_.terms;
    if (terms.mode == Mode::strict) {
        const auto missing = missing_by_failure(classified, current().sent, expand_required(terms.required_caps));
        if (!missing.empty()) {
            phase_ = Phase::failed;
            return {refuse(missing, failure.status, {"IW-RES-03", row, classified.evidence})};
        }
    }
    if (classified.row == Row::t22) return follow(event);
    if (terms.mode != Mode::retry)
        return finish({classified.capability ? "IW-ORG-01" : "IW-ORG-06", row, classified.evidence});
    const Tried tried{current().relaxation,       current().role, current().again,
                      current().with_credentials, event.extras,   event.transport};
    const auto step = next_step(classified, failure, offer_, tried, terms, refused_);
    if (!step) {
        const std::string no_more = classified.capability ? "; no lower level for it" : "";
        return finish({"IW-ORG-06", row, classified.evidence + no_more});
    }
    if (auto blocked = retry_blocked())
        return finish({blocked->rule, row, classified.evidence + "; " + blocked->evidence});
    if (used(*step)) return finish({"IW-ORG-05", row, classified.evidence + "; " + step->what + " was tried"});
    return send(*step, {"IW-ENG-01", row, classified.evidence + "; now " + step->what});
}

// IW-RTE-11
Actions Engine::follow(const Final& event) {
    const Why why{"IW-RTE-11", "T22", current().failure->evidence};
    if (target_.depth >= most_depth) return finish({why.rule, why.row, why.evidence + "; redirected often enough"});
    // Depth first: what was asked last is answered first.
    auto place = waiting_.begin();
    for (const auto& redirect : event.redirects) {
        if (targets_ > most_redirections) break;
        ++targets_;
        Target next;
        next.number = redirect.target;
        next.terms = redirect.terms;
        next.depth = target_.depth + 1;
        place = waiting_.insert(place, std::move(next)) + 1;
        current().set_aside = true;  // RFC 3261 16.7 item 4: it is no answer any more
    }
    return finish(why);
}

Actions Engine::unanswered(Attempt& attempt, int status, Why why) {
    attempt.status = status;
    return finish(std::move(why));
}

Actions Engine::finish(Why why) {
    const bool global = std::any_of(attempts_.begin(), attempts_.end(),
                                    [](const Attempt& attempt) { return attempt.status >= 600 && !attempt.set_aside; });
    if (!waiting_.empty() && !global && !budget_spent_) {  // IW-ORG-07
        auto next = std::move(waiting_.front());
        waiting_.erase(waiting_.begin());
        why.evidence += "; next target";
        return open_target(std::move(next), std::move(why));
    }
    phase_ = Phase::failed;
    const auto* chosen = answer_for_ue();
    if (chosen == nullptr) return {nobody_answered(current().status, std::move(why))};
    if (chosen->status == 503) {  // OV-SES-02
        return {respond(500, "Server Internal Error", std::nullopt, sip::Reason{"SIP", 503, "Service Unavailable"},
                        {"OV-SES-02", why.row, std::move(why.evidence)})};
    }
    ue_final_ = UeFinal::refusal;
    ForwardFinal action;
    action.attempt = static_cast<unsigned>(chosen - attempts_.data()) + 1;
    action.ue_tag = chosen->role == Role::b2bua ? own_tag_ : 0;
    const bool gave_in = chosen->failure->capability && chosen->status < 600;
    if (gave_in && attempts_.size() > 1) action.warning_399 = "Interworking attempts exhausted";
    return {{std::move(action), std::move(why)}};
}

Action Engine::nobody_answered(int status, Why why) {
    switch (status) {
        case 480:
            return respond(480, "Temporarily Unavailable", "Secure transport unavailable", std::nullopt,
                           std::move(why));
        case 500:
            return respond(500, "Server Internal Error", std::nullopt, std::nullopt, std::move(why));
        default:
            return respond(504, "Server Time-out", std::nullopt, std::nullopt, std::move(why));
    }
}

// IW-ORG-06
const Engine::Attempt* Engine::answer_for_ue() const {
    const Attempt* global = nullptr;
    const Attempt* real = nullptr;
    const Attempt* capability = nullptr;
    for (const auto& attempt : attempts_) {
        if (!attempt.failure || attempt.set_aside) continue;
        if (attempt.status >= 600 && global == nullptr) global = &attempt;
        if (!attempt.failure->capability) real = &attempt;
        if (attempt.failure->capability && capability == nullptr) capability = &attempt;
    }
    if (global != nullptr) return global;
    return real != nullptr ? real : capability;
}

Actions Engine::end_abandoned(Attempt& attempt) {
    if (ue_final_ != UeFinal::none) return {};
    if (attempt.then && live()) return go_on_after(attempt);
    if (live()) return {};  // a target given up for another one
    // Proxy role, cancelled by the UE: the best response, but no capability failure and nothing we made up (IW-ORG-09).
    const bool answer = attempt.failure && !attempt.failure->capability;
    waiting_.clear();
    if (answer) return finish({"IW-ORG-09", row_name(attempt.failure->row), attempt.failure->evidence});
    return {respond(487, "Request Terminated", std::nullopt, std::nullopt, {"IW-ORG-09", "", "cancelled by the UE"})};
}

// The attempt was given up so that a lower one may follow, and now has ended (T13).
Actions Engine::go_on_after(Attempt& attempt) {
    const auto step = *std::exchange(attempt.then, std::nullopt);
    attempt.set_aside = true;
    if (budget_spent_) {
        phase_ = Phase::failed;
        return {respond(504, "Server Time-out", "Interworking attempts exhausted", std::nullopt,
                        {"IW-ENG-03", "T13", "setup budget is spent"})};
    }
    return send(step, {"IW-ENG-01", "T13", "the attempt before has ended; now " + step.what});
}

}  // namespace isthmus::interworking
