#include "scscf/interworking/translate.hpp"

#include <algorithm>
#include <array>

#include "common/sip/digest.hpp"
#include "common/sip/lexis.hpp"

namespace isthmus::interworking {

namespace {

using sip::HeaderId;

/// What belongs to a hop or to a dialog and is never copied into a request of the other leg.
bool is_own_to_leg(HeaderId id) {
    constexpr std::array<HeaderId, 14> own{HeaderId::via,
                                           HeaderId::route,
                                           HeaderId::record_route,
                                           HeaderId::from,
                                           HeaderId::to,
                                           HeaderId::call_id,
                                           HeaderId::cseq,
                                           HeaderId::contact,
                                           HeaderId::max_forwards,
                                           HeaderId::rack,
                                           HeaderId::security_client,
                                           HeaderId::security_server,
                                           HeaderId::security_verify,
                                           HeaderId::content_length};
    return std::find(own.begin(), own.end(), id) != own.end();
}

/// IW-BRD-03, and what a failure needs so that the UE can act on it as it would have without us (T01..T25 "as is").
bool crosses_in_response(HeaderId id, std::string_view name) {
    constexpr std::array<HeaderId, 31> known{HeaderId::warning,
                                             HeaderId::retry_after,
                                             HeaderId::reason,
                                             HeaderId::server,
                                             HeaderId::call_info,
                                             HeaderId::error_info,
                                             HeaderId::alert_info,
                                             HeaderId::content_type,
                                             HeaderId::content_disposition,
                                             HeaderId::content_encoding,
                                             HeaderId::mime_version,
                                             HeaderId::unsupported,
                                             HeaderId::supported,
                                             HeaderId::allow,
                                             HeaderId::allow_events,
                                             HeaderId::accept,
                                             HeaderId::min_se,
                                             HeaderId::session_expires,
                                             HeaderId::min_expires,
                                             HeaderId::expires,
                                             HeaderId::date,
                                             HeaderId::www_authenticate,
                                             HeaderId::proxy_authenticate,
                                             HeaderId::authentication_info,
                                             HeaderId::p_asserted_identity,
                                             HeaderId::privacy,
                                             HeaderId::history_info,
                                             HeaderId::organization,
                                             HeaderId::subject,
                                             HeaderId::event,
                                             HeaderId::p_early_media};
    if (std::find(known.begin(), known.end(), id) != known.end()) return true;
    constexpr std::array<std::string_view, 5> names{"Accept-Language", "Accept-Encoding", "Content-Language",
                                                    "Session-ID", "Refer-Sub"};
    return std::any_of(names.begin(), names.end(), [&](std::string_view one) { return sip::iequals(one, name); });
}

/// "address" of a From or To field without its tag.
std::string without_tag(std::string_view field) {
    auto address = sip::NameAddr::parse(field);
    if (!address) return std::string(field);
    address->params = sip::without_param(address->params, "tag");
    return sip::print(*address);
}

std::string with_tag(const std::string& address, const std::string& tag) {
    return tag.empty() ? address : address + ";tag=" + tag;
}

std::string one_hop_less(const sip::Message& message) {
    const auto hops = message.number(HeaderId::max_forwards).value_or(70);
    return std::to_string(hops == 0 ? 0 : hops - 1);
}

void put_leg_headers(sip::Message& out, const sip::Message& in, const LegIdentity& leg) {
    for (const auto& route : leg.route_set) out.append(HeaderId::route, route);
    out.append(HeaderId::max_forwards, one_hop_less(in));
    const auto pick = [](const std::string& own, HeaderId id, const sip::Message& from) {
        return own.empty() ? without_tag(from.value(id)) : own;
    };
    out.append(HeaderId::from, with_tag(pick(leg.local_address, HeaderId::from, in), leg.local_tag));
    out.append(HeaderId::to, with_tag(pick(leg.remote_address, HeaderId::to, in), leg.remote_tag));
    out.append(HeaderId::call_id, leg.call_id);
    out.append(HeaderId::cseq, std::to_string(leg.cseq) + ' ' + std::string(in.method_name()));
    if (!leg.contact.empty()) out.append(HeaderId::contact, leg.contact);
}

bool for_peer(std::string_view credentials, const std::optional<std::string>& realm) {
    const auto parsed = sip::DigestCredentials::parse(credentials);
    return realm && parsed && parsed->realm == *realm;
}

void copy_request_fields(sip::Message& out, const sip::Message& in, const LegIdentity& leg) {
    in.each_field([&](HeaderId id, std::string_view name, std::string_view value) {
        if (is_own_to_leg(id)) return;
        if (id == HeaderId::proxy_authorization && !for_peer(value, leg.peer_realm)) return;
        if (id == HeaderId::other) {
            out.append(name, value);
        } else {
            out.append(id, value);
        }
    });
    if (!in.body().empty()) out.set_body({}, in.body());
}

/// Replaces and Join: "call-id;to-tag=x;from-tag=y". Target-Dialog says local-tag and remote-tag instead.
void rename_dialog(sip::Message& message, HeaderId id, const TranslateDialog& translate) {
    if (!message.has(id)) return;
    const bool target = id == HeaderId::target_dialog;
    const std::string_view to_name = target ? "remote-tag" : "to-tag";
    const std::string_view from_name = target ? "local-tag" : "from-tag";
    const std::string value(message.value(id));
    const auto semicolon = value.find(';');
    if (semicolon == std::string::npos) return;
    std::string params = value.substr(semicolon + 1);
    const DialogName named{std::string(sip::trim(std::string_view(value).substr(0, semicolon))),
                           std::string(sip::find_param(params, to_name).value_or("")),
                           std::string(sip::find_param(params, from_name).value_or(""))};
    const auto other = translate(named);
    if (!other) return;
    params = sip::with_param(params, to_name, other->to_tag);
    params = sip::with_param(params, from_name, other->from_tag);
    message.set(id, other->call_id + ';' + params);
}

}  // namespace

sip::Message net_invite(const sip::Message& ue_invite, const LegIdentity& leg) {
    const std::string target = leg.remote_target.empty() ? std::string(ue_invite.request_uri()) : leg.remote_target;
    auto out = sip::Message::request(ue_invite.method_name(), target);
    put_leg_headers(out, ue_invite, leg);
    copy_request_fields(out, ue_invite, leg);
    return out;
}

sip::Message dialog_request(const sip::Message& received, const LegIdentity& leg, const RequestChanges& changes) {
    auto out = sip::Message::request(received.method_name(), leg.remote_target);
    put_leg_headers(out, received, leg);
    copy_request_fields(out, received, leg);
    if (changes.rack) out.set(HeaderId::rack, changes.rack->print());
    if (received.method() == sip::Method::ack) {  // IW-RET-10
        for (const auto id : {HeaderId::require, HeaderId::proxy_require}) {
            sip::write_tags(out, id, sip::OptionTags::of(out, id) & changes.invite_tags);
        }
    }
    if (changes.translate_dialog) {  // IW-RET-09, IW-BRD-05
        for (const auto id : {HeaderId::replaces, HeaderId::join, HeaderId::target_dialog}) {
            rename_dialog(out, id, changes.translate_dialog);
        }
    }
    return out;
}

sip::Message translated_response(const sip::Message& received, const sip::Message& request,
                                 const ResponseIdentity& identity) {
    const int status = received.status();
    auto out = sip::Message::response(request, status, received.reason(), identity.to_tag);
    for (const auto& route : identity.record_route) out.append(HeaderId::record_route, route);
    // Where a redirection or an ambiguity points to is its content, not our address (T22).
    const bool content = (status >= 300 && status < 400) || status == 485;
    if (content) {
        for (const auto contact : received.values(HeaderId::contact)) out.append(HeaderId::contact, contact);
    } else if (!identity.contact.empty()) {
        out.append(HeaderId::contact, identity.contact);
    }
    received.each_field([&](HeaderId id, std::string_view name, std::string_view value) {
        if (id == HeaderId::retry_after && status == 503) return;  // IW-BRD-03
        if (!crosses_in_response(id, name)) return;
        if (id == HeaderId::other) {
            out.append(name, value);
        } else {
            out.append(id, value);
        }
    });
    // Reliability is each leg's own; the other tags belong to what crosses (a session timer, a 421's demand).
    auto require = sip::OptionTags::of(received, HeaderId::require);
    if (status < 200) require.remove("100rel");
    if (identity.rseq) {
        require.add("100rel");
        out.append(HeaderId::rseq, identity.rseq->print());
    }
    sip::write_tags(out, HeaderId::require, require);
    if (!received.body().empty()) out.set_body({}, received.body());
    return out;
}

void add_verdict(sip::Message& response, const std::optional<std::string>& warning_399, std::string_view host,
                 const std::optional<sip::Reason>& reason) {
    if (warning_399) {
        response.append(HeaderId::warning, sip::Warning{399, std::string(host), *warning_399}.print());
    }
    if (reason) response.append(HeaderId::reason, reason->print());
}

std::optional<Glare> update_glare(OfferState state, bool update_has_offer) {
    if (!update_has_offer || state == OfferState::none) return std::nullopt;
    if (state == OfferState::sent) return Glare{491, false};
    return Glare{500, true};
}

}  // namespace isthmus::interworking
