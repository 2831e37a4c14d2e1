// What the I-CSCF asks the directory about any other request (IC-SES-02, IC-SES-07), pure.
#pragma once

#include <string>
#include <variant>

#include "common/sip/message.hpp"
#include "common/subscriber/directory.hpp"

namespace isthmus::icscf {

/// The request cannot be located: answered with `status`.
struct NotLocatable {
    int status = 404;
    std::string rule;
};

std::variant<subscriber::LocationQuery, NotLocatable> location_query(const sip::Message& request, bool originating);

}  // namespace isthmus::icscf
