#include "scscf/session/session_case.hpp"

#include "common/sip/uri.hpp"

namespace isthmus::session {

Position position(const sip::Message& request, const proxy::OwnRoute& own,
                  const std::optional<proxy::Token>& contact_token) {
    if (contact_token && contact_token->position == proxy::Position::bridge)
        return {SessionCase::translated_dialog, contact_token, "IW-RET-09"};
    const bool initial = request.to_tag().empty();
    if (own.token) {
        if (own.token->position == proxy::Position::service_route && initial)
            return {SessionCase::originating, own.token, "SO-SES-01(c)", own.uri_params};
        // A new request behind a Record-Route entry of ours is no dialog's: it must earn its way like any other.
        if (!initial && (own.token->position == proxy::Position::originating ||
                         own.token->position == proxy::Position::terminating))
            return {SessionCase::in_dialog, own.token, "SO-SES-01(a)"};
    }
    if (!initial) return {SessionCase::unknown_dialog, std::nullopt, "DG-SES-05"};
    if (own.present && sip::find_param(own.uri_params, "orig"))
        return {SessionCase::originating, std::nullopt, "SO-SES-01(c)", own.uri_params};
    return {SessionCase::terminating, std::nullopt, "SO-SES-01(d)", own.uri_params};
}

}  // namespace isthmus::session
