#include "common/subscriber/result.hpp"

#include "common/subscriber/directory.hpp"

namespace isthmus::subscriber {
namespace {

constexpr int forbidden = 403;
constexpr int not_found = 404;
constexpr int temporarily_unavailable = 480;
constexpr int internal_error = 500;
constexpr int service_unavailable = 503;
constexpr int gateway_timeout = 504;

SipEffect answer(int status) {
    return {SipEffect::Kind::answer, status, false};
}

bool at_icscf(Request request) {
    return request == Request::authorise || request == Request::locate;
}

/// 4xxx, base 5012, other 3xxx, malformed (CX-20).
int unable_status(Request request, bool for_register) {
    if (!at_icscf(request)) return internal_error;
    return for_register ? temporarily_unavailable : gateway_timeout;
}

int permanent_status(Request request) {
    switch (request) {
        case Request::authorise:
            return forbidden;
        case Request::locate:
            return not_found;
        default:
            return internal_error;
    }
}

SipEffect other_server(bool for_register, bool server_named) {
    if (server_named) return {SipEffect::Kind::reroute, 0, false};
    return for_register ? answer(temporarily_unavailable) : SipEffect{SipEffect::Kind::to_icscf, 0, false};
}

}  // namespace

std::string_view name(Result result) {
    switch (result) {
        case Result::success:
            return "SUCCESS";
        case Result::first_registration:
            return "FIRST_REGISTRATION";
        case Result::subsequent_registration:
            return "SUBSEQUENT_REGISTRATION";
        case Result::unregistered_service:
            return "UNREGISTERED_SERVICE";
        case Result::success_server_name_not_stored:
            return "SUCCESS_SERVER_NAME_NOT_STORED";
        case Result::user_unknown:
            return "ERROR_USER_UNKNOWN";
        case Result::identities_dont_match:
            return "ERROR_IDENTITIES_DONT_MATCH";
        case Result::identity_not_registered:
            return "ERROR_IDENTITY_NOT_REGISTERED";
        case Result::roaming_not_allowed:
            return "ERROR_ROAMING_NOT_ALLOWED";
        case Result::identity_already_registered:
            return "ERROR_IDENTITY_ALREADY_REGISTERED";
        case Result::auth_scheme_not_supported:
            return "ERROR_AUTH_SCHEME_NOT_SUPPORTED";
        case Result::in_assignment_type:
            return "ERROR_IN_ASSIGNMENT_TYPE";
        case Result::authorization_rejected:
            return "AUTHORIZATION_REJECTED";
        case Result::unable_to_comply:
            return "UNABLE_TO_COMPLY";
        case Result::other_permanent_failure:
            return "PERMANENT_FAILURE";
        case Result::unreachable:
            return "UNREACHABLE";
    }
    return "UNABLE_TO_COMPLY";
}

SipEffect sip_effect(Result result, Request request, bool for_register, bool server_named) {
    if (request == Request::authorise || request == Request::authenticate) for_register = true;
    if (request == Request::locate) for_register = false;
    switch (result) {
        case Result::success:
        case Result::first_registration:
        case Result::subsequent_registration:
        case Result::unregistered_service:
        case Result::success_server_name_not_stored:
            return {};
        case Result::user_unknown:
            return answer(for_register ? forbidden : not_found);
        case Result::identities_dont_match:
        case Result::roaming_not_allowed:
        case Result::auth_scheme_not_supported:
        case Result::authorization_rejected:
            return answer(forbidden);
        case Result::identity_not_registered:  // in UAA it is CX-73
            return answer(request == Request::authorise ? forbidden : temporarily_unavailable);
        case Result::identity_already_registered:
            return other_server(for_register, server_named);
        case Result::in_assignment_type:
            return answer(for_register ? forbidden : temporarily_unavailable);
        case Result::unable_to_comply:
            return answer(unable_status(request, for_register));
        case Result::other_permanent_failure:
            return answer(permanent_status(request));
        case Result::unreachable:  // CX-21, SR-REG-60
            return for_register ? SipEffect{SipEffect::Kind::answer, service_unavailable, true}
                                : answer(gateway_timeout);
    }
    return answer(internal_error);
}

}  // namespace isthmus::subscriber
