// The attempt engine: one UE INVITE towards the Internet, modes STRICT, PASS and RETRY, as a pure machine
// (internet-interworking.md sections 4 and 11). State + event -> state + actions; no clock, socket or randomness.
//
// The shell sends what an action says, keeps the messages (the engine names them by attempt number), and reports
// back. ACK to a non-2xx is the transaction layer's and has gone out before a final() reaches the engine (IW-ORG-04);
// so are 100 to the UE and 200 to its CANCEL, and the failover between the addresses of one target (IW-RTE-08). In the
// b2bua role every 2xx the engine does not hand to the UE gets an AckAndByeNet; the ACK of one it does hand on follows
// the UE's ACK.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scscf/interworking/engine_events.hpp"
#include "scscf/interworking/next_step.hpp"

namespace isthmus::interworking {

class Engine {
  public:
    enum class Phase : std::uint8_t { idle, sent, proceeding, alerted, answered, failed, cancelled };

    Actions on(const Event& event);
    [[nodiscard]] Phase phase() const { return phase_; }
    /// The UE has its final response and every attempt has ended: nothing more is to come but retransmissions.
    [[nodiscard]] bool done() const;

  private:
    /// One Request-URI: that of the INVITE, or a contact of a 3xx (IW-ORG-07). It has its own level, keys and guards.
    struct Target {
        unsigned number = 0;
        Terms terms;
        unsigned depth = 0;  ///< redirections that led to it
        unsigned attempts = 0;
        std::vector<std::string> keys;
        bool tag_forwarded = false;  ///< a response with a To tag went to the UE in the proxy role (IW-RET-06)
    };
    struct Attempt {
        Relaxation relaxation;
        Sent sent;
        Role role = Role::proxy;
        bool again = false;
        bool with_credentials = false;
        bool provisional = false;
        bool cancel_sent = false;
        bool ended = false;                      ///< final response, or no transaction left
        std::optional<sip::Reason> abandoned;    ///< what CANCEL or BYE say if it still comes to life
        std::vector<std::string> answered_tags;  ///< To tags of its 2xx
        std::optional<Classified> failure;       ///< of its final response
        int status = 0;                          ///< of that, or what silence stands for
        std::optional<Step> then;                ///< taken as soon as this one, given up for it, has ended (T13)
        bool set_aside = false;                  ///< what it ended with is no word of the callee to the UE
    };
    enum class UeFinal : std::uint8_t { none, success, refusal };

    Actions handle(const Start& event);
    Actions handle(const Provisional& event);
    Actions handle(const Final& event);
    Actions handle(const Success& event);
    Actions handle(const EarlyRefusal& event);
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

    Actions send(const Step& step, Why why);
    /// The first INVITE to a target; a refusal where it is known to lack what STRICT insists on.
    Actions open_target(Target target, Why why);
    /// Gives the current attempt up; CANCEL goes now or with its first provisional response.
    void abandon(const sip::Reason& reason, const Why& why, Actions& actions);
    Action respond(int status, std::string phrase, std::optional<std::string> warning,
                   std::optional<sip::Reason> reason, Why why);
    Action refuse(const sip::OptionTags& missing, int cause, Why why);
    /// The guard that forbids another attempt, if one does.
    [[nodiscard]] std::optional<Why> retry_blocked() const;
    /// IW-ORG-05
    [[nodiscard]] bool used(const Step& step) const;
    Actions decide(const Final& event);
    Actions follow(const Final& event);
    /// The next target, or IW-ORG-06 over all attempts so far.
    Actions finish(Why why);
    [[nodiscard]] const Attempt* answer_for_ue() const;
    Action nobody_answered(int status, Why why);
    Actions unanswered(Attempt& attempt, int status, Why why);
    /// A given-up attempt ended.
    Actions end_abandoned(Attempt& attempt);
    Actions go_on_after(Attempt& attempt);
    Actions late_success(Attempt& attempt, const Success& event);
    [[nodiscard]] sip::OptionTags violated_by(const Provisional& event) const;
    [[nodiscard]] sip::OptionTags violated_by(const Success& event) const;

    Phase phase_ = Phase::idle;
    Offer offer_;
    std::vector<Attempt> attempts_;
    Target target_;
    std::vector<Target> waiting_;  ///< not tried yet
    unsigned targets_ = 0;         ///< accepted so far, the first included
    sip::OptionTags refused_;      ///< tags that a 420 named (T07)
    UeFinal ue_final_ = UeFinal::none;
    bool answer_shown_ = false;  ///< under the present own To tag
    bool qos_answer_seen_ = false;
    bool alerted_ = false;
    bool budget_spent_ = false;
    unsigned own_tag_ = 1;
    unsigned own_cseq_ = 0;
};

}  // namespace isthmus::interworking
