// The attempt engine: one UE INVITE towards one Internet target, modes STRICT, PASS and RETRY, as a pure machine
// (internet-interworking.md sections 4 and 11). State + event -> state + actions; no clock, socket or randomness.
//
// The shell sends what an action says, keeps the messages (the engine names them by attempt number), and reports
// back. ACK to a non-2xx is the transaction layer's and has gone out before a final() reaches the engine (IW-ORG-04);
// so are 100 to the UE and 200 to its CANCEL. In the b2bua role every 2xx the engine does not hand to the UE gets
// an AckAndByeNet; the ACK of one it does hand on follows the UE's ACK.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/sip/headers.hpp"
#include "common/sip/message.hpp"
#include "common/sip/option_tags.hpp"
#include "scscf/interworking/detection.hpp"
#include "scscf/interworking/failure.hpp"
#include "scscf/interworking/relaxation.hpp"

namespace isthmus::interworking {

enum class Mode : std::uint8_t { strict, pass, retry };
enum class Role : std::uint8_t { proxy, b2bua };

/// IW-RET-06: the role of the first attempt. `privacy_needs_b2bua`: see border.hpp (IW-IDP-04).
Role first_role(Mode mode, UeClass ue_class, bool qos_lines, bool privacy_needs_b2bua);

/// Why something is done: for the log, the trace and the decision record.
struct Why {
    std::string rule;      ///< "IW-ORG-03"
    std::string row;       ///< "T01", or empty
    std::string evidence;  ///< "420 Unsupported: precondition"
};

// ---- events -------------------------------------------------------------------------------------------------

/// The UE's initial INVITE with what policy and detection said.
struct Start {
    bool allowed = true;  ///< access=allow (IW-POL-01)
    Mode mode = Mode::pass;
    Role role = Role::proxy;
    sip::OptionTags required_caps;  ///< as the policy row names them
    sip::OptionTags known_missing;  ///< capabilities the destination is known to lack (provisioned, learned)
    unsigned max_attempts = 3;
    std::string transport = "udp";
    Offer offer;
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
};
struct Success {
    unsigned attempt = 0;
    std::string to_tag;
    bool sdp = false;
    bool qos_lines = false;
    std::optional<bool> update;

    static Success of(unsigned attempt, const sip::Message& response);
};
struct UeCancel {};
/// Nothing at all came within target_timeout (IW-RTE-08).
struct TargetTimeout {
    unsigned attempt = 0;
    bool over = false;  ///< its transaction has ended: nothing can come any more
};
struct TransportError {
    unsigned attempt = 0;
};
struct SetupBudgetExpired {};
struct TimerC {
    unsigned attempt = 0;
};

using Event = std::variant<Start, Provisional, Final, Success, UeCancel, TargetTimeout, TransportError,
                           SetupBudgetExpired, TimerC>;

// ---- actions ------------------------------------------------------------------------------------------------

/// Attempts count from 1. In the b2bua role all attempts share Call-ID and From tag of our net dialog, no To tag, and
/// `own_cseq` is 1, 2, ...; in the proxy role it is 0 and the UE's CSeq goes on (retry identity table).
struct SendInvite {
    unsigned attempt = 0;
    Role role = Role::proxy;
    unsigned own_cseq = 0;
    Relaxation relaxation;  ///< to be applied to the INVITE as received: relax() in relaxation.hpp
    Sent sent;              ///< what that leaves: level, tags, qos lines
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
/// IW-ORG-11.
struct RestartTimerC {
    unsigned attempt = 0;
};

struct Action {
    std::variant<SendInvite, ForwardProvisional, ForwardFinal, ForwardSuccess, CancelNet, AckAndByeNet, RespondUe,
                 RestartTimerC>
        what;
    Why why;
};
using Actions = std::vector<Action>;

// ---- the machine --------------------------------------------------------------------------------------------

class Engine {
  public:
    enum class Phase : std::uint8_t { idle, sent, proceeding, alerted, answered, failed, cancelled };

    Actions on(const Event& event);
    [[nodiscard]] Phase phase() const { return phase_; }
    /// The UE has its final response and every attempt has ended: nothing more is to come but retransmissions.
    [[nodiscard]] bool done() const;

  private:
    struct Attempt {
        Relaxation relaxation;
        Sent sent;
        Role role = Role::proxy;
        bool provisional = false;
        bool cancel_sent = false;
        bool ended = false;                      ///< final response, or no transaction left
        std::optional<sip::Reason> abandoned;    ///< what CANCEL or BYE say if it still comes to life
        std::vector<std::string> answered_tags;  ///< To tags of its 2xx
        std::optional<Classified> failure;
        int status = 0;
    };
    enum class UeFinal : std::uint8_t { none, success, refusal };

    Actions handle(const Start& event);
    Actions handle(const Provisional& event);
    Actions handle(const Final& event);
    Actions handle(const Success& event);
    Actions handle(const UeCancel& event);
    Actions handle(const TargetTimeout& event);
    Actions handle(const TransportError& event);
    Actions handle(const SetupBudgetExpired& event);
    Actions handle(const TimerC& event);

    Attempt* find(unsigned number);
    Attempt& current() { return attempts_.back(); }
    [[nodiscard]] bool live() const;
    [[nodiscard]] bool live(unsigned number) const;
    [[nodiscard]] unsigned ue_tag() const;

    Actions send(const Relaxation& relaxation, Role role, Why why);
    /// Gives the current attempt up; CANCEL goes now or with its first provisional response.
    void abandon(const sip::Reason& reason, const Why& why, Actions& actions);
    Action respond(int status, std::string phrase, std::optional<std::string> warning,
                   std::optional<sip::Reason> reason, Why why);
    Action refuse(const sip::OptionTags& missing, int cause, Why why);
    /// The guard that forbids another attempt, if one does.
    [[nodiscard]] std::optional<Why> retry_blocked() const;
    Actions decide(const Failure& failure);
    /// IW-ORG-06 over all attempts so far.
    Actions finish(Why why);
    /// A given-up attempt ended without a 2xx.
    Actions end_abandoned(Attempt& attempt);
    [[nodiscard]] sip::OptionTags violated_by(const Provisional& event) const;
    [[nodiscard]] sip::OptionTags violated_by(const Success& event) const;

    Phase phase_ = Phase::idle;
    Start start_;
    std::vector<Attempt> attempts_;
    std::vector<std::string> keys_;
    UeFinal ue_final_ = UeFinal::none;
    bool tag_forwarded_ = false;  ///< a response with a To tag went to the UE in the proxy role (IW-RET-06)
    bool answer_shown_ = false;   ///< under the present own To tag
    bool qos_answer_seen_ = false;
    bool alerted_ = false;
    bool budget_spent_ = false;
    unsigned own_tag_ = 1;
    unsigned own_cseq_ = 0;
};

}  // namespace isthmus::interworking
