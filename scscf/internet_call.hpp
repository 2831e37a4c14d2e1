// One call of an IMS user to an Internet domain: performs what the attempt engine decides (internet-interworking.md 4,
// 11). It owns the attempts' transactions and timers, keeps the messages the engine names by number, and in the b2bua
// role hands the dialogs over to TranslatedDialogs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/runtime/core.hpp"
#include "common/runtime/delivery.hpp"
#include "common/runtime/timer_wheel.hpp"
#include "scscf/interworking/engine.hpp"
#include "scscf/policy/decide.hpp"
#include "scscf/translated_dialog.hpp"

namespace isthmus::scscf {

/// How a call ended for the subscriber, for metrics.
struct CallOutcome {
    std::string_view mode;
    unsigned attempts = 0;
    int status = 0;  ///< the final response the UE got
};

/// What the owner of a call wants to hear of it.
struct CallEvents {
    std::function<void(std::uint64_t id)> gone;  ///< nothing refers to the call any more
    std::function<void(const CallOutcome& outcome)> answered;
    std::function<void(std::string_view level, int status)> attempt_ended;  ///< 2xx and final failures
};

struct InternetCallFacts {
    sip::Message invite;        ///< the UE's, our Route entry off, identities completed; its Vias on
    policy::Decision decision;  ///< access allow
    interworking::Detection detection;
    interworking::BorderPolicy border;
    std::uint64_t loop = 0;
    std::uint64_t id = 0;  ///< of the bridge tokens
    /// What policy says of a contact of a 3xx; nothing for one that is no Internet target (IW-RTE-11).
    std::function<std::optional<policy::Decision>(const sip::Uri&)> decide;
};

class InternetCall final : public runtime::ClientUser,
                           public runtime::TimerTarget,
                           public std::enable_shared_from_this<InternetCall> {
  public:
    InternetCall(std::shared_ptr<runtime::ServerTransaction> upstream, InternetCallFacts facts, CallEvents events);

    void start();
    /// A request or ACK whose Request-URI is one of our Contacts.
    void on_request(const std::shared_ptr<runtime::ServerTransaction>& transaction, Side from);
    void on_ack(const sip::Message& ack, Side from);

    // runtime::ClientUser; attempt n is branch n
    void on_response(std::uint16_t attempt, sip::Message response) override;
    void on_timeout(std::uint16_t attempt) override;
    void on_transport_error(std::uint16_t attempt) override;
    void on_undelivered(std::uint16_t attempt, const runtime::Undelivered& why) override;
    bool on_late_success(std::uint16_t attempt, sip::Message response) override;
    void on_timer(std::uint8_t slot) override;

  private:
    /// The Request-URI as received, or a contact we follow.
    struct Target {
        std::string uri;
        policy::Decision decision;
    };
    struct Attempt {
        unsigned target = 0;
        interworking::Role role = interworking::Role::proxy;
        interworking::Level level = interworking::Level::as_received;
        std::uint32_t cseq = 0;  // b2bua: of our INVITE
        std::shared_ptr<runtime::Delivery> delivery;
        std::optional<sip::Message> newest;                     // response, our Via off
        std::vector<std::pair<std::string, std::string>> tags;  // b2bua: their To tag of each fork, ours for it
        std::vector<std::string> answered;                      // their To tags of its 2xx
        sip::OptionTags demanded;                               // Require as sent
        transport::Peer net;                                    // family and TLS of the way to it
        bool extras = false;                                    // see interworking::Tried
    };

    void feed(const interworking::Event& event);
    void perform(const interworking::Action& action);
    void act(const interworking::SendInvite& action, const std::string& why);
    void act(const interworking::ForwardProvisional& action, const std::string& why);
    void act(const interworking::ForwardFinal& action, const std::string& why);
    void act(const interworking::ForwardSuccess& action, const std::string& why);
    void act(const interworking::CancelNet& action, const std::string& why);
    void act(const interworking::AckAndByeNet& action, const std::string& why);
    void act(const interworking::RespondUe& action, const std::string& why);
    void act(const interworking::RestartTimerC& action, const std::string& why);
    void act(const interworking::AnswerEarly& action, const std::string& why);

    [[nodiscard]] interworking::Terms terms_of(const policy::Decision& decision) const;
    [[nodiscard]] std::vector<interworking::Redirect> follow(const Attempt& of);
    std::optional<int> early_refused(std::string_view net_remote_tag, sip::Method method, int status);
    [[nodiscard]] const policy::Parameters& parameters(unsigned number) const {
        return targets_[attempts_[number - 1].target].decision.parameters;
    }

    [[nodiscard]] std::uint32_t newest_cseq() const;  // of our net dialog, over all attempts
    [[nodiscard]] sip::Message proxied_invite() const;
    [[nodiscard]] sip::Message own_invite(const Attempt& made) const;
    void add_next_hop(sip::Message& request, const policy::Parameters& parameters) const;
    [[nodiscard]] bool add_credentials(unsigned number, sip::Message& request);
    void send(unsigned number, sip::Message request, const std::string& transport, const std::string& why);
    void never_sent(unsigned number);
    void repeated_success(Attempt& attempt, const sip::Message& response);
    void hang_up(const sip::Message& success, std::uint32_t cseq, const sip::Reason& reason, const std::string& why);
    void respond(const sip::Message& response, const std::string& why);
    [[nodiscard]] sip::Message towards_ue(Attempt& attempt, unsigned ue_tag);
    DialogPair& pair_for(Attempt& attempt, unsigned ue_tag);
    [[nodiscard]] const std::string& own_tag(unsigned number);
    [[nodiscard]] std::string tag_of_fork(Attempt& attempt, unsigned ue_tag);
    [[nodiscard]] transport::Peer net_peer(const Target& target, const std::string& transport) const;
    [[nodiscard]] std::string contact(Side side, const transport::Peer& towards) const;
    [[nodiscard]] std::string explain(const interworking::Why& why) const;
    Attempt& attempt(unsigned number) { return attempts_[number - 1]; }
    void ended_if_done();

    runtime::Core& core_;
    std::shared_ptr<runtime::ServerTransaction> upstream_;
    InternetCallFacts facts_;
    CallEvents events_;
    interworking::Engine engine_;
    interworking::UeClass ue_class_ = interworking::UeClass::unknown;
    bool qos_lines_ = false;
    std::vector<Target> targets_;
    std::vector<Attempt> attempts_;
    std::optional<int> early_answer_;  // what the UE's PRACK or UPDATE gets, while the engine is asked
    std::shared_ptr<TranslatedDialogs> dialogs_;
    std::string net_call_id_;
    std::string net_from_tag_;
    std::vector<std::string> own_tags_;
    std::optional<sip::Message> success_;  // the 2xx as the UE got it, while it may have to be repeated
    std::vector<std::pair<std::string, sip::Message>> given_up_;  // ACKs to 2xx that were hung up on, by To tag
    std::uint64_t budget_end_ms_ = 0;
    runtime::Timer budget_;
    runtime::Timer timer_c_;
    bool bridged_ = false;  // an attempt was made in the b2bua role
};

}  // namespace isthmus::scscf
