// What the core knows of a subscription: identities that are registered together, and registered contacts
// (TS 29.228 User-Data, SR-REG-24..28). Values only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace isthmus::ims {

/// Identities are strings in canonical form (CX-36): `sip:user@host` with lower-case host, `tel:+number`.

struct PublicIdentity {
    std::string uri;
    bool barred = false;
};

/// Provisioned release of a terminal (IW-DET-01 (a)).
enum class UeClass : std::uint8_t { rel5, rel6, plain };

struct PrivateIdentity {
    std::string name;  ///< IMPI
    std::optional<UeClass> ue_class;
};

/// Charging-Information: what P-Charging-Function-Addresses says; first of a kind is the primary (HS-REG-06).
struct ChargingFunctions {
    std::vector<std::string> collection;  ///< ccf
    std::vector<std::string> event;       ///< ecf
};

/// User-Data of one implicit registration set (SR-REG-24, 25).
struct Profile {
    std::int64_t set_id = 0;                          ///< stable key of the implicit set
    std::int64_t generation = 0;                      ///< of the S-CSCF assignment it was read with (SR-REG-54)
    std::vector<PublicIdentity> identities;           ///< in order; the first that is not barred is the default
    std::vector<PrivateIdentity> private_identities;  ///< of the subscription
    ChargingFunctions charging;

    /// The default identity (SR-REG-24); null when all are barred (SR-REG-25: 403).
    [[nodiscard]] const PublicIdentity* default_identity() const;
};

/// One registered contact, as it must survive a crash (SR-REG-28, 51).
struct Binding {
    std::string contact;         ///< Contact URI as received
    std::string contact_params;  ///< its header parameters without expires and q: feature tags, +sip.instance ...
    std::vector<std::string> path;
    std::chrono::system_clock::time_point expires;
    std::string call_id;
    std::uint32_t cseq = 0;
    std::string q;         ///< "0.8"; empty: none given
    std::string instance;  ///< +sip.instance without quotes; empty: none
    std::string private_identity;
    std::string registered_identity;  ///< the To of the REGISTER
    std::string visited_network;
    std::string user_agent;
    std::string icid;
    std::string orig_ioi;

    friend bool operator==(const Binding&, const Binding&) = default;
};

/// A binding is named by its private identity and its contact (SR-REG-26: another IMPI, another binding).
struct BindingKey {
    std::string private_identity;
    std::string contact;
};

}  // namespace isthmus::ims
