#include "scscf/interworking/detection.hpp"

#include <algorithm>
#include <array>

#include "common/sip/headers.hpp"
#include "common/sip/lexis.hpp"
#include "common/sip/option_tags.hpp"
#include "common/sip/precondition.hpp"
#include "common/sip/sdp_body.hpp"

namespace isthmus::interworking {

namespace {

using sip::HeaderId;
using sip::qos::Status;
using sip::qos::Strength;

/// Everything of an INVITE the evidence is drawn from.
struct Facts {
    sip::OptionTags require;
    sip::OptionTags supported;
    std::optional<sip::Sdp> sdp;
    bool qos_lines = false;
    std::optional<Strength> local;  ///< first accepted stream that states one
    std::optional<Strength> remote;
};

Facts facts_of(const sip::Message& invite) {
    Facts facts;
    facts.require = sip::OptionTags::of(invite, HeaderId::require);
    facts.supported = sip::OptionTags::of(invite, HeaderId::supported);
    if (auto found = sip::sdp_of(invite)) facts.sdp = std::move(found->sdp);
    if (!facts.sdp) return facts;
    facts.qos_lines = sip::qos::present(*facts.sdp);
    for (const auto& stream : sip::qos::streams(*facts.sdp)) {
        if (!facts.local) facts.local = stream.desired(Status::local);
        if (!facts.remote) facts.remote = stream.desired(Status::remote);
    }
    return facts;
}

/// E04: some stream lacks its resources and would flow all the same.
bool unmet_and_flowing(const sip::Sdp& sdp) {
    for (std::size_t i = 0; i < sdp.media().size(); ++i) {
        const bool unmet = sip::qos::Stream(sdp.media()[i]).unmet_locally();
        if (sdp.port(i) != 0 && unmet && sdp.direction(i) == sip::Direction::sendrecv) return true;
    }
    return false;
}

/// E08. A g.3gpp.cs-voice tag is older and says nothing.
bool has_rel7_content(const sip::Message& invite) {
    for (const auto id : {HeaderId::p_preferred_service, HeaderId::p_early_media, HeaderId::feature_caps}) {
        if (invite.has(id)) return true;
    }
    for (const auto id : {HeaderId::accept_contact, HeaderId::contact}) {
        for (const auto value : invite.values(id)) {
            for (const auto part : sip::split_outside_quotes(value, ';')) {
                const auto name = sip::param_of(part).name;
                if (sip::istarts_with(name, "+g.3gpp.") && !sip::iequals(name, "+g.3gpp.cs-voice")) return true;
            }
        }
    }
    return false;
}

bool starts_with_any(std::string_view type, std::initializer_list<std::string_view> prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](std::string_view prefix) { return sip::istarts_with(type, prefix); });
}

/// E10, E11, E12 of one access type.
Evidence access_evidence(const std::string& type) {
    const bool rel7_or_later = starts_with_any(type, {"3GPP-E-UTRAN", "3GPP-NR", "DOCSIS", "DVB-RCS2"}) ||
                               sip::icontains(type, "PON") || sip::iequals(type, "IEEE-802.11n") ||
                               sip::iequals(type, "IEEE-802.11ac");
    if (rel7_or_later) return {"E10", "access type " + type + " came with Rel-7 or later", 0, 4};
    const bool rel7_or_8 =
        starts_with_any(type, {"ADSL", "VDSL", "SDSL", "IEEE-802.3", "3GPP2-UMB"}) || sip::iequals(type, "IDSL");
    if (rel7_or_8) return {"E11", "access type " + type + " came with Rel-7 or Rel-8", 0, 2};
    return {"E12", "access type " + type + " is neutral", 0, 0};
}

void collect_tag_evidence(const Facts& facts, std::vector<Evidence>& evidence) {
    const bool required = facts.require.contains("precondition");
    if (required) evidence.push_back({"E01", "Require contains precondition", 4, 0});
    if (facts.require.contains("100rel")) evidence.push_back({"E03", "Require contains 100rel", 1, 0});
    if (!required && facts.supported.contains("precondition")) {
        evidence.push_back({"E05", "precondition in Supported and not in Require", 0, 4});
    }
    const auto newer = facts.supported & sip::OptionTags{"gruu", "outbound", "199", "tdialog", "histinfo"};
    if (!newer.empty()) {
        evidence.push_back({"E09", "Supported: " + newer.print(), 0, std::min(2, static_cast<int>(newer.size()))});
    }
}

