#include "scscf/policy/rule_table.hpp"

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

}  // namespace

std::string normal_host(std::string_view host) {
    std::string result(host);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (result.size() > 1 && result.back() == '.') result.pop_back();
    return result;
}

/// A last label of digits alone, or one that starts "0x", would be read as an address by some resolvers ("127.1",
/// "0x7f000001"): no name for us (RFC 1123 2.1).
bool is_domain_name(std::string_view name) {
    if (name.empty() || name.size() > 253) return false;
    std::string_view label;
    for (std::size_t start = 0; start <= name.size();) {
        const std::size_t end = std::min(name.find('.', start), name.size());
        label = name.substr(start, end - start);
        if (label.empty() || label.size() > 63 || !std::all_of(label.begin(), label.end(), is_name_character)) {
            return false;
        }
        start = end + 1;
    }
    return !std::all_of(label.begin(), label.end(), is_digit) && label.substr(0, 2) != "0x";
}

std::size_t RuleTable::NetworkHash::operator()(const NetworkKey& key) const {
    const std::string_view octets(reinterpret_cast<const char*>(key.address.octets.data()), key.address.octets.size());
    return std::hash<std::string_view>{}(octets) + static_cast<std::size_t>(key.prefix);
}

RuleTable::RuleTable(std::vector<DomainRule> rules) : rules_(std::move(rules)) {
    exact_.reserve(rules_.size());
    for (std::uint32_t i = 0; i < rules_.size(); ++i) {
        if (!add(i)) rejected_.push_back(rules_[i].pattern);
    }
}

bool RuleTable::add(std::uint32_t index) {
    const std::string_view pattern = rules_[index].pattern;
    if (pattern.substr(0, 3) == "ip:") return add_network(pattern.substr(3), index);
    if (pattern == "*") return wildcard_.emplace("", index).second;
    const bool suffix = pattern.substr(0, 1) == ".";
    const bool wildcard = pattern.substr(0, 2) == "*.";
    const std::string_view domain = pattern.substr(wildcard ? 2 : suffix ? 1 : 0);
    if (!is_domain_name(domain)) return false;  // an upper-case letter is none of a normal form
    NameTable& table = wildcard ? wildcard_ : suffix ? suffix_ : exact_;
    return table.emplace(domain, index).second;
}

bool RuleTable::add_network(std::string_view cidr, std::uint32_t index) {
    const auto network = parse_network(cidr);
    if (!network) return false;
    (network->address.v6 ? prefixes6_ : prefixes4_).insert(network->prefix);
    return networks_.emplace(NetworkKey{network->address, network->prefix}, index).second;
}

const DomainRule* RuleTable::find(Kind kind, std::string_view domain) const {
    const NameTable& table = kind == Kind::exact ? exact_ : kind == Kind::suffix ? suffix_ : wildcard_;
    const auto found = table.find(domain);
    return found == table.end() ? nullptr : &rules_[found->second];
}

const DomainRule* RuleTable::find(const Address& address, int prefix) const {
    const auto found = networks_.find(NetworkKey{address, prefix});
    return found == networks_.end() ? nullptr : &rules_[found->second];
}

}  // namespace isthmus::policy
