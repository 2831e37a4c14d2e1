// Where an originating request wants to go (SO-SES-14, SO-SES-15, IW-RTE-01), pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/sip/message.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::session {

enum class Place : std::uint8_t {
    home,       ///< a user of ours: to the I-CSCF
    number,     ///< a telephone number: no translation is available, so only our own users can have it
    outside,    ///< a SIP server of another domain
    emergency,  ///< urn:service:sos
    nowhere     ///< this node itself, or a scheme we do not route
};

struct Destination {
    Place place = Place::nowhere;
    std::string host;  ///< with outside: of the Request-URI
};

/// `is_home` says whether a host is a home domain, `is_own_node` whether a URI names one of our own nodes.
Destination destination(const sip::Uri& request_uri, const std::function<bool(std::string_view)>& is_home,
                        const std::function<bool(const sip::Uri&)>& is_own_node);

}  // namespace isthmus::session
