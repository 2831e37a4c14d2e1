// REGISTER at the P-CSCF, pure: what it takes off and puts on the request, and what it learns from the 200
// (PR-REG-03..09, PR-REG-20, PR-REG-24..26).
#pragma once

#include <optional>
#include <string>

#include "common/sip/message.hpp"
#include "pcscf/access_binding.hpp"

namespace isthmus::pcscf {

struct RegisterFacts {
    std::string path;             ///< our Path value, with the token of this binding
    std::string visited_network;  ///< P-Visited-Network-ID and orig-ioi
    std::string node_name;        ///< icid-generated-at
    std::string icid;
    bool flow_known = false;  ///< the address is an IP association of this private identity (PR-REG-01)
    bool tls = false;         ///< it came by TLS
};

/// The private identity a REGISTER speaks for: the user name of its credentials, else the To identity (IR-REG-02).
std::string private_identity_of(const sip::Message& request);

/// Brings the request into the form the core expects; the Request-URI stays.
void prepare_register(sip::Message& request, const RegisterFacts& facts);

/// Takes the session keys out of a challenge (PR-REG-20): no association is set up with them, so they are forgotten.
/// False when an AKA challenge came without: it is broken.
bool take_session_keys(sip::Message& response);

/// Headers of the core that no UE sees (PR-REG-24(3), PO-SES-11).
void strip_towards_ue(sip::Message& message);

/// What a 200 says of `contact`. Seconds left; 0 when it is no longer registered. Service-Route, P-Associated-URI.
struct Granted {
    std::uint32_t expires_s = 0;
    std::vector<std::string> service_route;
    std::vector<std::string> asserted;
    std::vector<std::string> public_identities;
};
/// Every Contact URI of a 200 to REGISTER.
std::vector<std::string> contacts_of(const sip::Message& response);
Granted granted(const sip::Message& response, const std::string& contact);

}  // namespace isthmus::pcscf
