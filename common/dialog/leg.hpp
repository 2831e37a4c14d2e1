// One side of a translated dialog: what a B2BUA leg needs to send and to accept in-dialog requests (RFC 3261 12).
//
// Two halves of one dialog on one node share Call-ID and tags, so legs are found by the token in our Contact, never by
// these identifiers alone (architecture section 3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/sip/message.hpp"

namespace isthmus::dialog {

struct Leg {
    std::string call_id;
    std::string local;   ///< our From value in requests: name-addr with our tag
    std::string remote;  ///< their value; the tag joins when it is known
    std::string local_tag;
    std::string remote_tag;
    std::string contact;  ///< our Contact value, with the token
    std::string remote_target;
    std::vector<std::string> route_set;
    std::uint32_t local_cseq = 0;   ///< of the newest request we sent
    std::uint32_t remote_cseq = 0;  ///< of the newest request we got; 0: none yet

    /// The leg on which `invite` arrived (RFC 3261 12.1.1): we are the UAS.
    static Leg as_uas(const sip::Message& invite, std::string_view local_tag, std::string_view contact);
    /// What the response that makes the dialog tells the UAC (RFC 3261 12.1.2): tag, target, route set.
    void learn_from_response(const sip::Message& response);
    /// A target refresh in either direction (RFC 3261 12.2).
    void learn_target(const sip::Message& message);

    /// A request of this dialog: next CSeq, Route set, Max-Forwards 70, no Via (RFC 3261 12.2.1.1).
    [[nodiscard]] sip::Message request(std::string_view method);
    /// The ACK to a 2xx of the INVITE with `cseq` (RFC 3261 13.2.2.4).
    [[nodiscard]] sip::Message ack(std::uint32_t cseq) const;
    /// False when the request is older than one we had: 500 (RFC 3261 12.2.2).
    [[nodiscard]] bool accept(const sip::Message& request);

  private:
    [[nodiscard]] sip::Message make(std::string_view method, std::uint32_t cseq) const;
};

}  // namespace isthmus::dialog
