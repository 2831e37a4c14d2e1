#include "pcscf/asserted_identity.hpp"

#include <algorithm>

#include "common/sip/uri.hpp"

namespace isthmus::pcscf {

using sip::HeaderId;
using sip::Message;

namespace {

std::size_t place_of(const AccessBinding& binding, const std::string& identity) {
    const auto& all = binding.public_identities;
    return static_cast<std::size_t>(std::find(all.begin(), all.end(), identity) - all.begin());
}

bool owns(const AccessBinding& binding, std::string_view value) {
    const auto address = sip::NameAddr::parse(value);
    return address && place_of(binding, address->uri.canonical_identity()) < binding.public_identities.size();
}

}  // namespace

bool too_many_preferred(const Message& request) {
    int sip_identities = 0;
    int tel_identities = 0;
    for (const auto value : request.values(HeaderId::p_preferred_identity)) {
        const auto address = sip::NameAddr::parse(value);
        if (!address) continue;
        ++(address->uri.scheme == sip::Uri::Scheme::tel ? tel_identities : sip_identities);
    }
    return sip_identities > 1 || tel_identities > 1;
}

Binding user_named(const std::vector<Binding>& bindings, const Message& request) {
    for (const auto id : {HeaderId::p_preferred_identity, HeaderId::from})
        for (const auto value : request.values(id))
            for (auto binding = bindings.rbegin(); binding != bindings.rend(); ++binding)
                if (owns(**binding, value)) return *binding;
    return nullptr;
}

Binding user_behind(const std::vector<Binding>& bindings, const Message& request) {
    if (bindings.empty()) return nullptr;
    const auto named = user_named(bindings, request);
    return named ? named : bindings.back();
}

std::string asserted_identity(const Message& message, const AccessBinding& binding, std::string_view fallback) {
    for (const auto value : message.values(HeaderId::p_preferred_identity)) {
        const auto address = sip::NameAddr::parse(value);
        if (!address) continue;
        const auto place = place_of(binding, address->uri.canonical_identity());
        if (place < binding.asserted.size()) return binding.asserted[place];
    }
    return std::string(fallback);
}

void assert_identity(Message& message, const std::string& identity) {
    message.remove(HeaderId::p_preferred_identity);
    message.remove(HeaderId::p_asserted_identity);
    if (!identity.empty()) message.append(HeaderId::p_asserted_identity, identity);
}

}  // namespace isthmus::pcscf
