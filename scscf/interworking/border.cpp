#include "scscf/interworking/border.hpp"

#include <algorithm>
#include <array>

#include "common/sip/digest.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/lexis.hpp"
#include "common/sip/option_tags.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::interworking {

namespace {

using sip::HeaderId;

constexpr auto R = Crossing::remove;
constexpr auto K = Crossing::keep;

std::vector<BorderRow> make_rows() {
    return {
        {"P-Asserted-Identity", {HeaderId::p_asserted_identity}, {}, R, Crossing::asserted_identity},
        {"P-Preferred-Identity", {HeaderId::p_preferred_identity}, {}, R, R},
        {"Privacy", {HeaderId::privacy}, {}, K, Crossing::privacy},
        {"P-Access-Network-Info", {HeaderId::p_access_network_info}, {}, R, R},
        {"Cellular-Network-Info", {HeaderId::cellular_network_info}, {}, R, R},
        {"P-Visited-Network-ID", {HeaderId::p_visited_network_id}, {}, R, R},
        {"P-Charging-Vector", {HeaderId::p_charging_vector}, {}, R, R},
        {"P-Charging-Function-Addresses", {HeaderId::p_charging_function_addresses}, {}, R, R},
        {"P-Called-Party-ID", {HeaderId::p_called_party_id}, {}, R, R},
        {"P-Served-User", {HeaderId::p_served_user}, {}, R, R},
        {"P-Profile-Key, P-User-Database", {HeaderId::p_profile_key, HeaderId::p_user_database}, {}, R, R},
        {"P-Asserted-Service", {HeaderId::p_asserted_service}, {}, R, R},
        {"P-Preferred-Service", {HeaderId::p_preferred_service}, {}, R, R},
        {"P-Early-Media", {HeaderId::p_early_media}, {}, R, R},
        {"P-Associated-URI, Service-Route", {HeaderId::p_associated_uri, HeaderId::service_route}, {}, R, R},
        {"Path", {HeaderId::path}, {}, R, R},
        {"Security-Client/Server/Verify",
         {HeaderId::security_client, HeaderId::security_server, HeaderId::security_verify},
         {},
         R,
         R},
        {"Feature-Caps", {HeaderId::feature_caps}, {}, R, R},
        {"History-Info", {HeaderId::history_info}, {}, Crossing::history, Crossing::history},
        {"Reason in responses", {HeaderId::reason}, {}, Crossing::reason, Crossing::reason},
        {"Resource-Priority", {HeaderId::resource_priority}, {}, R, R},
        {"P-Private-Network-Indication", {HeaderId::p_private_network_indication}, {}, R, R},
        {"Response-Source and other intra-network items",
         {},
         {"Response-Source", "Attestation-Info", "Origination-Id", "Additional-Identity", "Service-Interact-Info",
          "Relayed-Charge", "Restoration-Info"},
         R,
         R},
        {"Call-Info, Alert-Info, Error-Info, User-Agent/Server",
         {HeaderId::call_info, HeaderId::alert_info, HeaderId::error_info, HeaderId::user_agent, HeaderId::server},
         {},
         Crossing::descriptive,
         Crossing::descriptive},
        {"Geolocation", {HeaderId::geolocation}, {}, Crossing::descriptive, Crossing::location},
        {"Authorization", {HeaderId::authorization, HeaderId::proxy_authorization}, {}, K, Crossing::own_realm},
    };
}

/// Our own vocabulary in URIs, which nobody outside may read or write.
bool is_private_param(std::string_view param) {
    constexpr std::array<std::string_view, 9> names{"orig",     "cpc", "oli", "iotl",     "sescase",
                                                    "regstate", "gen", "odi", "orig-cdiv"};
    const auto name = sip::param_of(param).name;
    return std::any_of(names.begin(), names.end(), [&](std::string_view own) { return sip::iequals(own, name); });
}

/// Drops our parameters from "a;b=c"; false when there were none.
bool strip_params(std::string& params) {
    std::string kept;
    bool changed = false;
    for (const auto part : sip::split_outside_quotes(params, ';')) {
        if (is_private_param(part)) {
            changed = true;
            continue;
        }
        if (!kept.empty()) kept += ';';
        kept += part;
    }
    if (changed) params = std::move(kept);
    return changed;
}

bool strip_uri(sip::Uri& uri) {
    bool changed = strip_params(uri.params);
    const auto semicolon = uri.user.find(';');  // sip:+1;cpc=ordinary@h;user=phone
    if (semicolon != std::string::npos) {
        auto params = uri.user.substr(semicolon + 1);
        if (strip_params(params)) {
            uri.user.resize(semicolon);
            if (!params.empty()) uri.user += ';' + params;
            changed = true;
        }
    }
    return changed;
}

/// Every value of a list of addresses; the field is rewritten only where something was found.
void strip_addresses(sip::Message& message, HeaderId id) {
    std::vector<std::string> values;
    bool changed = false;
    for (const auto value : message.values(id)) {
        auto address = sip::NameAddr::parse(value);
        const bool mine = address && strip_uri(address->uri);
        changed = changed || mine;
        values.push_back(mine ? sip::print(*address) : std::string(value));
    }
    if (!changed) return;
    std::string text;
    for (const auto& value : values) text += (text.empty() ? "" : ", ") + value;
    message.set(id, text);
}

void strip_request_uri(sip::Message& message) {
    if (!message.is_request()) return;
    auto uri = sip::Uri::parse(message.request_uri());
    if (uri && strip_uri(*uri)) message.set_request_uri(uri->print());
}

void remove_row(sip::Message& message, const BorderRow& row) {
    for (const auto id : row.ids) message.remove(id);
    for (const auto name : row.names) message.remove(name);
}

/// Keeps only the values `keep` says yes to; the field goes when none is left.
void filter_values(sip::Message& message, HeaderId id, const std::function<bool(std::string_view)>& keep) {
    std::string text;
    std::size_t dropped = 0;
    for (const auto value : message.values(id)) {
        if (!keep(value)) {
            ++dropped;
            continue;
        }
        if (!text.empty()) text += ", ";
        text += value;
    }
    if (dropped == 0) return;
    if (text.empty()) {
        message.remove(id);
    } else {
        message.set(id, text);
    }
}

void remove_own_credentials(sip::Message& message, HeaderId id, const std::vector<std::string>& realms) {
    const auto ours = [&](std::string_view value) {
        const auto credentials = sip::DigestCredentials::parse(value);  // what cannot be read may be ours
        return !credentials || std::find(realms.begin(), realms.end(), credentials->realm) != realms.end();
    };
    std::vector<std::string> foreign;
    bool changed = false;
    message.each_field([&](HeaderId field, std::string_view, std::string_view value) {
        if (field != id) return;
        if (ours(value)) {
            changed = true;
        } else {
            foreign.emplace_back(value);
        }
    });
    if (!changed) return;
    message.remove(id);
    for (const auto& value : foreign) message.append(id, value);
}

bool is_q850(std::string_view value) {
    const auto reason = sip::Reason::parse(value);
    return !reason || sip::iequals(reason->protocol, "Q.850");
}

void cross(sip::Message& message, const BorderRow& row, Crossing cell, const BorderPolicy& policy,
           const Privacy& privacy, bool outwards) {
    switch (cell) {
        case Crossing::keep:
        case Crossing::privacy:
            return;
        case Crossing::remove:
            return remove_row(message, row);
        case Crossing::asserted_identity:  // IW-IDP-01
            if (privacy.id || !(privacy.none || policy.keep_asserted_identity)) remove_row(message, row);
            return;
        case Crossing::history: {
            const bool pass = outwards ? !privacy.history && !policy.strip_history : policy.accept_history;
            if (!pass) remove_row(message, row);
            return;
        }
        case Crossing::reason:
            if (message.is_request()) return;
            if (!outwards && !policy.accept_reason) return remove_row(message, row);
            return filter_values(message, HeaderId::reason, [](std::string_view value) { return !is_q850(value); });
        case Crossing::own_realm:
            for (const auto id : row.ids) remove_own_credentials(message, id, policy.own_realms);
            return;
        case Crossing::descriptive:
            if (!policy.pass_descriptive) remove_row(message, row);
            return;
        case Crossing::location:
            if (!policy.pass_location) remove_row(message, row);
            return;
    }
}

void anonymise_from(sip::Message& request) {
    const std::string tag(request.from_tag());
    request.set(HeaderId::from, "\"Anonymous\" <sip:anonymous@anonymous.invalid>" + (tag.empty() ? "" : ";tag=" + tag));
}

/// IW-IDP-03: what was executed leaves the header; the rest stays as it came.
void remove_executed(sip::Message& request, bool user, bool header) {
    std::string kept;
    for (const auto value : sip::split_outside_quotes(request.value(HeaderId::privacy), ';')) {
        if ((user && sip::iequals(value, "user")) || (header && sip::iequals(value, "header"))) continue;
        if (!kept.empty()) kept += ';';
        kept += value;
    }
    if (kept.empty()) {
        request.remove(HeaderId::privacy);
    } else if (user || header) {
        request.set(HeaderId::privacy, kept);
    }
}

}  // namespace

