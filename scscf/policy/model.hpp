// Operator policy towards Internet domains: one row per pattern (internet-interworking.md section 3, IW-RTE-02, 03).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus::policy {

enum class Access : std::uint8_t { allow, deny };

/// How the capabilities of the far side are handled on an allowed row (IW-POL-01).
enum class Mode : std::uint8_t { strict, pass, retry };

/// `required_caps` of a STRICT row; precondition includes 100rel and update (IW-CAP-04).
struct RequiredCapabilities {
    bool precondition = false;
    bool reliable_provisional = false;  ///< 100rel
    bool update = false;
    bool tls = false;  ///< of the transport, not of the far side

    [[nodiscard]] bool any() const { return precondition || reliable_provisional || update || tls; }
    friend bool operator==(const RequiredCapabilities&, const RequiredCapabilities&) = default;
};

/// P-Asserted-Identity of a call without Privacy towards an untrusted domain (IW-IDP-01).
enum class AssertedIdentity : std::uint8_t { strip, keep };

/// How a further attempt of mode RETRY goes out (IW-RET-01, IW-RET-06).
enum class RetryRole : std::uint8_t { b2bua, proxy };

/// What becomes of a 3xx (IW-RTE-11).
enum class Redirect : std::uint8_t { pass, recurse };

/// Ours at the server of a row (T20).
struct Credentials {
    std::string username;
    std::string password;
};

/// What an allowed row tells the attempt engine. The defaults are those of IW-POL-01 and IW-RTE-08.
struct Parameters {
    RequiredCapabilities required;
    int max_attempts = 3;  ///< INVITEs per target, the first included
    std::chrono::milliseconds setup_budget{20'000};
    std::chrono::milliseconds target_timeout{3'000};
    std::optional<std::string> next_hop;  ///< SIP URI for a pre-loaded Route (IW-RTE-03)
    AssertedIdentity asserted_identity = AssertedIdentity::strip;
    RetryRole retry_role = RetryRole::b2bua;
    bool proxy_may_rewrite_sdp = false;
    Redirect redirect = Redirect::pass;
    std::optional<Credentials> peer_auth;
    /// IW-RES-07: new calls a second over this row, and those of one subscriber; 0 is no limit.
    std::uint32_t calls_per_second = 0;
    std::uint32_t calls_per_second_and_subscriber = 0;
};

/// One row as the operator wrote it. The pattern is normal: lower case, no trailing dot.
struct DomainRule {
    std::int64_t id = 0;
    std::string pattern;  ///< `example.net`, `.example.net`, `*.net`, `*` or `ip:10.0.0.0/8`
    Access access = Access::deny;
    Mode mode = Mode::pass;  ///< of no meaning on a deny row
    Parameters parameters;
    std::string note;
};

std::string_view name(Access access);
std::string_view name(Mode mode);  ///< "STRICT", "PASS", "RETRY"

}  // namespace isthmus::policy
