#include "scscf/policy/snapshot.hpp"

#include <utility>

namespace isthmus::policy {
namespace {

/// `.example.net` and `*.example.net` name the same hosts, so they are equally specific: deny beats allow (IW-RTE-02).
const DomainRule* decisive(const DomainRule* suffix, const DomainRule* wildcard) {
    if (suffix == nullptr || wildcard == nullptr) return suffix != nullptr ? suffix : wildcard;
    return wildcard->access == Access::deny && suffix->access == Access::allow ? wildcard : suffix;
}

}  // namespace

Snapshot::Snapshot(std::int64_t version, std::vector<DomainRule> rules)
    : Snapshot(version, std::make_shared<RuleTable>(std::move(rules)),
               std::make_shared<RuleTable>(std::vector<DomainRule>()), {}) {}

Snapshot::Snapshot(std::int64_t version, Tables base, Tables delta, std::unordered_set<std::int64_t> hidden)
    : version_(version), base_(std::move(base)), delta_(std::move(delta)), hidden_(std::move(hidden)) {
    size_ = delta_->rules().size() + base_->rules().size();
    if (hidden_.empty()) return;
    for (const DomainRule& rule : base_->rules()) size_ -= hidden_.count(rule.id);
}

Snapshot Snapshot::changed(std::int64_t version, std::vector<DomainRule> written,
                           const std::vector<std::int64_t>& removed) const {
    std::unordered_set<std::int64_t> now(removed.begin(), removed.end());
    for (const DomainRule& rule : written) now.insert(rule.id);
    for (const DomainRule& rule : delta_->rules()) {
        if (now.count(rule.id) == 0) written.push_back(rule);
    }
    now.insert(hidden_.begin(), hidden_.end());
    return {version, base_, std::make_shared<RuleTable>(std::move(written)), std::move(now)};
}

Snapshot Snapshot::merged() const {
    return {version_, rules()};
}

std::vector<DomainRule> Snapshot::rules() const {
    std::vector<DomainRule> all = delta_->rules();
    for (const DomainRule& rule : base_->rules()) {
        if (hidden_.count(rule.id) == 0) all.push_back(rule);
    }
    return all;
}

std::vector<std::string> Snapshot::rejected() const {
    std::vector<std::string> all = base_->rejected();
    all.insert(all.end(), delta_->rejected().begin(), delta_->rejected().end());
    return all;
}

const DomainRule* Snapshot::visible(const DomainRule* in_delta, const DomainRule* in_base) const {
    if (in_delta != nullptr) return in_delta;
    return in_base != nullptr && hidden_.count(in_base->id) == 0 ? in_base : nullptr;
}

const DomainRule* Snapshot::look_up(RuleTable::Kind kind, std::string_view domain, std::size_t& steps) const {
    ++steps;
    return visible(delta_->find(kind, domain), base_->find(kind, domain));
}

void Snapshot::find_name(Match& match) const {
    using Kind = RuleTable::Kind;
    const std::string_view host = match.host;
    match.rule = look_up(Kind::exact, host, match.steps);
    // From the longest parent to the shortest: more labels, more specific.
    for (std::size_t dot = host.find('.'); match.rule == nullptr && dot != std::string_view::npos;
         dot = host.find('.', dot + 1)) {
        const std::string_view parent = host.substr(dot + 1);
        match.rule = decisive(look_up(Kind::suffix, parent, match.steps), look_up(Kind::wildcard, parent, match.steps));
    }
    if (match.rule == nullptr) match.rule = look_up(Kind::wildcard, "", match.steps);
    match.reason = match.rule != nullptr ? Match::Reason::row : Match::Reason::no_row;
}

void Snapshot::find_address(const Address& address, Match& match) const {
    const auto special = special_range(address);
    match.reason = special ? Match::Reason::address_special : Match::Reason::address_needs_row;
    if (special) match.special_range = special->name;
    std::set<int, std::greater<>> prefixes = base_->prefixes(address.v6);
    prefixes.insert(delta_->prefixes(address.v6).begin(), delta_->prefixes(address.v6).end());
    for (const int prefix : prefixes) {
        ++match.steps;
        const Address network = address.masked(prefix);
        const DomainRule* rule = visible(delta_->find(network, prefix), base_->find(network, prefix));
        if (rule == nullptr) continue;
        // `ip:0.0.0.0/0` opens the Internet, not the operator's own machines: those need a row of their own.
        if (special && prefix < special->prefix && rule->access == Access::allow) return;
        match.rule = rule;
        match.reason = Match::Reason::row;
        return;
    }
}

Match Snapshot::find(std::string_view host) const {
    Match match;
    match.host = normal_host(host);
    if (const auto address = parse_address(match.host)) {
        find_address(*address, match);
    } else if (is_domain_name(match.host)) {
        find_name(match);
    } else {
        match.reason = Match::Reason::malformed_host;
    }
    return match;
}

}  // namespace isthmus::policy
