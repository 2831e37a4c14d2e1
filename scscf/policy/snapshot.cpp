#include "scscf/policy/snapshot.hpp"

#include <algorithm>
#include <utility>

namespace isthmus::policy {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

std::string normal_host(std::string_view host) {
    std::string result(host);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (result.size() > 1 && result.back() == '.') result.pop_back();
    return result;
}

/// Labels of letters, digits, hyphens. A last label of digits alone, or one that starts "0x", would be read as an
/// address by some resolvers ("127.1", "0x7f000001"): no name for us (RFC 1123 2.1).
bool is_domain_name(std::string_view name) {
    if (name.empty() || name.size() > 253) return false;
    std::size_t start = 0;
    std::string_view label;
    while (true) {
        const std::size_t dot = name.find('.', start);
        label = name.substr(start, dot == std::string_view::npos ? dot : dot - start);
        if (label.empty() || label.size() > 63 || !std::all_of(label.begin(), label.end(), is_name_character)) {
            return false;
        }
        if (dot == std::string_view::npos) break;
        start = dot + 1;
    }
    return !std::all_of(label.begin(), label.end(), is_digit) && !(label.size() > 1 && label.substr(0, 2) == "0x");
}

}  // namespace

std::size_t Snapshot::AddressHash::operator()(const Address& address) const {
    const std::string_view octets(reinterpret_cast<const char*>(address.octets.data()), address.octets.size());
    return std::hash<std::string_view>{}(octets);
}

Snapshot::Snapshot(std::int64_t version, std::vector<DomainRule> rules) : version_(version), rules_(std::move(rules)) {
    for (std::uint32_t i = 0; i < rules_.size(); ++i) {
        if (!add(i)) rejected_.push_back(rules_[i].pattern);
    }
}

bool Snapshot::add(std::uint32_t index) {
    const std::string_view pattern = rules_[index].pattern;
    if (pattern.substr(0, 3) == "ip:") return add_network(pattern.substr(3), index);
    if (pattern == "*") return wildcard_.emplace("", index).second;
    const bool suffix = pattern.substr(0, 1) == ".";
    const bool wildcard = pattern.substr(0, 2) == "*.";
    const std::string_view domain = pattern.substr(wildcard ? 2 : suffix ? 1 : 0);
    if (!is_domain_name(domain) || normal_host(domain) != domain) return false;
    NameTable& table = wildcard ? wildcard_ : suffix ? suffix_ : exact_;
    return table.emplace(domain, index).second;
}

bool Snapshot::add_network(std::string_view cidr, std::uint32_t index) {
    const auto network = parse_network(cidr);
    if (!network) return false;
    AddressTables& tables = network->address.v6 ? v6_ : v4_;
    return tables[network->prefix].emplace(network->address, index).second;
}

const DomainRule* Snapshot::look_up(const NameTable& table, std::string_view key, std::size_t& steps) const {
    ++steps;
    const auto found = table.find(key);
    return found == table.end() ? nullptr : &rules_[found->second];
}

/// `.example.net` and `*.example.net` name the same hosts, so they are equally specific: deny beats allow (IW-RTE-02).
const DomainRule* Snapshot::best(const DomainRule* suffix, const DomainRule* wildcard) const {
    if (suffix == nullptr || wildcard == nullptr) return suffix != nullptr ? suffix : wildcard;
    return wildcard->access == Access::deny && suffix->access == Access::allow ? wildcard : suffix;
}

void Snapshot::find_name(Match& match) const {
    const std::string_view host = match.host;
    match.rule = look_up(exact_, host, match.steps);
    // From the longest parent to the shortest: more labels, more specific.
    for (std::size_t dot = host.find('.'); match.rule == nullptr && dot != std::string_view::npos;
         dot = host.find('.', dot + 1)) {
        const std::string_view parent = host.substr(dot + 1);
        match.rule = best(look_up(suffix_, parent, match.steps), look_up(wildcard_, parent, match.steps));
    }
    if (match.rule == nullptr) match.rule = look_up(wildcard_, "", match.steps);
    match.reason = match.rule != nullptr ? Match::Reason::row : Match::Reason::no_row;
}

void Snapshot::find_address(const Address& address, Match& match) const {
    const auto special = special_range(address);
    match.reason = special ? Match::Reason::address_special : Match::Reason::address_needs_row;
    if (special) match.special_range = special->name;
    for (const auto& [prefix, table] : address.v6 ? v6_ : v4_) {
        ++match.steps;
        const auto found = table.find(address.masked(prefix));
        if (found == table.end()) continue;
        const DomainRule& rule = rules_[found->second];
        // `ip:0.0.0.0/0` opens the Internet, not the operator's own machines: those need a row of their own.
        if (special && prefix < special->prefix && rule.access == Access::allow) return;
        match.rule = &rule;
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
