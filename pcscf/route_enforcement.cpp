#include "pcscf/route_enforcement.hpp"

#include "common/sip/uri.hpp"

namespace isthmus::pcscf {

using sip::HeaderId;

namespace {

bool same_route(std::string_view left, std::string_view right) {
    if (left == right) return true;
    const auto a = sip::NameAddr::parse(left);
    const auto b = sip::NameAddr::parse(right);
    return a && b && sip::equivalent(a->uri, b->uri);
}

bool as_registered(const sip::Message& request, const std::vector<std::string>& service_route) {
    const auto route = request.values(HeaderId::route);
    if (route.size() != service_route.size()) return false;
    for (std::size_t i = 0; i < route.size(); ++i)
        if (!same_route(route[i], service_route[i])) return false;
    return true;
}

}  // namespace

RouteVerdict enforce_route(sip::Message& request, const std::vector<std::string>& service_route, RouteCheck check) {
    if (as_registered(request, service_route)) return RouteVerdict::as_registered;
    if (check == RouteCheck::reject) return RouteVerdict::refused;
    request.remove(HeaderId::route);
    for (const auto& route : service_route) request.append(HeaderId::route, route);
    return RouteVerdict::replaced;
}

}  // namespace isthmus::pcscf
