#include "scscf/interworking/relaxation.hpp"

#include <algorithm>
#include <array>

#include "common/sip/headers.hpp"
#include "common/sip/lexis.hpp"
#include "common/sip/precondition.hpp"
#include "common/sip/sdp_body.hpp"

namespace isthmus::interworking {

namespace {

using sip::HeaderId;

const sip::OptionTags& qos_tags() {
    static const sip::OptionTags tags{"precondition", "100rel"};
    return tags;
}

/// Attributes that survive L3; everything else unknown to a plain SIP phone goes.
bool survives_plain(const sip::Sdp::Line& line) {
    if (line.type() != 'a') return true;
    constexpr std::array<std::string_view, 17> names{
        "rtpmap", "fmtp",  "ptime",      "maxptime",    "sendrecv",  "sendonly", "recvonly", "inactive", "rtcp",
        "crypto", "setup", "connection", "fingerprint", "candidate", "mid",      "group",    "label"};
    const auto name = line.attribute();
    return sip::istarts_with(name, "ice-") ||
           std::any_of(names.begin(), names.end(), [&](std::string_view known) { return sip::iequals(known, name); });
}

void reduce_allow(sip::Message& invite, const CapabilityVector& peer) {
    if (!invite.has(HeaderId::allow)) return;
    constexpr std::array<std::string_view, 8> kept{"INVITE",  "ACK",  "CANCEL", "BYE",
                                                   "OPTIONS", "INFO", "UPDATE", "PRACK"};
    std::string text;
    for (const auto method : invite.values(HeaderId::allow)) {
        const bool refused = (method == "UPDATE" && peer.lacks(Capability::update)) ||
                             (method == "PRACK" && peer.lacks(Capability::prack));
        if (refused || std::find(kept.begin(), kept.end(), method) == kept.end()) continue;
        if (!text.empty()) text += ", ";
        text += method;
    }
    if (text.empty()) {
        invite.remove(HeaderId::allow);
    } else {
        invite.set(HeaderId::allow, text);
    }
}

bool goes_at_plain(HeaderId id, std::string_view name) {
    constexpr std::array<HeaderId, 6> extra{HeaderId::accept_contact,  HeaderId::reject_contact,
                                            HeaderId::session_expires, HeaderId::request_disposition,
                                            HeaderId::min_se,          HeaderId::feature_caps};
    return std::find(extra.begin(), extra.end(), id) != extra.end() || sip::istarts_with(name, "P-") ||
           sip::iequals(name, "Resource-Share");
}

void make_headers_plain(sip::Message& invite, const CapabilityVector& peer) {
    invite.remove_if(goes_at_plain);
    if (const auto contact = sip::NameAddr::parse(invite.first(HeaderId::contact))) {
        auto bare = *contact;
        bare.params.clear();  // feature tags; nothing else has a meaning in the Contact of an INVITE
        if (bare.params != contact->params) invite.set(HeaderId::contact, sip::print(bare));
    }
    reduce_allow(invite, peer);
    invite.set(HeaderId::accept, "application/sdp");
}

void relax_body(sip::Message& invite, const Relaxation& relaxation) {
    auto found = sip::sdp_of(invite);
    if (!found || !found->changeable) return;  // IW-POL-07
    auto& sdp = found->sdp;
    bool changed = false;
    if (relaxation.weaken_strength) changed = sip::qos::weaken(sdp);
    if (relaxation.strip_qos) changed = sip::qos::strip(sdp) || changed;
    if (relaxation.level == Level::plain) {
        sdp.remove_lines([](const sip::Sdp::Line& line) { return !survives_plain(line); });
        sip::reduce_to_sdp(invite, *found);
    } else if (changed) {
        sip::replace_sdp(invite, *found, sdp);
    }
}

TagSets relaxed(const TagSets& tags, const Relaxation& relaxation) {
    TagSets result = tags;
    const auto demanded = tags.require | relaxation.demanded;
    const auto moving = demanded & relaxation.moved;
    result.require = demanded - moving - relaxation.dropped;
    result.supported = ((tags.supported - relaxation.demanded) | moving) - relaxation.dropped;
    return result;
}

}  // namespace

std::string_view level_name(Level level) {
    constexpr std::array<std::string_view, 4> names{"L0", "L1", "L2", "L3"};
    return names.at(static_cast<std::size_t>(level));
}

TagSets TagSets::of(const sip::Message& message) {
    return {sip::OptionTags::of(message, HeaderId::require), sip::OptionTags::of(message, HeaderId::proxy_require),
            sip::OptionTags::of(message, HeaderId::supported)};
}

Relaxation Relaxation::optional() const {
    Relaxation next = *this;
    next.level = std::max(level, Level::optional);
    next.moved = moved | qos_tags();
    next.weaken_strength = true;
    return next;
}

Relaxation Relaxation::without(const sip::OptionTags& tags) const {
    Relaxation next = optional();
    next.level = std::max(level, Level::without);
    next.dropped = dropped | tags;
    next.strip_qos = strip_qos || tags.contains("precondition");
    return next;
}

Relaxation Relaxation::plain() const {
    Relaxation next = without(qos_tags() | sip::OptionTags{"timer"});
    next.level = Level::plain;
    return next;
}

Offer Offer::of(const sip::Message& invite) {
    const auto found = sip::sdp_of(invite);
    Offer offer;
    offer.tags = TagSets::of(invite);
    offer.qos_lines = found && sip::qos::present(found->sdp);
    offer.inactive_until_met = offer.qos_lines && sip::qos::inactive_until_met(found->sdp);
    offer.sealed = sip::body_is_sealed(invite) || (found && !found->changeable);
    return offer;
}

Sent Sent::of(const Offer& offer, const Relaxation& relaxation) {
    const bool changeable = offer.qos_lines && !offer.sealed;
    return {relaxation.level, relaxed(offer.tags, relaxation), offer.qos_lines && !(changeable && relaxation.strip_qos),
            changeable && relaxation.weaken_strength};
}

std::string progress_key(const Sent& sent, std::string_view transport) {
    std::string key(level_name(sent.level));
    key.append("|").append(sent.tags.demanded().key()).append("|").append(sip::to_lower(transport));
    return key;
}

bool carries_extras(const sip::Message& invite) {
    if (sip::istarts_with(invite.value(HeaderId::content_type), "multipart/")) return true;
    bool found = false;
    invite.each_field(
        [&](HeaderId, std::string_view name, std::string_view) { found = found || sip::istarts_with(name, "P-"); });
    return found;
}

void relax(sip::Message& invite, const Relaxation& relaxation, const CapabilityVector& peer) {
    const auto tags = relaxed(TagSets::of(invite), relaxation);
    sip::write_tags(invite, HeaderId::require, tags.require);
    sip::write_tags(invite, HeaderId::supported, tags.supported);
    relax_body(invite, relaxation);
    if (relaxation.level == Level::plain) make_headers_plain(invite, peer);
}

}  // namespace isthmus::interworking
