#include "scscf/interworking/capability.hpp"

#include "common/sip/precondition.hpp"
#include "common/sip/sdp_body.hpp"
#include "common/sip/text.hpp"

namespace isthmus::interworking {

namespace {

struct TagOf {
    Capability capability;
    std::string_view tag;
};

constexpr std::array<TagOf, 3> tags{{{Capability::precondition, "precondition"},
                                     {Capability::reliable_responses, "100rel"},
                                     {Capability::timer, "timer"}}};

std::string_view source_name(Source source) {
    constexpr std::array<std::string_view, 8> names{
        "", "request header", "response header", "420", "method refused", "ignored", "sdp", "provisioned"};
    return names.at(static_cast<std::size_t>(source));
}

void note_tags(CapabilityVector& vector, const sip::OptionTags& seen, Has has, Source source) {
    for (const auto& [capability, tag] : tags) {
        if (seen.contains(tag)) vector.note(capability, has, source);
    }
}

/// A complete Allow says yes and no; an absent one says nothing.
void note_allow(CapabilityVector& vector, const sip::Message& message, Source source) {
    if (!message.has(sip::HeaderId::allow)) return;
    bool update = false;
    bool prack = false;
    for (const auto method : message.values(sip::HeaderId::allow)) {
        update = update || method == "UPDATE";
        prack = prack || method == "PRACK";
    }
    vector.note(Capability::update, update ? Has::yes : Has::no, source);
    vector.note(Capability::prack, prack ? Has::yes : Has::no, source);
}

void note_sdp(CapabilityVector& vector, const sip::Message& message) {
    const auto found = sip::sdp_of(message);
    if (found && sip::qos::present(found->sdp)) vector.note(Capability::precondition, Has::yes, Source::sdp);
}

}  // namespace

std::string_view capability_name(Capability capability) {
    constexpr std::array<std::string_view, 5> names{"precondition", "100rel", "update", "prack", "timer"};
    return names.at(static_cast<std::size_t>(capability));
}

void CapabilityVector::note(Capability capability, Has has, Source source) {
    auto& fact = facts_.at(static_cast<std::size_t>(capability));
    if (fact.source != Source::provisioned || source == Source::provisioned) fact = {has, source};
}

std::string CapabilityVector::describe() const {
    std::string text;
    for (std::size_t i = 0; i < facts_.size(); ++i) {
        const auto& fact = facts_.at(i);
        if (fact.has == Has::unknown) continue;
        if (!text.empty()) text += ", ";
        text.append(capability_name(static_cast<Capability>(i))).append(fact.has == Has::yes ? "=yes (" : "=no (");
        text.append(source_name(fact.source)).append(")");
    }
    return text;
}

void learn_from_request(CapabilityVector& vector, const sip::Message& invite) {
    const auto seen =
        sip::OptionTags::of(invite, sip::HeaderId::supported) | sip::OptionTags::of(invite, sip::HeaderId::require);
    note_tags(vector, seen, Has::yes, Source::request_header);
    note_allow(vector, invite, Source::request_header);
    note_sdp(vector, invite);
}

void learn_from_response(CapabilityVector& vector, const sip::Message& response) {
    const int status = response.status();
    if (status == 405 || status == 501) {
        if (response.method() == sip::Method::update) vector.note(Capability::update, Has::no, Source::method_refused);
        if (response.method() == sip::Method::prack) {
            vector.note(Capability::prack, Has::no, Source::method_refused);
            vector.note(Capability::reliable_responses, Has::no, Source::method_refused);  // T13
        }
        return;
    }
    if (status > 100 && status < 300) {
        const auto seen = sip::OptionTags::of(response, sip::HeaderId::supported) |
                          sip::OptionTags::of(response, sip::HeaderId::require);
        note_tags(vector, seen, Has::yes, Source::response_header);
        note_allow(vector, response, Source::response_header);
        note_sdp(vector, response);
    }
    if (status == 420) {
        note_tags(vector, sip::OptionTags::of(response, sip::HeaderId::unsupported), Has::no, Source::unsupported);
    }
}

}  // namespace isthmus::interworking
