#include "icscf/location_query.hpp"

#include "common/sip/headers.hpp"
#include "common/sip/text.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::icscf {

using sip::HeaderId;
using sip::Uri;

namespace {

/// IC-SES-02: only a global number can be looked up; a short local one is an incomplete one.
std::variant<subscriber::LocationQuery, NotLocatable> by_number(std::string_view number) {
    if (!number.empty() && number.front() == '+')
        return subscriber::LocationQuery{.public_identity = "tel:" + std::string(number)};
    return NotLocatable{number.size() < 3 ? 484 : 404, "IC-SES-02"};
}

}  // namespace

std::variant<subscriber::LocationQuery, NotLocatable> location_query(const sip::Message& request, bool originating) {
    if (originating) {  // IC-SES-07: the served user, not the callee
        subscriber::LocationQuery query;
        query.originating = true;
        if (const auto served = sip::ServedUser::parse(request.value(HeaderId::p_served_user))) {
            query.public_identity = served->uri.canonical_identity();
            return query;
        }
        const auto asserted = sip::AssertedIdentities::of(request);
        if (asserted.empty()) return NotLocatable{403, "IC-SES-07"};
        query.public_identity = (asserted.sip ? *asserted.sip : *asserted.tel).uri.canonical_identity();
        return query;
    }
    const auto uri = Uri::parse(request.request_uri());
    if (!uri) return NotLocatable{400, "IC-SES-02"};
    const auto identity = uri->canonical_identity();
    if (uri->scheme == Uri::Scheme::tel) return by_number(identity.substr(4));
    if (!uri->is_sip()) return NotLocatable{416, "ER-SES-16"};
    if (sip::iequals(uri->param("user").value_or(""), "phone")) {
        Uri tel;
        tel.scheme = Uri::Scheme::tel;
        tel.user = uri->user;
        return by_number(tel.canonical_identity().substr(4));
    }
    return subscriber::LocationQuery{.public_identity = identity};
}

}  // namespace isthmus::icscf
