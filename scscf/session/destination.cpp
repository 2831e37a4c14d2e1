#include "scscf/session/destination.hpp"

#include "common/sip/text.hpp"

namespace isthmus::session {

Destination destination(const sip::Uri& uri, const std::function<bool(std::string_view)>& is_home,
                        const std::function<bool(const sip::Uri&)>& is_own_node) {
    if (uri.scheme == sip::Uri::Scheme::tel) return {Place::number, {}};
    if (uri.scheme == sip::Uri::Scheme::urn) return {Place::emergency, {}};
    if (!uri.is_sip()) return {};
    const std::string_view host = uri.host;
    if (is_home(host)) {
        if (sip::iequals(uri.param("user").value_or(""), "phone")) return {Place::number, {}};
        return {Place::home, {}};
    }
    if (is_own_node(uri)) return {};  // SO-SES-17
    return {Place::outside, uri.host};
}

}  // namespace isthmus::session
