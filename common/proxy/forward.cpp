#include "common/proxy/forward.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/sip/text.hpp"

namespace isthmus::proxy {

using sip::HeaderId;

std::optional<Refusal> check_request(const sip::Message& request, const transaction::Seed& secret,
                                     const std::vector<std::string_view>& known_tags) {
    if (request.has(HeaderId::max_forwards) && request.number(HeaderId::max_forwards) == 0U)
        return Refusal{483, "Too Many Hops", {}};
    if (is_loop(request, secret)) return Refusal{482, "Loop Detected", {}};
    if (request.method() == sip::Method::ack || request.method() == sip::Method::cancel) return std::nullopt;
    std::string unknown;
    for (const auto tag : request.values(HeaderId::proxy_require)) {
        const bool known = std::any_of(known_tags.begin(), known_tags.end(),
                                       [tag](std::string_view name) { return sip::iequals(name, tag); });
        if (!known) unknown.append(unknown.empty() ? "" : ", ").append(tag);
    }
    if (!unknown.empty()) return Refusal{420, "Bad Extension", unknown};  // IW-CAP-06
    return std::nullopt;
}

void count_hop(sip::Message& request) {
    const auto left = request.number(HeaderId::max_forwards);
    request.set(HeaderId::max_forwards, fmt::format_int(left ? (*left > 0 ? *left - 1 : 0) : 70).str());
}

OwnRoute take_own_routes(sip::Message& request, const transaction::Seed& secret,
                         const std::function<bool(const sip::Uri&)>& is_own) {
    OwnRoute own;
    // RFC 3261 16.4: a strict router put our Record-Route value where the Request-URI belongs.
    if (request.has(HeaderId::route)) {
        if (const auto token = token_of(request.request_uri(), secret); token && token->position != Position::bridge) {
            const auto routes = request.values(HeaderId::route);
            const auto last = sip::NameAddr::parse(routes.back());
            own.present = true;
            own.token = token;
            std::string kept;
            for (std::size_t i = 0; i + 1 < routes.size(); ++i) kept.append(i == 0 ? "" : ", ").append(routes[i]);
            if (last) request.set_request_uri(last->uri.print());
            if (kept.empty())
                request.remove(HeaderId::route);
            else
                request.set(HeaderId::route, kept);
        }
    }
    while (request.has(HeaderId::route)) {
        const auto top = sip::NameAddr::parse(request.first(HeaderId::route));
        if (!top || !is_own(top->uri)) break;
        if (!own.present) {
            own.present = true;
            own.token = decode(top->uri.user, secret);
            own.uri_params = top->uri.params;
        }
        const bool another_position = own.token && decode(top->uri.user, secret) != own.token;
        if (another_position) break;  // the other half of a call served twice here (SO-SES-16): its own pass
        request.pop_first(HeaderId::route);
    }
    return own;
}

std::optional<sip::Uri> next_hop(const sip::Message& request) {
    std::optional<sip::Uri> uri;
    if (request.has(HeaderId::route)) {
        const auto top = sip::NameAddr::parse(request.first(HeaderId::route));
        if (top) uri = top->uri;
    } else {
        uri = sip::Uri::parse(request.request_uri());
    }
    if (uri && !uri->is_sip()) return std::nullopt;
    // RFC 3261 26.2.2: what is asked for by sips goes by TLS, whatever the Route says (IW-RTE-07).
    if (uri && sip::iequals(request.request_uri().substr(0, 5), "sips:")) {
        uri->scheme = sip::Uri::Scheme::sips;
        uri->scheme_name = "sips";
    }
    return uri;
}

}  // namespace isthmus::proxy
