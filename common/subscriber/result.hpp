// Results of the directory (cx.md section 5) and what each means in SIP (CX-20, CX-21). Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace isthmus::subscriber {

/// The four questions a CSCF asks, in the words of TS 29.228.
enum class Request : std::uint8_t {
    authorise,     ///< UAR, I-CSCF, REGISTER
    locate,        ///< LIR, I-CSCF, any other request
    authenticate,  ///< MAR, S-CSCF, REGISTER
    assign,        ///< SAR, S-CSCF, REGISTER or a request for a user who is not loaded
};

enum class Result : std::uint8_t {
    success,                         ///< Result-Code 2001
    first_registration,              ///< 2001
    subsequent_registration,         ///< 2002
    unregistered_service,            ///< 2003
    success_server_name_not_stored,  ///< 2004
    user_unknown,                    ///< 5001
    identities_dont_match,           ///< 5002
    identity_not_registered,         ///< 5003
    roaming_not_allowed,             ///< 5004
    identity_already_registered,     ///< 5005
    auth_scheme_not_supported,       ///< 5006
    in_assignment_type,              ///< 5007
    authorization_rejected,          ///< base 5003
    unable_to_comply,                ///< base 5012, 4xxx, other 3xxx, an answer that makes no sense
    other_permanent_failure,         ///< any other 5xxx
    unreachable,                     ///< no answer (CX-21)
};

std::string_view name(Result result);

/// What the asking node does next.
struct SipEffect {
    enum class Kind : std::uint8_t {
        proceed,   ///< go on with the answer
        reroute,   ///< forward to the S-CSCF that the answer names (SR-REG-57)
        to_icscf,  ///< the name is not known: hand the request to the I-CSCF (SR-REG-57)
        answer,    ///< answer with `status`
    };
    Kind kind = Kind::proceed;
    int status = 0;  ///< with `answer` only
    /// 503 to REGISTER only: carries Retry-After 5..30 and `subscriber_data_unavailable` (SR-REG-60).
    bool with_unavailable_warning = false;

    friend bool operator==(const SipEffect&, const SipEffect&) = default;
};

/// Text of the Warning 399 that marks the one 503 which passes unchanged (SR-REG-60, PR-REG-32).
inline constexpr std::string_view subscriber_data_unavailable = "Subscriber data unavailable";

/// Text of the Warning 399 by which an S-CSCF says that another one should serve its users (ER-REG-18).
inline constexpr std::string_view scscf_draining = "S-CSCF draining";

/// The owner's table of cx.md section 5. `for_register` matters to `assign` alone: the other three imply the
/// method. `server_named` tells whether the answer carries a server name (5005).
SipEffect sip_effect(Result result, Request request, bool for_register, bool server_named);

}  // namespace isthmus::subscriber
