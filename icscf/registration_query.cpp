#include "icscf/registration_query.hpp"

#include "common/sip/digest.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::icscf {

using sip::HeaderId;

bool is_deregistration(const sip::Message& request) {
    if (!request.has(HeaderId::contact)) return false;  // a query
    const auto general = request.number(HeaderId::expires);
    for (const auto value : request.values(HeaderId::contact)) {
        const auto contact = sip::Contact::parse(value);
        if (!contact) continue;
        if (contact->expires.value_or(general.value_or(1)) != 0) return false;
    }
    return true;
}

std::variant<subscriber::UserAuthorization, BadRequest> registration_query(const sip::Message& request) {
    const auto to = sip::NameAddr::parse(request.value(HeaderId::to));
    if (!to) return BadRequest{"Malformed To"};
    subscriber::UserAuthorization query;
    query.public_identity = to->uri.canonical_identity();
    const auto credentials = sip::DigestCredentials::parse(request.value(HeaderId::authorization));
    // IR-REG-02: without a user name the private identity is the public one, less its scheme.
    query.private_identity = credentials && !credentials->username.empty()
                                 ? credentials->username
                                 : query.public_identity.substr(query.public_identity.find(':') + 1);
    if (const auto network = sip::VisitedNetworkId::parse(request.first(HeaderId::p_visited_network_id)))
        query.visited_network = network->network;
    query.type = is_deregistration(request) ? subscriber::AuthorizationType::de_registration
                                            : subscriber::AuthorizationType::registration;
    return query;
}

}  // namespace isthmus::icscf
