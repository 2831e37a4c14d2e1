// What the I-CSCF asks the directory about a REGISTER (IR-REG-02), pure.
#pragma once

#include <variant>

#include "common/sip/message.hpp"
#include "common/subscriber/directory.hpp"

namespace isthmus::icscf {

struct BadRequest {
    std::string detail;
};

std::variant<subscriber::UserAuthorization, BadRequest> registration_query(const sip::Message& request);

/// True when every Contact of the REGISTER ends at 0: `*`, expires=0, or Expires: 0.
bool is_deregistration(const sip::Message& request);

}  // namespace isthmus::icscf
