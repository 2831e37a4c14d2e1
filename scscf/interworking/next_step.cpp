#include "scscf/interworking/next_step.hpp"

#include <algorithm>

namespace isthmus::interworking {

namespace {

const sip::OptionTags& qos_tags() {
    static const sip::OptionTags tags{"precondition", "100rel"};
    return tags;
}

/// T04: whoever demands these would get another service without them.
const sip::OptionTags& never_dropped() {
    static const sip::OptionTags tags{"replaces", "resource-priority", "sec-agree"};
    return tags;
}

/// Rows T01..T04: what is named is no longer demanded; one demand that may not go ends it.
std::optional<Relaxation> after_refused_demand(const Classified& classified, const Failure& failure, const Sent& sent,
                                               const Relaxation& current) {
    const auto named = failure.unsupported & sent.tags.demanded();
    // A demand on proxies is not ours to lift: it protects the user (IW-POL-06).
    if (!(named & (never_dropped() | sent.tags.proxy_require)).empty()) return std::nullopt;
    Relaxation base = current;
    base.moved = current.moved | (named - qos_tags());  // T04
    const bool fresh = current.level == Level::as_received;
    switch (classified.row) {
        case Row::t01:
            return fresh ? base.optional() : base.without(sip::OptionTags{"precondition"});
        case Row::t02:
            // precondition needs 100rel: where it was demanded, both go
            if (sent.tags.require.contains("precondition")) return base.without(qos_tags());
            if (!fresh) return base.without(sip::OptionTags{"100rel"});
            base.level = Level::optional;
            base.moved = base.moved | sip::OptionTags{"100rel"};
            return base;
        case Row::t03:
            return base.without(qos_tags());
        default:
            return base;
    }
}

/// IW-ENG-01 (2): at least one level on.
std::optional<Relaxation> at_least(Level wanted, const Relaxation& current) {
    const auto next = static_cast<Level>(std::min(static_cast<int>(current.level) + 1, 3));
    if (current.level == Level::plain) return std::nullopt;
    switch (std::max(wanted, next)) {
        case Level::optional:
            return current.optional();
        case Level::without:
            return current.without(qos_tags());
        default:
            return current.plain();
    }
}

/// T07: nothing the UE cannot do, nothing somebody else of this call already refused.
std::optional<Relaxation> demanding(const Failure& failure, const Offer& offer, const Relaxation& current,
                                    const sip::OptionTags& refused) {
    const auto& asked = failure.required;
    if (asked.empty() || !(offer.tags.supported | offer.tags.require).contains_all(asked)) return std::nullopt;
    if (!(asked & (refused | current.dropped | current.moved)).empty()) return std::nullopt;
    // A UE whose streams wait for resources asked for nothing else: with a demand it would get another session.
    if (asked.contains("precondition") && offer.inactive_until_met) return std::nullopt;
    Relaxation next = current;
    next.demanded = current.demanded | asked;
    return next;
}

std::optional<Relaxation> lower(const Classified& classified, const Failure& failure, const Offer& offer,
                                const Tried& tried, const sip::OptionTags& refused) {
    const auto& current = tried.relaxation;
    const auto sent = Sent::of(offer, current);
    const bool high = current.level <= Level::optional;  // L0 or L1
    switch (classified.row) {
        case Row::t01:
        case Row::t02:
        case Row::t03:
        case Row::t04:
            return after_refused_demand(classified, failure, sent, current);
        case Row::t06: {
            const auto tags = (failure.unsupported & sent.tags.supported) - never_dropped();
            if (tags.empty() || !high) return std::nullopt;
            return current.without(tags);
        }
        case Row::t07:
            return demanding(failure, offer, current, refused);
        case Row::t05:
        case Row::t08:
            return at_least(Level::without, current);
        case Row::t10:
            if (!high || !sent.qos_lines) return std::nullopt;
            return current.without(qos_tags());
        case Row::t11:
            return at_least(failure.strength_unknown ? Level::optional : Level::without, current);
        case Row::t13:
        case Row::t14:  // the early dialog told what the INVITE had not
            return at_least(Level::without, current);
        case Row::t15:
            if (!high || !(sent.qos_lines || tried.extras)) return std::nullopt;
            return current.plain();
        case Row::t17:
            if (!failure.accepts_sdp) return std::nullopt;
            return at_least(Level::plain, current);
        case Row::t24:
            if (failure.status != 513) return std::nullopt;
            return at_least(Level::plain, current);
        default:
            return std::nullopt;
    }
}

bool equal(const Sent& a, const Sent& b) {
    return a.tags.require == b.tags.require && a.tags.proxy_require == b.tags.proxy_require &&
           a.tags.supported == b.tags.supported && a.qos_lines == b.qos_lines &&
           a.strengths_weakened == b.strengths_weakened;
}

/// IW-RET-01: what a pure proxy may do of it; nothing from L2 on.
std::optional<Relaxation> headers_only(Relaxation relaxation) {
    if (relaxation.level >= Level::without) return std::nullopt;
    relaxation.weaken_strength = false;
    return relaxation;
}

Role onward_role(const Tried& tried, const Terms& terms) {
    return tried.role == Role::proxy ? terms.retry_role : Role::b2bua;
}

/// Steps that leave the level where it is, and change something else.
std::optional<Step> sideways(const Classified& classified, const Failure& failure, const Tried& tried,
                             const Terms& terms) {
    Step step;
    step.relaxation = tried.relaxation;
    step.role = onward_role(tried, terms);
    const std::string level(level_name(tried.relaxation.level));
    if (classified.row == Row::t20 && terms.peer_auth && !tried.with_credentials) {
        step.role = Role::b2bua;  // a proxy has no credentials to show (RFC 3261 22.3)
        step.with_credentials = step.repeats_key = true;
        step.what = level + " with the credentials for this hop";
        return step;
    }
    if (classified.row == Row::t21 && failure.status == 482 && tried.again && tried.role == Role::proxy) {
        step.role = Role::b2bua;  // IW-RET-05: our own retry was taken for a merged request
        step.repeats_key = true;
        step.what = level + " in a dialog of our own";
        return step;
    }
    if (failure.status == 513 && tried.transport == "udp") {  // T24
        step.transport = "tcp";
        step.what = level + " by TCP";
        return step;
    }
    return std::nullopt;
}

}  // namespace

Role first_role(const Terms& terms, UeClass ue_class, bool qos_lines, bool privacy_needs_b2bua) {
    // IW-RES-05 asks for ACK and BYE of an answer that lacks what is insisted on: a proxy could not send them.
    if (terms.mode == Mode::strict || privacy_needs_b2bua) return Role::b2bua;
    const bool may_retry = terms.mode == Mode::retry && terms.retry_role == Role::b2bua && qos_lines &&
                           (ue_class == UeClass::rel5 || ue_class == UeClass::unknown);
    return may_retry ? Role::b2bua : Role::proxy;
}

std::optional<Step> next_step(const Classified& classified, const Failure& failure, const Offer& offer,
                              const Tried& tried, const Terms& terms, const sip::OptionTags& refused) {
    if (auto step = sideways(classified, failure, tried, terms)) return step;
    auto next = lower(classified, failure, offer, tried, refused);
    const auto role = onward_role(tried, terms);
    if (next && role == Role::proxy && !terms.may_rewrite_sdp) next = headers_only(*next);
    if (!next) return std::nullopt;
    if (next->level != Level::plain && equal(Sent::of(offer, *next), Sent::of(offer, tried.relaxation)))
        return std::nullopt;
    // What a 513 was answered with once stays: the next one is larger than UDP takes as well.
    return Step{*next,
                role,
                tried.transport == "tcp" ? "tcp" : "",
                tried.with_credentials,
                false,
                std::string(level_name(next->level))};
}

}  // namespace isthmus::interworking
