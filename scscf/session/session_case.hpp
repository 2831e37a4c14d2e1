// What a request is to the S-CSCF: found from its top Route and Request-URI (SO-SES-01), pure.
#pragma once

#include <string>

#include "common/proxy/forward.hpp"
#include "common/sip/message.hpp"

namespace isthmus::session {

enum class SessionCase : std::uint8_t {
    originating,        ///< a served user begins something
    terminating,        ///< something begins for a served user
    in_dialog,          ///< our Record-Route token: goes on along its Route
    translated_dialog,  ///< our Contact: the other leg of a bridged dialog
    unknown_dialog      ///< a To tag, and no token of ours
};

struct Position {
    SessionCase session_case = SessionCase::terminating;
    std::optional<proxy::Token> token;  ///< that told
    std::string rule;
    std::string own_params = {};  ///< of our Route entry that was taken off
};

/// `own` is what was taken off the Route; `contact_token` the token in the Request-URI.
Position position(const sip::Message& request, const proxy::OwnRoute& own,
                  const std::optional<proxy::Token>& contact_token);

}  // namespace isthmus::session
