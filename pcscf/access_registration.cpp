#include "pcscf/access_registration.hpp"

#include <algorithm>

#include "common/sip/digest.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/lexis.hpp"
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

/// The UE can talk IPsec and asks for it (PR-REG-09).
bool offers_ipsec(const Message& request) {
    const auto offers = request.values(HeaderId::security_client);
    return std::any_of(offers.begin(), offers.end(), [](std::string_view offer) {
        return sip::iequals(sip::trim(offer.substr(0, offer.find(';'))), "ipsec-3gpp");
    });
}

std::string identity_in_to(const Message& request) {
    const auto to = sip::NameAddr::parse(request.value(HeaderId::to));
    if (!to) return {};
    const auto identity = to->uri.canonical_identity();
    return identity.substr(identity.find(':') + 1);
}

/// PR-REG-08, for an arrival without IPsec.
const char* integrity_of(const sip::DigestCredentials& credentials, bool ipsec_offered, const RegisterFacts& facts) {
    if (!facts.tls && ipsec_offered) return "no";
    if (facts.flow_known) return facts.tls ? "tls-yes" : "ip-assoc-yes";
    if (credentials.response.empty()) return nullptr;
    return facts.tls ? "tls-pending" : "ip-assoc-pending";
}

/// Nothing is created where there are no credentials. A REGISTER speaks for one private identity: credentials of
/// another one would be judged by the registrar with what we know of the first, so they stay here, as does what
/// nobody can read.
void mark_integrity(Message& request, const RegisterFacts& facts) {
    const auto speaks_for = private_identity_of(request);
    const bool ipsec = offers_ipsec(request);
    const auto claimed = [](const auto& param) {
        return sip::iequals(param.first, "integrity-protected") || sip::iequals(param.first, "ik") ||
               sip::iequals(param.first, "ck");
    };
    std::vector<std::string> marked;
    bool changed = false;
    const auto fields = request.values(HeaderId::authorization);
    for (const auto field : fields) {
        auto credentials = sip::DigestCredentials::parse(field);
        const bool of_user = credentials && (credentials->username.empty() ? identity_in_to(request)
                                                                           : credentials->username) == speaks_for;
        changed = changed || !of_user;
        if (!of_user) continue;
        const bool forged = std::erase_if(credentials->others, claimed) > 0;
        const char* value = integrity_of(*credentials, ipsec, facts);
        if (value != nullptr) credentials->others.emplace_back("integrity-protected", value);
        changed = changed || forged || value != nullptr;
        marked.push_back(forged || value != nullptr ? credentials->print() : std::string(field));
    }
    if (!changed) return;
    if (marked.size() == 1) return request.set(HeaderId::authorization, marked.front());
    request.remove(HeaderId::authorization);
    for (const auto& field : marked) request.append(HeaderId::authorization, field);
}

}  // namespace

std::string private_identity_of(const Message& request) {
    const auto credentials = sip::DigestCredentials::parse(request.value(HeaderId::authorization));
    if (credentials && !credentials->username.empty()) return credentials->username;
    return identity_in_to(request);
}

void prepare_register(Message& request, const RegisterFacts& facts) {
    for (const auto id : not_from_ue) request.remove(id);
    drop_network_provided(request);  // PR-REG-07
    mark_integrity(request, facts);
    // PR-REG-09: the agreement is between the UE and us; no association is set up here, so it ends here.
    request.remove(HeaderId::security_client);
    request.remove(HeaderId::security_verify);
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

bool take_session_keys(Message& response) {
    bool complete = true;
    for (const auto id : {HeaderId::www_authenticate, HeaderId::proxy_authenticate}) {
        std::vector<std::string> kept;
        bool changed = false;
        for (const auto field : response.values(id)) {
            auto challenge = sip::DigestChallenge::parse(field);
            if (!challenge) {
                // Who cannot read it cannot say that there is no key in it.
                const bool digest = sip::istarts_with(field, "Digest");
                if (!digest) kept.emplace_back(field);
                changed = changed || digest;
                continue;
            }
            if (sip::istarts_with(challenge->algorithm, "AKAv") && challenge->ik.empty()) complete = false;
            const bool keys = !challenge->ik.empty() || !challenge->ck.empty();
            challenge->ik.clear();
            challenge->ck.clear();
            kept.push_back(keys ? challenge->print() : std::string(field));
            changed = changed || keys;
        }
        if (!changed) continue;
        response.remove(id);
        for (const auto& field : kept) response.append(id, field);
    }
    return complete;
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
