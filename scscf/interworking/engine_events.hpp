// What goes into the attempt engine and what comes out of it (internet-interworking.md section 11).
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/sip/headers.hpp"
#include "common/sip/message.hpp"
#include "common/sip/option_tags.hpp"
#include "scscf/interworking/failure.hpp"
#include "scscf/interworking/relaxation.hpp"
#include "scscf/interworking/terms.hpp"

namespace isthmus::interworking {

/// Why something is done: for the log, the trace and the decision record.
struct Why {
    std::string rule;      ///< "IW-ORG-03"
    std::string row;       ///< "T01", or empty
    std::string evidence;  ///< "420 Unsupported: precondition"
};

// ---- events -------------------------------------------------------------------------------------------------

/// The UE's initial INVITE with what policy and detection said of its Request-URI.
struct Start : Terms {
    bool allowed = true;  ///< access=allow (IW-POL-01)
    Offer offer;
};
/// IW-RTE-11
constexpr unsigned most_redirections = 5;

/// One contact of a 3xx that policy lets us follow (IW-RTE-11), in the order to try.
struct Redirect {
    unsigned target = 0;  ///< the shell's number of it; the Request-URI as received is 0
    Terms terms;
};
/// Any 1xx of the net leg, 100 included.
struct Provisional {
    unsigned attempt = 0;
    int status = 0;
    bool to_tag = false;
    bool sdp = false;
    bool qos_lines = false;      ///< in its SDP
    bool reliable = false;       ///< RSeq and Require: 100rel
    std::optional<bool> update;  ///< Allow lists UPDATE; nothing without an Allow

    static Provisional of(unsigned attempt, const sip::Message& response);
};
/// A final response of 300 or more.
struct Final {
    unsigned attempt = 0;
    Failure failure;
    std::string transport;            ///< the attempt went by
    bool extras = false;              ///< see Tried
    std::vector<Redirect> redirects;  ///< of a 3xx; empty where it is to pass
};
struct Success {
    unsigned attempt = 0;
    std::string to_tag;
    bool sdp = false;
    bool qos_lines = false;
    std::optional<bool> update;

    static Success of(unsigned attempt, const sip::Message& response);
};
/// A PRACK or UPDATE of the UE in an early dialog of ours was refused on the net leg, or got no answer (T12..T14).
struct EarlyRefusal {
    unsigned attempt = 0;
    sip::Method method = sip::Method::prack;
    int status = 0;  ///< 408: nothing came
};
struct UeCancel {};
/// Nothing at all came within target_timeout (IW-RTE-08).
struct TargetTimeout {
    unsigned attempt = 0;
    bool over = false;  ///< its transaction has ended: nothing can come any more
};
struct TransportError {
    unsigned attempt = 0;
    bool secure = false;  ///< TLS is insisted on, and was not to be had (IW-RTE-06)
};
struct SetupBudgetExpired {};
struct TimerC {
    unsigned attempt = 0;
};

using Event = std::variant<Start, Provisional, Final, Success, EarlyRefusal, UeCancel, TargetTimeout, TransportError,
                           SetupBudgetExpired, TimerC>;

// ---- actions ------------------------------------------------------------------------------------------------

/// Attempts count from 1. In the b2bua role all attempts share Call-ID and From tag of our net dialog, no To tag, and
/// `own_cseq` is at least 1, 2, ...; in the proxy role it is 0 and the UE's CSeq goes on (retry identity table).
struct SendInvite {
    unsigned attempt = 0;
    unsigned target = 0;  ///< the shell's number
    Role role = Role::proxy;
    unsigned own_cseq = 0;
    Relaxation relaxation;          ///< to be applied to the INVITE as received: relax() in relaxation.hpp
    Sent sent;                      ///< what that leaves: level, tags, qos lines
    std::string transport;          ///< "tcp" to insist on it (T24), else empty
    bool with_credentials = false;  ///< answer the challenge of the attempt before (T20)
};
/// `ue_tag`: which of our own To tags towards the UE, counted from 1; 0 in the proxy role (IW-RET-06).
struct ForwardProvisional {
    unsigned attempt = 0;
    unsigned ue_tag = 0;
};
/// The final response stored for that attempt, with these added.
struct ForwardFinal {
    unsigned attempt = 0;
    unsigned ue_tag = 0;
    std::optional<std::string> warning_399;  ///< text; agent is our host name (IW-RES-06)
};
struct ForwardSuccess {
    unsigned attempt = 0;
    unsigned ue_tag = 0;
};
/// At once: a provisional response was seen.
struct CancelNet {
    unsigned attempt = 0;
    sip::Reason reason;
};
/// `to_tag` names the dialog among the forks of that attempt.
struct AckAndByeNet {
    unsigned attempt = 0;
    std::string to_tag;
    sip::Reason reason;
};
/// A final response of our own.
struct RespondUe {
    int status = 0;
    std::string reason_phrase;
    unsigned ue_tag = 0;
    std::optional<std::string> warning_399;
    std::optional<sip::Reason> reason;
};
/// To the UE's refused PRACK or UPDATE: this instead of the refusal. Without it the refusal goes on.
struct AnswerEarly {
    int status = 0;
};
/// IW-ORG-11.
struct RestartTimerC {
    unsigned attempt = 0;
};

struct Action {
    std::variant<SendInvite, ForwardProvisional, ForwardFinal, ForwardSuccess, CancelNet, AckAndByeNet, RespondUe,
                 AnswerEarly, RestartTimerC>
        what;
    Why why;
};
using Actions = std::vector<Action>;

}  // namespace isthmus::interworking
