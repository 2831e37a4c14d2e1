#include "pcscf/access_registration.hpp"

#include "common/sip/digest.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/option_tags.hpp"
#include "common/sip/text.hpp"

namespace isthmus::pcscf {

using sip::HeaderId;
using sip::Message;

namespace {

// PR-REG-03: what a UE may not bring along.
constexpr HeaderId not_from_ue[] = {HeaderId::route,
                                    HeaderId::path,
                                    HeaderId::p_visited_network_id,
                                    HeaderId::p_charging_vector,
                                    HeaderId::p_charging_function_addresses,
                                    HeaderId::p_asserted_identity,
                                    HeaderId::p_served_user,
                                    HeaderId::service_route,
                                    HeaderId::p_associated_uri,
                                    HeaderId::p_user_database,
                                    HeaderId::feature_caps};

void drop_network_provided(Message& request) {
    std::string kept;
    for (const auto value : request.values(HeaderId::p_access_network_info)) {
        const auto info = sip::AccessNetworkInfo::parse(value);
        if (info && !info->network_provided()) kept.append(kept.empty() ? "" : ", ").append(value);
    }
    if (!request.has(HeaderId::p_access_network_info)) return;
    if (kept.empty())
        request.remove(HeaderId::p_access_network_info);
    else
        request.set(HeaderId::p_access_network_info, kept);
}

/// PR-REG-08, for an arrival that is neither IPsec nor TLS; nothing is created where there are no credentials.
void mark_integrity(Message& request, bool flow_known) {
    const auto text = request.value(HeaderId::authorization);
    if (text.empty()) return;
    auto credentials = sip::DigestCredentials::parse(text);
    if (!credentials) return;
    const auto ours = [](const auto& param) {
        return sip::iequals(param.first, "integrity-protected") || sip::iequals(param.first, "ik") ||
               sip::iequals(param.first, "ck");
    };
    const bool forged = std::erase_if(credentials->others, ours) > 0;
    const char* value = flow_known ? "ip-assoc-yes" : credentials->response.empty() ? nullptr : "ip-assoc-pending";
    if (value != nullptr) credentials->others.emplace_back("integrity-protected", value);
    if (value != nullptr || forged) request.set(HeaderId::authorization, credentials->print());
}

}  // namespace

std::string private_identity_of(const Message& request) {
    const auto credentials = sip::DigestCredentials::parse(request.value(HeaderId::authorization));
    if (credentials && !credentials->username.empty()) return credentials->username;
    const auto to = sip::NameAddr::parse(request.value(HeaderId::to));
    if (!to) return {};
    const auto identity = to->uri.canonical_identity();
    return identity.substr(identity.find(':') + 1);
}

void prepare_register(Message& request, const RegisterFacts& facts) {
    for (const auto id : not_from_ue) request.remove(id);
    drop_network_provided(request);  // PR-REG-07
    mark_integrity(request, facts.flow_known);
    request.prepend(HeaderId::path, facts.path);  // PR-REG-04
    for (const auto id : {HeaderId::require, HeaderId::supported}) {
        auto tags = sip::OptionTags::of(request, id);
        tags.add("path");
        sip::write_tags(request, id, tags);
    }
    request.append(HeaderId::p_visited_network_id, "\"" + facts.visited_network + "\"");  // PR-REG-06
    sip::ChargingVector vector;                                                           // PR-REG-05
    vector.icid = facts.icid;
    vector.generated_at = facts.node_name;
    vector.orig_ioi = facts.visited_network;
    request.append(HeaderId::p_charging_vector, vector.print());
}

void strip_towards_ue(Message& message) {
    message.remove_if([](HeaderId id, std::string_view) {
        return id == HeaderId::p_charging_vector || id == HeaderId::p_charging_function_addresses ||
               id == HeaderId::p_served_user || id == HeaderId::p_access_network_info ||
               id == HeaderId::p_visited_network_id || id == HeaderId::p_user_database || id == HeaderId::p_profile_key;
    });
}

std::vector<std::string> contacts_of(const Message& response) {
    std::vector<std::string> contacts;
    for (const auto value : response.values(HeaderId::contact))
        if (const auto entry = sip::Contact::parse(value); entry && !entry->wildcard)
            contacts.push_back(entry->address.uri.print());
    return contacts;
}

Granted granted(const Message& response, const std::string& contact) {
    Granted out;
    const auto wanted = sip::Uri::parse(contact);
    const auto general = response.number(HeaderId::expires);
    for (const auto value : response.values(HeaderId::contact)) {
        const auto entry = sip::Contact::parse(value);
        if (!entry || !wanted || !sip::equivalent(entry->address.uri, *wanted)) continue;
        out.expires_s = entry->expires.value_or(general.value_or(0));
    }
    for (const auto value : response.values(HeaderId::service_route)) out.service_route.emplace_back(value);
    for (const auto value : response.values(HeaderId::p_associated_uri)) {
        const auto identity = sip::NameAddr::parse(value);
        if (!identity) continue;
        out.asserted.push_back("<" + identity->uri.print() + ">");
        out.public_identities.push_back(identity->uri.canonical_identity());
    }
    if (out.public_identities.empty()) {  // PR-REG-25
        if (const auto to = sip::NameAddr::parse(response.value(HeaderId::to))) {
            out.asserted.push_back("<" + to->uri.print() + ">");
            out.public_identities.push_back(to->uri.canonical_identity());
        }
    }
    return out;
}

}  // namespace isthmus::pcscf
