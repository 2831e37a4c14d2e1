// The boundary of the trust domain towards the Internet: which header fields cross it, in both directions, in
// requests and responses (sessions.md section 10, TD-SES-01; IW-INV-02), and what Privacy asks for (IW-IDP-01..03, 07).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/sip/message.hpp"
#include "scscf/interworking/terms.hpp"

namespace isthmus::interworking {

/// What one cell of the table says.
enum class Crossing : std::uint8_t {
    keep,
    remove,
    asserted_identity,  ///< IW-IDP-01
    privacy,            ///< IW-IDP-03: what was executed goes, in apply_privacy()
    history,            ///< by policy and Privacy: history
    reason,             ///< in responses Q.850 crosses between trusted networks only (RFC 6432)
    own_realm,          ///< credentials for our realm go, others cross
    descriptive,        ///< Call-Info and the like: by policy
    location            ///< Geolocation: by policy, towards the Internet off by default
};

/// One row of the table; `names` are those header_id.hpp does not know.
struct BorderRow {
    std::string_view item;
    std::vector<sip::HeaderId> ids;
    std::vector<std::string_view> names;
    Crossing from_internet;
    Crossing to_internet;
};
const std::vector<BorderRow>& border_rows();

struct BorderPolicy {
    bool keep_asserted_identity = false;  ///< `pai_to_internet` keep; without Privacy (IW-IDP-01)
    bool strip_history = false;           ///< History-Info towards the Internet
    bool accept_history = false;          ///< History-Info from the Internet
    bool accept_reason = true;            ///< Reason in responses from the Internet
    bool pass_descriptive = true;         ///< Call-Info, Alert-Info, Error-Info, User-Agent, Server
    bool pass_location = false;           ///< Geolocation
    std::vector<std::string> own_realms;
};

/// The values of Privacy (RFC 3323, RFC 3325, RFC 7044).
struct Privacy {
    bool id = false;
    bool user = false;
    bool header = false;
    bool session = false;
    bool none = false;
    bool critical = false;
    bool history = false;

    static Privacy of(const sip::Message& message);
};

/// IW-IDP-04: another From is asked for, and only the b2bua role may write one.
bool privacy_needs_b2bua(const sip::Message& request);

/// A request that may not go out.
struct Refusal {
    int status = 0;
    std::string reason_phrase;
    std::string warning_399;
    std::string rule;
};

/// Executes Privacy on a request that leaves for the Internet, before filter_to_internet(). In the b2bua role the
/// From is anonymised where asked. Values that were executed leave the header (IW-IDP-03). A refusal where
/// `critical` forbids sending what was not executed (IW-IDP-02).
std::optional<Refusal> apply_privacy(sip::Message& request, Role role);

/// Column "to Internet": header fields, and our own URI parameters (`b2bua`: in From and To as well, which a proxy
/// may not touch).
void filter_to_internet(sip::Message& message, const BorderPolicy& policy, Role role);
/// Column "from Internet" (IW-IDP-07).
void filter_from_internet(sip::Message& message, const BorderPolicy& policy);

}  // namespace isthmus::interworking
