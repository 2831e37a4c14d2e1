// Who a REGISTER comes from: the authentication of one private identity as a pure machine (SR-REG-03..15;
// registration.md 15). SIP Digest with MD5 and SHA-256, and AKAv1-MD5 (RFC 3310). Time is milliseconds of any steady
// clock and comes with the events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/sip/digest.hpp"

namespace isthmus::registrar {

struct AuthenticationRules {
    std::uint64_t unused_ms = 60'000;  ///< a nonce of Digest nobody answered yet
    std::uint64_t used_ms = 3'600'000;
    bool aka_without_ipsec = false;  ///< SR-REG-14
    bool aka_qop = false;            ///< SR-REG-05
};

/// integrity-protected, as far as it decides (PR-REG-08, SR-REG-03, SR-REG-04).
enum class Protection : std::uint8_t {
    unknown,     ///< absent, or a value that promises nothing
    no,          ///< sec-agree was offered; this REGISTER came without
    yes,         ///< over a security association of this private identity
    associated,  ///< from an address or TLS session that is known to be this user's
};
/// Quotes taken off (HS-REG-08).
Protection protection_from(std::string_view integrity_protected);

/// What a REGISTER brings.
struct Attempt {
    std::string call_id;
    std::optional<sip::DigestCredentials> credentials;  ///< of our realm; others count as none (SR-REG-01)
    Protection protection = Protection::unknown;
    bool registered = false;  ///< a binding of this private identity lives
    std::string private_identity = {};
    std::string home_domain = {};  ///< realm of an AKA challenge; its answer names it in `uri` too
};

/// What the directory gives to challenge with. Keys of a card as octets (CX-41).
struct DigestKeys {
    std::string realm;
    std::string ha1;         ///< MD5; empty: not by MD5
    std::string ha1_sha256;  ///< likewise
    std::string nonce;       ///< ours, made for this challenge
};
struct AkaKeys {
    std::string rand, autn, xres, ck, ik;
};

/// The REGISTER is who it says. `info` goes into the 200 when there was a response to verify.
struct Accepted {
    std::optional<sip::AuthenticationInfo> info;
    std::string rule;
};
/// What a card said to a challenge it refused (CX-40), as octets.
struct CardRefusal {
    std::string rand, auts;
};
/// Ask the directory for a vector (MAR), then call challenge().
struct NeedVector {
    std::string rule;
    bool aka = false;  ///< SR-REG-04: this scheme; else the directory decides
    std::optional<CardRefusal> resynchronise = std::nullopt;
};
struct Rejected {
    int status = 403;
    std::string rule;
    std::string warning = {};
    bool failed = false;  ///< an authentication ended with it: the directory is told of a first one (SR-REG-09)
};
using Verdict = std::variant<Accepted, NeedVector, Rejected>;
/// The challenges of a 401, the preferred one first (RFC 8760 2.3).
using Challenges = std::vector<sip::DigestChallenge>;

class Authentication {
  public:
    explicit Authentication(const AuthenticationRules& rules) : rules_(rules) {}

    Verdict on_register(const Attempt& attempt, std::uint64_t now_ms);
    /// The 401 for `attempt`, or the 403 that there is instead (SR-REG-14, SR-REG-15).
    std::variant<Challenges, Rejected> challenge(const Attempt& attempt, const DigestKeys& keys, std::uint64_t now_ms);
    std::variant<Challenges, Rejected> challenge(const Attempt& attempt, const AkaKeys& keys, std::uint64_t now_ms);

    /// Nothing is outstanding and nothing is counted: the state may be dropped.
    [[nodiscard]] bool idle(std::uint64_t now_ms);
    /// True once when challenges went unanswered until reg-await-auth ended (SR-REG-12).
    bool take_timeout(std::uint64_t now_ms);
    /// When time changes something next; nothing while idle.
    [[nodiscard]] std::optional<std::uint64_t> next_end() const;

  private:
    struct Outstanding {
        std::string nonce;
        std::string ha1;
        std::string ha1_sha256;
        std::uint64_t until_ms = 0;
        std::uint32_t newest_nc = 0;
        // with AKA; XRES itself is not kept (SR-REG-07)
        std::string rand = {};
        std::string call_id = {};
    };
    struct Series {  // of challenges without a success between them
        std::string call_id;
        int challenges = 0;
        std::uint64_t until_ms = 0;
        int distrusted = 0;   // challenges in a row that the UE called invalid (SR-REG-11)
        bool failed = false;  // said so already
    };
    void forget_old(std::uint64_t now_ms);
    std::optional<Rejected> count_challenge(const std::string& call_id, std::uint64_t now_ms);
    void keep(Outstanding one);
    Accepted accept(const Outstanding& outstanding, const Attempt& attempt);
    Series* series_of(const std::string& call_id);
    Verdict verify_digest(Outstanding& outstanding, const Attempt& attempt, std::uint64_t now_ms);
    Verdict on_aka(const Outstanding& outstanding, const Attempt& attempt);
    Verdict on_distrusted(const Attempt& attempt);
    Verdict on_auts(const Outstanding& outstanding, const Attempt& attempt, std::string_view auts);
    Rejected fail(const std::string& nonce, const std::string& call_id, std::string rule);

    AuthenticationRules rules_;
    std::vector<Outstanding> outstanding_;
    std::vector<Series> series_;
    bool timed_out_ = false;
};

}  // namespace isthmus::registrar
