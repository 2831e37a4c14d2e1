#include "scscf/session/served_user.hpp"

#include <algorithm>

#include "common/sip/headers.hpp"

namespace isthmus::session {

using sip::HeaderId;

namespace {

bool is_tel(std::string_view identity) {
    return identity.substr(0, 4) == "tel:";
}

const ims::PublicIdentity* find(const ims::Profile& profile, const std::string& identity) {
    const auto found = std::find_if(profile.identities.begin(), profile.identities.end(),
                                    [&](const ims::PublicIdentity& one) { return one.uri == identity; });
    return found == profile.identities.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> served_identities(const sip::Message& request) {
    std::vector<std::string> identities;
    if (const auto served = sip::ServedUser::parse(request.value(HeaderId::p_served_user)))
        return {served->uri.canonical_identity()};
    for (const auto value : request.values(HeaderId::p_asserted_identity))
        if (const auto address = sip::NameAddr::parse(value)) identities.push_back(address->uri.canonical_identity());
    return identities;
}

bool may_use(const ims::Profile& profile, const std::string& identity) {
    const auto* found = find(profile, identity);
    return found != nullptr && !found->barred;
}

bool barred(const ims::Profile& profile, const std::string& identity) {
    const auto* found = find(profile, identity);
    return found != nullptr && found->barred;
}

void complete_asserted_identity(sip::Message& request, const ims::Profile& profile) {
    const auto asserted = sip::AssertedIdentities::of(request);
    if (asserted.empty() || (asserted.sip && asserted.tel)) return;
    const bool want_tel = asserted.sip.has_value();
    const auto alias =
        std::find_if(profile.identities.begin(), profile.identities.end(),
                     [=](const ims::PublicIdentity& one) { return !one.barred && is_tel(one.uri) == want_tel; });
    if (alias == profile.identities.end()) return;
    const auto completed =
        want_tel ? asserted.print() + ", <" + alias->uri + ">" : "<" + alias->uri + ">, " + asserted.print();
    request.set(HeaderId::p_asserted_identity, completed);
}

}  // namespace isthmus::session