const std::vector<BorderRow>& border_rows() {
    static const auto rows = make_rows();
    return rows;
}

Privacy Privacy::of(const sip::Message& message) {
    Privacy asked;
    message.each_field([&](HeaderId field, std::string_view, std::string_view text) {
        if (field != HeaderId::privacy) return;
        for (const auto value : sip::split_outside_quotes(text, ';')) {
            asked.id = asked.id || sip::iequals(value, "id");
            asked.user = asked.user || sip::iequals(value, "user");
            asked.header = asked.header || sip::iequals(value, "header");
            asked.session = asked.session || sip::iequals(value, "session");
            asked.none = asked.none || sip::iequals(value, "none");
            asked.critical = asked.critical || sip::iequals(value, "critical");
            asked.history = asked.history || sip::iequals(value, "history");
        }
    });
    return asked;
}

bool privacy_needs_b2bua(const sip::Message& request) {
    const auto privacy = Privacy::of(request);
    return privacy.user || privacy.header;
}

std::optional<Refusal> apply_privacy(sip::Message& request, Role role) {
    const auto privacy = Privacy::of(request);
    const bool own_dialog = role == Role::b2bua;
    // Media addresses would need the anchor (TD-SES-02); headers of a proxied request name the caller.
    const bool unmet = privacy.session || ((privacy.user || privacy.header) && !own_dialog);
    if (unmet && privacy.critical) {
        return Refusal{500, "Server Internal Error", "Requested privacy cannot be provided", "IW-IDP-02"};
    }
    if (own_dialog && (privacy.user || privacy.header)) {
        anonymise_from(request);
        request.remove(HeaderId::reply_to);
    }
    if (own_dialog && privacy.header) {
        for (const auto id :
             {HeaderId::call_info, HeaderId::subject, HeaderId::organization, HeaderId::server, HeaderId::user_agent}) {
            request.remove(id);
        }
    }
    remove_executed(request, own_dialog && privacy.user, own_dialog && privacy.header);
    const bool asked = privacy.id || privacy.user || privacy.header || privacy.none;
    if (asked && !unmet) {
        auto demanded = sip::OptionTags::of(request, HeaderId::proxy_require);
        if (demanded.remove("privacy")) sip::write_tags(request, HeaderId::proxy_require, demanded);
    }
    return std::nullopt;
}

void filter_to_internet(sip::Message& message, const BorderPolicy& policy, Role role) {
    const auto privacy = Privacy::of(message);
    for (const auto& row : border_rows()) cross(message, row, row.to_internet, policy, privacy, true);
    strip_request_uri(message);
    strip_addresses(message, HeaderId::route);
    strip_addresses(message, HeaderId::p_asserted_identity);
    if (role == Role::b2bua) {
        strip_addresses(message, HeaderId::from);
        strip_addresses(message, HeaderId::to);
    }
}

void filter_from_internet(sip::Message& message, const BorderPolicy& policy) {
    const auto privacy = Privacy::of(message);
    for (const auto& row : border_rows()) cross(message, row, row.from_internet, policy, privacy, false);
    strip_request_uri(message);
    strip_addresses(message, HeaderId::route);
}

}  // namespace isthmus::interworking
