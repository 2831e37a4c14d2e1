// The dialogs of a call in the b2bua role: requests of either leg are carried to the other with that leg's identifiers
// (IW-RET-09, retry identity table). Lives on one worker; found by the token in our Contacts.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/dialog/leg.hpp"
#include "common/runtime/core.hpp"
#include "common/runtime/delivery.hpp"
#include "scscf/dialog_token.hpp"
#include "scscf/interworking/border.hpp"
#include "scscf/interworking/translate.hpp"
#include "scscf/policy/model.hpp"

namespace isthmus::scscf {

/// One dialog on the UE leg and the one on the net leg that it stands for.
struct DialogPair {
    dialog::Leg ue;
    dialog::Leg net;
    std::uint32_t ue_invite = 0;  ///< CSeq of the newest INVITE, on either leg, while its ACK may come
    std::uint32_t net_invite = 0;
    sip::OptionTags net_invite_tags;      ///< demanded by the INVITE of the net leg (IW-RET-10)
    std::optional<sip::Message> net_ack;  ///< sent on that leg for a 2xx; repeated when the 2xx is
    std::optional<sip::Message> ue_ack;
    std::optional<policy::Credentials> net_credentials;  ///< ours at the far side: it may challenge here too (T20)
    bool answered = false;                               ///< its 2xx went to the UE
    bool ended = false;

    dialog::Leg& leg(Side side) { return side == Side::ue ? ue : net; }
    std::optional<sip::Message>& ack(Side side) { return side == Side::ue ? ue_ack : net_ack; }
};

interworking::LegIdentity identity(const dialog::Leg& leg, std::uint32_t cseq);

/// Asked when a PRACK or UPDATE of the UE failed on the net leg of an early dialog (408: no answer). Returns the status
/// the UE gets instead of the failure; nothing: it gets the failure (T12..T14).
using EarlyRefused = std::function<std::optional<int>(std::string_view net_remote_tag, sip::Method method, int status)>;

class TranslatedDialogs : public std::enable_shared_from_this<TranslatedDialogs> {
  public:
    TranslatedDialogs(runtime::Core& core, interworking::BorderPolicy border, std::string decision,
                      std::function<void()> ended, EarlyRefused early_refused)
        : core_(core),
          border_(std::move(border)),
          decision_(std::move(decision)),
          ended_(std::move(ended)),
          early_refused_(std::move(early_refused)) {}

    /// The pair with these tags of the far ends' dialogs; null when there is none.
    DialogPair* find(std::string_view ue_local_tag, std::string_view net_remote_tag);
    DialogPair& add(DialogPair pair);
    /// No dialog that was answered goes on.
    [[nodiscard]] bool over() const;
    /// Our newest CSeq in the dialog with this tag on the net leg; 0 when there is none.
    [[nodiscard]] std::uint32_t newest_cseq(std::string_view net_remote_tag) const;

    /// The same over all of them.
    [[nodiscard]] std::uint32_t newest_cseq() const;

    /// A request that came on `from`'s leg.
    void on_request(const std::shared_ptr<runtime::ServerTransaction>& transaction, Side from);
    void on_ack(const sip::Message& ack, Side from);
    /// The 2xx of an INVITE came again: so did not its ACK, or the UE's was never seen. True when the ACK was repeated.
    bool repeat_ack(std::string_view net_remote_tag);
    void send_ack(const sip::Message& ack) { send(ack.copy(), nullptr, "RFC 3261 13.2.2.4 ACK repeated"); }

  private:
    class Relay;
    DialogPair* by_request(const sip::Message& request, Side from);
    void send(sip::Message request, const std::shared_ptr<Relay>& relay, std::string decision);
    void finish(DialogPair& pair);

    runtime::Core& core_;
    interworking::BorderPolicy border_;
    std::string decision_;
    std::function<void()> ended_;
    EarlyRefused early_refused_;
    std::deque<DialogPair> pairs_;  // a deque: relays keep pointers
};

}  // namespace isthmus::scscf