void collect_sdp_evidence(const Facts& facts, std::vector<Evidence>& evidence) {
    if (!facts.sdp) return;
    if (facts.remote == Strength::none) evidence.push_back({"E02", "desired strength for remote is none", 3, 0});
    if (facts.remote == Strength::mandatory) {
        evidence.push_back({"E02", "desired strength for remote is mandatory", 2, 0});
    }
    if (!facts.supported.contains("precondition") && unmet_and_flowing(*facts.sdp)) {
        evidence.push_back({"E04", "a stream without its resources is sendrecv", 1, 0});
    }
    if (sip::qos::inactive_until_met(*facts.sdp)) {
        evidence.push_back({"E06", "streams are inactive until resources exist", 0, 3});
    }
    if (facts.local == Strength::mandatory && facts.remote == Strength::optional) {
        evidence.push_back({"E07", "mandatory local and optional remote", 0, 2});
    }
}

void collect_header_evidence(const sip::Message& invite, const KnownOfUe& known, std::vector<Evidence>& evidence) {
    if (has_rel7_content(invite)) evidence.push_back({"E08", "Rel-7 service headers or feature tags", 0, 3});
    std::optional<Evidence> strongest;
    for (const auto value : invite.values(HeaderId::p_access_network_info)) {
        const auto info = sip::AccessNetworkInfo::parse(value);
        if (!info) continue;
        auto one = access_evidence(info->type);
        if (!strongest || one.rel6 > strongest->rel6) strongest = std::move(one);
    }
    if (strongest) evidence.push_back(*strongest);
    if (known.contact_had_feature_tags) evidence.push_back({"E15", "registered Contact carried feature tags", 0, 1});
}

struct Verdict {
    UeClass ue_class;
    std::string_view rule;
};

Verdict judge(const Facts& facts, const KnownOfUe& known, const std::vector<Evidence>& evidence) {
    const auto saw = [&](std::string_view id) {
        return std::any_of(evidence.begin(), evidence.end(), [&](const Evidence& one) { return one.id == id; });
    };
    if (known.provisioned) return {*known.provisioned, "IW-DET-01(a)"};
    const bool tagged = facts.require.contains("precondition") || facts.supported.contains("precondition");
    if (!tagged && !facts.qos_lines) return {UeClass::plain, "IW-DET-02"};
    if (saw("E05")) return {UeClass::rel6, "IW-DET-01(b)"};
    if (saw("E01") && facts.remote != Strength::optional) return {UeClass::rel5, "IW-DET-01(c)"};
    if (saw("E10") && !saw("E01")) return {UeClass::rel6, "IW-DET-01(e)"};
    int difference = 0;
    for (const auto& one : evidence) difference += one.rel5 - one.rel6;
    if (difference >= 3) return {UeClass::rel5, "IW-DET-01 sum"};
    if (difference <= -3) return {UeClass::rel6, "IW-DET-01 sum"};
    return {UeClass::unknown, "IW-DET-01 sum"};
}

}  // namespace

std::string_view ue_class_name(UeClass ue_class) {
    constexpr std::array<std::string_view, 4> names{"UE_R5", "UE_R6", "UE_PLAIN", "UE_UNKNOWN"};
    return names.at(static_cast<std::size_t>(ue_class));
}

std::string Detection::describe() const {
    std::string text(ue_class_name(ue_class));
    text += " by " + rule;
    std::string_view separator = ": ";
    for (const auto& one : evidence) {
        text.append(separator).append(one.id).append(" ").append(one.text);
        text.append(" (+").append(std::to_string(one.rel5)).append("/+").append(std::to_string(one.rel6)).append(")");
        separator = "; ";
    }
    return text;
}

Detection detect_ue(const sip::Message& invite, const KnownOfUe& known) {
    const auto facts = facts_of(invite);
    Detection result;
    collect_tag_evidence(facts, result.evidence);
    collect_sdp_evidence(facts, result.evidence);
    collect_header_evidence(invite, known, result.evidence);
    std::sort(result.evidence.begin(), result.evidence.end(),
              [](const Evidence& a, const Evidence& b) { return a.id < b.id; });
    const auto verdict = judge(facts, known, result.evidence);
    result.ue_class = verdict.ue_class;
    result.rule = verdict.rule;
    return result;
}

PeerClass classify_peer(const PeerFacts& facts) {
    if (facts.trusted_interconnect) return PeerClass::ims;
    const auto& known = facts.capabilities;
    if (known.shows(Capability::reliable_responses) || known.shows(Capability::precondition)) {
        return PeerClass::sip_with_extensions;
    }
    if (known.lacks(Capability::reliable_responses) || known.lacks(Capability::precondition)) return PeerClass::plain;
    return PeerClass::unknown;
}

}  // namespace isthmus::interworking
