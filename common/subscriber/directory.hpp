// The subscriber directory as the CSCFs see it: a port shaped like Cx (TS 29.228; cx.md sections 2, 5, 6).
// An adapter answers from PostgreSQL or from an HSS; nothing here knows which.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/ims/profile.hpp"
#include "common/subscriber/result.hpp"

namespace isthmus::subscriber {

using ims::Binding;
using ims::BindingKey;
using ims::ChargingFunctions;
using ims::PrivateIdentity;
using ims::Profile;
using ims::PublicIdentity;
using ims::UeClass;

struct ServerCapabilities {
    std::vector<std::uint32_t> mandatory;
    std::vector<std::uint32_t> optional;
};

// --- authorise (UAR/UAA, IR-REG-02, 03) ---

enum class AuthorizationType : std::uint8_t { registration, de_registration, registration_and_capabilities };

struct UserAuthorization {
    std::string public_identity;
    std::string private_identity;
    std::string visited_network;  ///< unquoted
    AuthorizationType type = AuthorizationType::registration;
    bool emergency = false;          ///< UAR-Flags bit 0
    std::string failed_server = {};  ///< with registration_and_capabilities: it did not answer, another may take over
};

struct ServerAnswer {
    Result result = Result::unreachable;
    std::string server_name;          ///< SIP URI of the assigned S-CSCF; empty: none
    ServerCapabilities capabilities;  ///< all empty: any S-CSCF (CX-74)
};

// --- locate (LIR/LIA) ---

struct LocationQuery {
    std::string public_identity;
    bool originating = false;
    bool with_capabilities = false;  ///< User-Authorization-Type REGISTRATION_AND_CAPABILITIES
    std::string failed_server = {};  ///< with it: that one did not answer, another may take over (CX-38)
};

// --- authenticate (MAR/MAA, SR-REG-04, CX-40..43) ---

enum class AuthenticationScheme : std::uint8_t { unknown, sip_digest, digest_aka_v1_md5 };

/// SIP-Authorization of a re-synchronisation: the challenge the card refused, and what it said (CX-40).
struct Resynchronisation {
    std::array<std::uint8_t, 16> rand{};
    std::array<std::uint8_t, 14> auts{};
};

struct AuthenticationQuery {
    std::string public_identity;
    std::string private_identity;
    AuthenticationScheme scheme = AuthenticationScheme::unknown;
    std::string server_name;  ///< the asking S-CSCF; kept so that the answer to the challenge comes here (CX-31)
    std::optional<Resynchronisation> resynchronisation = std::nullopt;
};

/// SIP-Digest-Authenticate, qop "auth"; one HA1 for each algorithm that the user can be verified by, or empty.
struct DigestVector {
    std::string realm;
    std::string ha1 = {};         ///< MD5, 32 lower-case hex digits
    std::string ha1_sha256 = {};  ///< SHA-256, 64
};

/// SIP-Authenticate (RAND, AUTN), SIP-Authorization (XRES), Confidentiality-Key, Integrity-Key (CX-41).
struct AkaVector {
    std::array<std::uint8_t, 16> rand{};
    std::array<std::uint8_t, 16> autn{};
    std::vector<std::uint8_t> xres;
    std::array<std::uint8_t, 16> ck{};
    std::array<std::uint8_t, 16> ik{};
};

struct AuthenticationAnswer {
    Result result = Result::unreachable;
    AuthenticationScheme scheme = AuthenticationScheme::unknown;
    DigestVector digest;      ///< with sip_digest
    AkaVector aka;            ///< with digest_aka_v1_md5
    std::string server_name;  ///< with identity_already_registered: who serves the user
    bool registered = false;  ///< contacts live: whoever has no copy of them reads it now (SR-REG-54)
};

// --- assign (SAR/SAA, SR-REG-23..31) ---

/// Server-Assignment-Type with its values of TS 29.229.
enum class AssignmentType : std::uint8_t {
    registration = 1,
    re_registration = 2,
    timeout_deregistration = 4,
    user_deregistration = 5,
    administrative_deregistration = 8,
    authentication_failure = 9,
    authentication_timeout = 10,
};

/// What it changes is durable when the answer comes (SR-REG-51): assignment and bindings, or nothing. With
/// re_registration by another S-CSCF than the one that did not answer this is the take-over (SR-REG-54).
/// With a de-registration all bindings of the set go, `remove` or not.
struct ServerAssignment {
    AssignmentType type = AssignmentType::registration;
    std::string public_identity;
    std::string private_identity;  ///< may be empty with timeout_deregistration and administrative_deregistration
    std::string server_name;       ///< the S-CSCF that asks
    bool user_data_already_available = false;
    std::int64_t generation = 0;  ///< of the copy the S-CSCF holds; 0: none. Another one is refused (SR-REG-55)
    std::vector<Binding> store;   ///< new and refreshed contacts
    std::vector<BindingKey> remove;
};

struct AssignmentAnswer {
    Result result = Result::unreachable;
    std::optional<Profile> profile;  ///< after a registration unless it was already available
    std::vector<Binding> bindings;   ///< with the profile: every live binding of the set, the new ones included
    std::string server_name;         ///< with identity_already_registered: who serves the user
};

// --- reading what is durable (SR-REG-58) ---

struct User {
    Profile profile;
    std::string server_name;    ///< empty: nobody serves the user
    bool reassignable = false;  ///< that one did not answer: another S-CSCF may take over (SR-REG-54)
    std::vector<Binding> bindings = {};
};

struct UserAnswer {
    Result result = Result::unreachable;  ///< success, user_unknown, unreachable
    User user;
};

/// Users with live bindings, in pages: pass the cursor of the last page until it is empty.
struct UserPage {
    Result result = Result::unreachable;
    std::vector<User> users;
    std::optional<std::int64_t> next;
};

// --- the network itself ---

struct ServerEntry {
    std::string name;  ///< SIP URI
    std::vector<std::uint32_t> capabilities;
    int priority = 0;  ///< lower first
    int weight = 1;
};

/// The S-CSCFs to choose from (IR-REG-04) and the domains that are ours (IW-RTE-01).
struct NetworkAnswer {
    Result result = Result::unreachable;
    std::vector<ServerEntry> servers;
    std::vector<std::string> home_domains;
};

/// Every call answers by its callback, exactly once, on a thread of the directory, never inside the call: the caller
/// wraps it so that it is posted to the worker that asked. A callback must not block and must not throw.
/// While the directory is known to be down the answer `unreachable` comes at once (CX-21).
class Directory {
  public:
    virtual ~Directory() = default;

    virtual void authorise(UserAuthorization query, std::function<void(ServerAnswer)> done) = 0;
    virtual void locate(LocationQuery query, std::function<void(ServerAnswer)> done) = 0;
    virtual void authenticate(AuthenticationQuery query, std::function<void(AuthenticationAnswer)> done) = 0;
    virtual void assign(ServerAssignment query, std::function<void(AssignmentAnswer)> done) = 0;

    /// A user this S-CSCF has not loaded (SR-REG-58), by any public identity of the implicit set.
    virtual void read_user(std::string public_identity, std::function<void(UserAnswer)> done) = 0;
    /// After a restart: the users whose bindings name this S-CSCF, ordered by set, those behind `after`.
    virtual void load_bindings(std::string server_name, std::optional<std::int64_t> after, std::size_t limit,
                               std::function<void(UserPage)> done) = 0;
    virtual void read_network(std::function<void(NetworkAnswer)> done) = 0;
};

}  // namespace isthmus::subscriber
