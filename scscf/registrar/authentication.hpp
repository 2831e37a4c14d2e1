// Who a REGISTER comes from: the authentication of one private identity as a pure machine (SR-REG-03, 06, 08, 14, 15;
// registration.md 15). SIP Digest with MD5. Time is milliseconds of any steady clock and comes with the events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/sip/digest.hpp"

namespace isthmus::registrar {

struct NonceLife {
    std::uint64_t unused_ms = 60'000;
    std::uint64_t used_ms = 3'600'000;
};

/// What a REGISTER brings.
struct Attempt {
    std::string call_id;
    std::optional<sip::DigestCredentials> credentials;  ///< of our realm; others count as none (SR-REG-01)
    bool flow_known = false;  ///< integrity-protected says the P-CSCF knows this user at this address
    bool registered = false;  ///< a binding of this private identity lives
};

/// The REGISTER is who it says. `info` goes into the 200 when there was a response to verify.
struct Accepted {
    std::optional<sip::AuthenticationInfo> info;
    std::string rule;
};
/// Ask the directory for a vector (MAR), then call challenge().
struct NeedVector {
    std::string rule;
};
struct Rejected {
    int status = 403;
    std::string rule;
};
using Verdict = std::variant<Accepted, NeedVector, Rejected>;

class Authentication {
  public:
    explicit Authentication(const NonceLife& life) : life_(life) {}

    Verdict on_register(const Attempt& attempt, std::uint64_t now_ms);
    /// The 401 for `attempt`, or the 403 that ends a series of them (SR-REG-15).
    std::variant<sip::DigestChallenge, Rejected> challenge(const Attempt& attempt, const std::string& realm,
                                                           const std::string& ha1, const std::string& nonce,
                                                           std::uint64_t now_ms);
    /// Nothing is outstanding and nothing is counted: the state may be dropped.
    [[nodiscard]] bool idle(std::uint64_t now_ms);

  private:
    struct Outstanding {
        std::string nonce;
        std::string ha1;
        std::uint64_t until_ms = 0;
        std::uint32_t newest_nc = 0;
        bool used = false;
    };
    struct Series {  // of challenges without a success between them
        std::string call_id;
        int challenges = 0;
        std::uint64_t until_ms = 0;
    };
    void forget_old(std::uint64_t now_ms);
    Verdict verify(Outstanding& outstanding, const Attempt& attempt, std::uint64_t now_ms);

    NonceLife life_;
    std::vector<Outstanding> nonces_;
    std::vector<Series> series_;
};

}  // namespace isthmus::registrar
