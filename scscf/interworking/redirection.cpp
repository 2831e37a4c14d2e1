#include "scscf/interworking/redirection.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/sip/headers.hpp"

namespace isthmus::interworking {

namespace {

using sip::HeaderId;

/// Thousandths; absent or nonsense is 1.0 as for a registration (ST-SES-06).
int quality(const sip::NameAddr& contact) {
    const auto q = contact.param("q");
    if (!q || q->empty()) return 1000;
    const std::string text(*q);
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (end == text.c_str() || value < 0 || value > 1) return 1000;
    return static_cast<int>(value * 1000);
}

/// A 3xx names a handful of places; whoever writes hundreds wants us busy.
constexpr std::size_t most_contacts = 20;

}  // namespace

bool may_be_followed(int status) {
    return status >= 300 && status <= 302;
}

std::vector<sip::Uri> redirection_targets(const sip::Message& response) {
    std::vector<std::pair<int, sip::Uri>> found;
    for (const auto value : response.values(HeaderId::contact)) {
        if (found.size() == most_contacts) break;
        auto contact = sip::NameAddr::parse(value);
        if (!contact || !contact->uri.is_sip()) continue;
        contact->uri.headers.clear();
        const auto text = contact->uri.print();
        const bool known =
            std::any_of(found.begin(), found.end(), [&](const auto& one) { return one.second.print() == text; });
        if (!known) found.emplace_back(quality(*contact), std::move(contact->uri));
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<sip::Uri> targets;
    targets.reserve(found.size());
    for (auto& [q, uri] : found) targets.push_back(std::move(uri));
    return targets;
}

bool filter_redirection(sip::Message& response, const std::function<bool(const sip::Uri&)>& permitted) {
    std::string kept;
    bool removed = false;
    for (const auto value : response.values(HeaderId::contact)) {
        const auto contact = sip::NameAddr::parse(value);
        if (contact && contact->uri.is_sip() && !permitted(contact->uri)) {
            removed = true;
            continue;
        }
        if (!kept.empty()) kept += ", ";
        kept += value;
    }
    if (!removed) return true;
    if (kept.empty()) {
        response.remove(HeaderId::contact);
        return false;
    }
    response.set(HeaderId::contact, kept);
    return true;
}

}  // namespace isthmus::interworking
