#include "scscf/policy/decide.hpp"

#include <utility>

#include "scscf/policy/snapshot.hpp"

namespace isthmus::policy {
namespace {

constexpr std::string_view not_permitted = "Destination domain not permitted";  // IW-RES-03

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

std::string row_text(const DomainRule& rule) {
    std::string text = "row " + std::to_string(rule.id) + " " + quoted(rule.pattern);
    if (!rule.note.empty()) text += " (" + rule.note + ")";
    return text;
}

void deny(Decision& decision, std::string_view rule_id, std::string explanation) {
    decision.access = Access::deny;
    decision.rule_id = rule_id;
    decision.explanation = std::move(explanation);
    decision.refusal = Refusal{403, "Forbidden", 399, std::string(not_permitted)};
}

void deny_without_row(Decision& decision, const Match& match) {
    const std::string host = quoted(match.host);
    switch (match.reason) {
        case Match::Reason::address_needs_row:
            return deny(decision, "IW-RTE-02", host + " is an address and no ip: row covers it");
        case Match::Reason::address_special:
            return deny(decision, "IW-RTE-02",
                        host + " is a " + std::string(match.special_range) +
                            " address and no ip: row inside that range covers it");
        case Match::Reason::malformed_host:
            return deny(decision, "IW-RTE-02", host + " is neither a domain name nor an address");
        default:
            return deny(decision, "IW-POL-09", "no row matches " + host);
    }
}

void apply_row(Decision& decision, const DomainRule& rule, std::string_view host) {
    if (rule.access == Access::deny) {
        return deny(decision, "IW-POL-01", row_text(rule) + " denies " + quoted(host));
    }
    decision.access = Access::allow;
    decision.mode = rule.mode;
    decision.parameters = rule.parameters;
    decision.rule_id = "IW-POL-01";
    decision.explanation = row_text(rule) + " allows " + quoted(host) + ", mode " + std::string(name(rule.mode));
}

/// Never denied, never relaxed, nothing insisted on; the way to go (next hop) stays the row's.
void apply_exemption(Decision& decision, const Match& match, bool emergency) {
    decision.access = Access::allow;
    decision.mode = Mode::pass;
    decision.rule_id = "IW-POL-04";
    decision.explanation = emergency ? "emergency session" : "Resource-Priority of a permitted namespace";
    decision.explanation += " to " + quoted(match.host) + ": access allow, mode PASS";
    if (match.rule != nullptr) {
        decision.parameters = match.rule->parameters;
        decision.parameters.required = {};
        decision.explanation += ", whatever " + row_text(*match.rule) + " says";
    }
}

}  // namespace

Decision decide(const Snapshot& snapshot, const CallFacts& call) {
    const Match match = snapshot.find(call.host);
    Decision decision;
    decision.policy_version = snapshot.version();
    if (match.rule != nullptr) decision.row = RowReference{match.rule->id, match.rule->pattern};
    if (call.emergency || call.resource_priority) {
        apply_exemption(decision, match, call.emergency);
    } else if (match.rule != nullptr) {
        apply_row(decision, *match.rule, match.host);
    } else {
        deny_without_row(decision, match);
    }
    return decision;
}

Refusal lacks_required_capability(std::string_view capability) {
    return {403, "Forbidden", 399, "Destination lacks required capability: " + std::string(capability)};
}

}  // namespace isthmus::policy
