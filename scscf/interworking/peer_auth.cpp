#include "scscf/interworking/peer_auth.hpp"

#include "common/sip/digest.hpp"

namespace isthmus::interworking {

namespace {

using sip::HeaderId;

bool answer(sip::Message& request, const sip::Message& refusal, HeaderId challenge_field, HeaderId answer_field,
            std::string_view username, std::string_view password, std::string_view client_nonce) {
    bool answered = false;
    for (const auto value : refusal.values(challenge_field)) {
        const auto challenge = sip::DigestChallenge::parse(value);
        if (!challenge) continue;
        sip::DigestCredentials credentials;
        credentials.username = username;
        credentials.realm = challenge->realm;
        credentials.nonce = challenge->nonce;
        credentials.uri = request.request_uri();
        credentials.algorithm = challenge->algorithm;
        credentials.opaque = challenge->opaque;
        if (!challenge->qop.empty()) {  // offered: then with protection against replay (RFC 2617 3.2.2)
            credentials.qop = "auth";
            credentials.nc = "00000001";
            credentials.cnonce = client_nonce;
        }
        const auto algorithm = sip::digest_algorithm(challenge->algorithm);
        if (!algorithm || *algorithm == sip::DigestAlgorithm::aka_v1_md5 || !credentials.computable()) continue;
        const auto ha1 = sip::digest_ha1(username, challenge->realm, password, *algorithm);
        credentials.response = sip::digest_response(ha1, credentials, sip::method_name(request.method()));
        request.append(answer_field, credentials.print());
        answered = true;
        break;  // the first we can do is the one the server likes best (RFC 8760 2.4)
    }
    return answered;
}

}  // namespace

bool answer_challenges(sip::Message& request, const sip::Message& refusal, std::string_view username,
                       std::string_view password, std::string_view client_nonce) {
    const bool to_server =
        answer(request, refusal, HeaderId::www_authenticate, HeaderId::authorization, username, password, client_nonce);
    const bool to_proxy = answer(request, refusal, HeaderId::proxy_authenticate, HeaderId::proxy_authorization,
                                 username, password, client_nonce);
    return to_server || to_proxy;
}

}  // namespace isthmus::interworking
