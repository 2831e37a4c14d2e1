// Carrying messages between the two dialogs of the b2bua role: what is copied, what is our own
// (IW-BRD-02, IW-BRD-03, retry identity table column b2bua, IW-RET-08..10).
//
// These functions make the message; trust filter (border.hpp) and relaxation (relaxation.hpp) are applied to it by
// the caller, in that order. No message gets a Via: that is the client transaction's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/sip/headers.hpp"
#include "common/sip/message.hpp"
#include "common/sip/option_tags.hpp"

namespace isthmus::interworking {

/// How a message of one dialog of ours looks.
struct LegIdentity {
    std::string call_id;
    std::string local_tag;
    std::string remote_tag;      ///< empty for an initial INVITE
    std::string local_address;   ///< From without tag, "\"A\" <sip:a@h>"; for an initial INVITE the UE's is taken
    std::string remote_address;  ///< To without tag; the same
    std::string remote_target;   ///< Request-URI; the same
    std::vector<std::string> route_set;  ///< Route values, topmost first
    std::string contact;                 ///< our Contact value
    std::uint32_t cseq = 0;
    std::optional<std::string> peer_realm;  ///< Proxy-Authorization for this realm crosses (IW-BRD-02)
};

/// The INVITE of the net leg as of L0: everything of the UE's that is not the dialog's or a hop's own.
/// Max-Forwards is one less than the UE's.
sip::Message net_invite(const sip::Message& ue_invite, const LegIdentity& leg);

/// Identifiers of a dialog as Replaces, Join and Target-Dialog name it, seen by the sender of the header.
struct DialogName {
    std::string call_id;
    std::string to_tag;
    std::string from_tag;
};
/// What the dialog is called on the other leg; nothing when it is none that we translate.
using TranslateDialog = std::function<std::optional<DialogName>(const DialogName&)>;

struct RequestChanges {
    std::optional<sip::RAck> rack;     ///< of a PRACK, in the other dialog's numbers
    sip::OptionTags invite_tags;       ///< Require of the INVITE of the dialog it goes into (IW-RET-10)
    TranslateDialog translate_dialog;  ///< may be empty: identifiers stay
};
/// A request within the dialog, or an ACK to a 2xx, for the other leg (IW-RET-09). An ACK keeps only such Require
/// and Proxy-Require tags as that leg's INVITE carried; CANCEL is the transaction layer's (IW-RET-10).
sip::Message dialog_request(const sip::Message& received, const LegIdentity& leg, const RequestChanges& changes);

/// Our side of a response to the other leg.
struct ResponseIdentity {
    std::string to_tag;
    std::string contact;                    ///< empty: none, as in most failures
    std::vector<std::string> record_route;  ///< of the leg it goes to, as received in the request
    std::optional<sip::RSeq> rseq;          ///< a reliable provisional response of ours
};
/// `request` is the one of the other leg that `received` answers in substance.
sip::Message translated_response(const sip::Message& received, const sip::Message& request,
                                 const ResponseIdentity& identity);

/// Adds to a final response what the engine asked for: Warning 399 with our host as agent, and a Reason.
void add_verdict(sip::Message& response, const std::optional<std::string>& warning_399, std::string_view host,
                 const std::optional<sip::Reason>& reason);

/// IW-RET-08: an UPDATE with an offer while one is outstanding.
enum class OfferState : std::uint8_t { none, sent, received };
struct Glare {
    int status = 0;
    bool retry_after = false;  ///< 0..10 s, to be drawn by the caller
};
std::optional<Glare> update_glare(OfferState state, bool update_has_offer);

}  // namespace isthmus::interworking
