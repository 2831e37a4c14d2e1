#include "scscf/register_exchange.hpp"

#include <algorithm>

#include "common/sip/option_tags.hpp"
#include "common/sip/text.hpp"

namespace isthmus::scscf {

using sip::HeaderId;
using sip::Message;

namespace {

std::optional<RegisterRefusal> check_extensions(const Message& request) {
    const auto required = sip::OptionTags::of(request, HeaderId::require);
    const auto unknown = required - sip::OptionTags{"path"};
    if (!unknown.empty()) return RegisterRefusal{420, "SR-REG-02", unknown.print(), {}};
    if (!request.has(HeaderId::path) && !required.contains("path") &&
        !sip::OptionTags::of(request, HeaderId::supported).contains("path"))
        return RegisterRefusal{421, "SR-REG-02", {}, "path"};
    return std::nullopt;
}

registrar::Attempt attempt_of(const Message& request, const std::string& home_domain) {
    registrar::Attempt attempt;
    attempt.call_id = request.call_id();
    attempt.home_domain = home_domain;
    for (const auto value : request.values(HeaderId::authorization)) {
        auto credentials = sip::DigestCredentials::parse(value);
        // SR-REG-01: another realm's credentials count as none.
        if (!credentials || !sip::iequals(credentials->realm, home_domain)) continue;
        attempt.protection = registrar::protection_from(credentials->other("integrity-protected").value_or(""));
        attempt.credentials = std::move(credentials);
        break;
    }
    return attempt;
}

std::string date_of(registrar::Time now) {
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return text;
}

void write_bindings(Message& response, const RegisterAnswer& answer, registrar::Time now) {
    for (const auto& binding : answer.bindings) {
        const auto left =
            std::chrono::duration_cast<std::chrono::seconds>(binding.expires - now + std::chrono::milliseconds(500))
                .count();
        if (left <= 0) continue;
        std::string value = "<" + binding.contact + ">";
        if (!binding.contact_params.empty()) value += ";" + binding.contact_params;
        if (!binding.q.empty()) value += ";q=" + binding.q;
        value += ";expires=" + std::to_string(left);
        response.append(HeaderId::contact, value);
    }
}

}  // namespace

std::variant<RegisterWork, RegisterRefusal> read_register(const Message& request,
                                                          const std::vector<std::string>& home_domains) {
    const auto to = sip::NameAddr::parse(request.value(HeaderId::to));
    const auto from = sip::NameAddr::parse(request.value(HeaderId::from));
    if (!to || !from) return RegisterRefusal{400, "SR-REG-01", {}, {}};
    if (!to->uri.is_sip() && to->uri.scheme != sip::Uri::Scheme::tel) return RegisterRefusal{400, "SR-REG-01", {}, {}};
    const auto identity = to->uri.canonical_identity();
    const bool ours = std::any_of(home_domains.begin(), home_domains.end(),
                                  [&](const std::string& domain) { return sip::iequals(domain, to->uri.host); });
    if (to->uri.is_sip() && !ours) return RegisterRefusal{403, "SR-REG-01 the domain is not served", {}, {}};
    if (from->uri.canonical_identity() != identity)
        return RegisterRefusal{403, "SR-REG-01 From differs from To", {}, {}};
    if (const auto refusal = check_extensions(request)) return *refusal;

    RegisterWork work;
    work.attempt = attempt_of(request, ours ? to->uri.host : home_domains.front());
    auto& out = work.request;
    out.public_identity = identity;
    out.private_identity = work.attempt.credentials && !work.attempt.credentials->username.empty()
                               ? work.attempt.credentials->username
                               : identity.substr(identity.find(':') + 1);
    work.attempt.private_identity = out.private_identity;
    out.call_id = request.call_id();
    out.cseq = request.cseq();
    out.expires = request.number(HeaderId::expires);
    for (const auto value : request.values(HeaderId::contact)) {
        auto contact = sip::Contact::parse(value);
        if (!contact) return RegisterRefusal{400, "ER-SES-17 Contact", {}, {}};
        out.contacts.push_back(std::move(*contact));
    }
    for (const auto value : request.values(HeaderId::path)) out.path.emplace_back(value);
    if (const auto network = sip::VisitedNetworkId::parse(request.first(HeaderId::p_visited_network_id)))
        out.visited_network = network->network;
    out.user_agent = request.value(HeaderId::user_agent);
    if (const auto vector = sip::ChargingVector::parse(request.value(HeaderId::p_charging_vector))) {
        out.icid = vector->icid;
        out.orig_ioi = vector->orig_ioi;
    }
    return work;
}

void write_answer(Message& response, const Message& request, const RegisterAnswer& answer,
                  const std::string& service_route, const std::string& home_domain, registrar::Time now) {
    for (const auto& challenge : answer.challenges) response.append(HeaderId::www_authenticate, challenge.print());
    if (answer.status == 423) response.append(HeaderId::min_expires, std::to_string(answer.min_expires_s));
    if (answer.status != 200) return;
    write_bindings(response, answer, now);
    response.append(HeaderId::date, date_of(now));
    for (const auto path : request.values(HeaderId::path)) response.append(HeaderId::path, path);
    if (!answer.bindings.empty()) {  // SR-REG-42
        response.append(HeaderId::service_route, "<" + service_route + ";lr>");
        for (const auto& identity : answer.profile.identities)
            if (!identity.barred) response.append(HeaderId::p_associated_uri, "<" + identity.uri + ">");
    }
    if (answer.info) response.append(HeaderId::authentication_info, answer.info->print());
    if (auto vector = sip::ChargingVector::parse(request.value(HeaderId::p_charging_vector))) {
        vector->term_ioi = home_domain;
        response.append(HeaderId::p_charging_vector, vector->print());
    }
}

}  // namespace isthmus::scscf
