#include "scscf/registrar/bindings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/sip/uri.hpp"

namespace isthmus::registrar {

using ims::Binding;

namespace {

bool same_contact(const std::string& left, const std::string& right) {
    if (left == right) return true;
    const auto a = sip::Uri::parse(left);
    const auto b = sip::Uri::parse(right);
    return a && b && sip::equivalent(*a, *b);
}

/// SR-REG-20; nothing when it is too short.
std::optional<std::uint32_t> granted(const sip::Contact& contact, const RegisterRequest& request,
                                     const ExpiryLimits& limits) {
    const auto wanted = contact.expires ? *contact.expires : request.expires.value_or(limits.usual_s);
    if (wanted == 0) return 0;
    if (wanted < limits.shortest_s) return std::nullopt;
    return std::min(wanted, limits.longest_s);
}

Binding make_binding(const sip::Contact& contact, const RegisterRequest& request, std::uint32_t expires_s, Time now) {
    Binding binding;
    binding.contact = contact.address.uri.print();
    binding.contact_params = sip::without_param(sip::without_param(contact.address.params, "expires"), "q");
    binding.path = request.path;
    binding.expires = now + std::chrono::seconds(expires_s);
    binding.call_id = request.call_id;
    binding.cseq = request.cseq;
    binding.q = std::string(contact.address.param("q").value_or(""));
    binding.instance = contact.instance;
    binding.private_identity = request.private_identity;
    binding.registered_identity = request.public_identity;
    binding.visited_network = request.visited_network;
    binding.user_agent = request.user_agent;
    binding.icid = request.icid;
    binding.orig_ioi = request.orig_ioi;
    return binding;
}

std::variant<Change, Refused> remove_all(const RegisterRequest& request, const std::vector<Binding>& current) {
    if (request.contacts.size() != 1 || request.expires.value_or(1) != 0) return Refused{400, "SR-REG-21"};
    Change change;
    for (const auto& binding : current) change.remove.push_back({binding.private_identity, binding.contact});
    return change;
}

}  // namespace

std::vector<ims::BindingKey> drop_expired(std::vector<Binding>& bindings, Time now) {
    std::vector<ims::BindingKey> gone;
    for (const auto& binding : bindings)
        if (binding.expires <= now) gone.push_back({binding.private_identity, binding.contact});
    std::erase_if(bindings, [now](const Binding& binding) { return binding.expires <= now; });
    return gone;
}

std::variant<Change, Refused> apply(const RegisterRequest& request, const std::vector<Binding>& current,
                                    const ExpiryLimits& limits, Time now) {
    const bool wildcard = std::any_of(request.contacts.begin(), request.contacts.end(),
                                      [](const sip::Contact& contact) { return contact.wildcard; });
    for (const auto& binding : current)
        if (!request.contacts.empty() && binding.call_id == request.call_id && request.cseq <= binding.cseq)
            return Refused{500, "SR-REG-22"};
    if (wildcard) return remove_all(request, current);

    Change change;
    change.result = current;
    bool adds = false;
    for (const auto& contact : request.contacts) {
        const auto expires_s = granted(contact, request, limits);
        if (!expires_s) return Refused{423, "SR-REG-20", limits.shortest_s};
        const auto text = contact.address.uri.print();
        const auto matches = [&](const Binding& binding) { return same_contact(binding.contact, text); };
        const auto old = std::find_if(change.result.begin(), change.result.end(), matches);
        if (old != change.result.end() && (*expires_s == 0 || old->contact != text))
            change.remove.push_back({old->private_identity, old->contact});
        if (old != change.result.end()) change.result.erase(old);
        if (*expires_s == 0) continue;  // SR-REG-30: an unknown one is no error
        adds = true;
        change.store.push_back(make_binding(contact, request, *expires_s, now));
    }
    if (adds) {
        // SR-REG-26: a new contact of the same private identity replaces what it had before.
        for (const auto& binding : change.result) change.remove.push_back({binding.private_identity, binding.contact});
        change.result.clear();
    }
    change.result.insert(change.result.end(), change.store.begin(), change.store.end());
    return change;
}

}  // namespace isthmus::registrar
