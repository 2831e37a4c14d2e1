#include "scscf/registrar/authentication.hpp"

#include <algorithm>

#include "common/sip/base64.hpp"
#include "common/sip/text.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::registrar {

using sip::DigestAlgorithm;
using sip::DigestCredentials;

namespace {

constexpr int challenges_without_success = 3;         // SR-REG-15
constexpr std::uint64_t reg_await_auth_ms = 240'000;  // SR-REG-05, SR-REG-15: 4 min after the last challenge
constexpr std::size_t nonces_kept = 8;
constexpr std::size_t series_kept = 16;
constexpr std::size_t auts_octets = 14;

bool answers(const std::optional<DigestCredentials>& credentials) {
    return credentials && !credentials->response.empty() && !credentials->nonce.empty();
}

/// The HA1 that fits the algorithm these credentials are made with; empty: the user has none for it.
std::string_view fitting(const DigestCredentials& credentials, std::string_view md5, std::string_view sha256) {
    const auto algorithm = sip::digest_algorithm(credentials.algorithm);
    if (algorithm == DigestAlgorithm::md5) return md5;
    return algorithm == DigestAlgorithm::sha256 ? sha256 : std::string_view();
}

bool right(std::string_view ha1, const DigestCredentials& credentials) {
    return !ha1.empty() && sip::digest_matches(ha1, credentials, "REGISTER");
}

bool names_domain(const std::string& uri, const std::string& domain) {
    const auto parsed = sip::Uri::parse(uri);
    return parsed && parsed->is_sip() && sip::iequals(parsed->host, domain);
}

}  // namespace

Protection protection_from(std::string_view integrity_protected) {
    if (sip::iequals(integrity_protected, "no")) return Protection::no;
    if (sip::iequals(integrity_protected, "yes")) return Protection::yes;
    if (sip::iequals(integrity_protected, "ip-assoc-yes") || sip::iequals(integrity_protected, "tls-yes"))
        return Protection::associated;
    return Protection::unknown;
}

void Authentication::forget_old(std::uint64_t now_ms) {
    std::erase_if(outstanding_, [=](const Outstanding& one) { return one.until_ms <= now_ms; });
    std::erase_if(series_, [&](const Series& one) {
        if (one.until_ms > now_ms) return false;
        timed_out_ = timed_out_ || !one.failed;
        return true;
    });
}

bool Authentication::idle(std::uint64_t now_ms) {
    forget_old(now_ms);
    return outstanding_.empty() && series_.empty();
}

bool Authentication::take_timeout(std::uint64_t now_ms) {
    forget_old(now_ms);
    return std::exchange(timed_out_, false);
}

std::optional<std::uint64_t> Authentication::next_end() const {
    std::optional<std::uint64_t> next;
    const auto consider = [&](std::uint64_t end) { next = std::min(next.value_or(end), end); };
    for (const auto& one : outstanding_) consider(one.until_ms);
    for (const auto& one : series_) consider(one.until_ms);
    return next;
}

Authentication::Series* Authentication::series_of(const std::string& call_id) {
    const auto found =
        std::find_if(series_.begin(), series_.end(), [&](const Series& one) { return one.call_id == call_id; });
    return found == series_.end() ? nullptr : &*found;
}

Verdict Authentication::on_register(const Attempt& attempt, std::uint64_t now_ms) {
    forget_old(now_ms);
    // SR-REG-04
    const bool aka = attempt.protection == Protection::no || attempt.protection == Protection::yes;
    auto verdict = [&]() -> Verdict {
        if (attempt.credentials && !attempt.credentials->nonce.empty()) {
            const auto found = std::find_if(outstanding_.begin(), outstanding_.end(), [&](const Outstanding& one) {
                return one.nonce == attempt.credentials->nonce;
            });
            if (found != outstanding_.end() && !found->rand.empty()) return on_aka(*found, attempt);
            if (found != outstanding_.end() && answers(attempt.credentials))
                return verify_digest(*found, attempt, now_ms);
            if (answers(attempt.credentials)) return NeedVector{"SR-REG-03 the nonce is not outstanding"};
        }
        if (attempt.registered && attempt.protection == Protection::associated)
            return Accepted{std::nullopt, "SR-REG-03 IP association of a registered user"};
        if (attempt.registered && attempt.protection == Protection::yes)
            return Accepted{std::nullopt, "SR-REG-03 security association of a registered user"};
        return NeedVector{"SR-REG-03 no response to a challenge"};
    }();
    if (auto* need = std::get_if<NeedVector>(&verdict)) need->aka = need->aka || aka;
    return verdict;
}

Accepted Authentication::accept(const Outstanding& outstanding, const Attempt& attempt) {
    std::erase_if(series_, [&](const Series& one) { return one.call_id == attempt.call_id; });
    const auto& credentials = *attempt.credentials;
    if (credentials.qop.empty()) return {std::nullopt, {}};
    sip::AuthenticationInfo info;
    info.qop = "auth";
    const auto sha256 = sip::digest_algorithm(credentials.algorithm) == DigestAlgorithm::sha256;
    info.rspauth = sip::digest_rspauth(sha256 ? outstanding.ha1_sha256 : outstanding.ha1, credentials);
    info.cnonce = credentials.cnonce;
    info.nc = credentials.nc;
    return {info, {}};
}

Verdict Authentication::verify_digest(Outstanding& outstanding, const Attempt& attempt, std::uint64_t now_ms) {
    const auto& credentials = *attempt.credentials;
    if (!right(fitting(credentials, outstanding.ha1, outstanding.ha1_sha256), credentials))
        return NeedVector{"SR-REG-08 the response is wrong"};
    const auto count = credentials.nonce_count();
    if (!count || *count <= outstanding.newest_nc) return NeedVector{"SR-REG-08 the nonce count was used before"};
    outstanding.newest_nc = *count;
    outstanding.until_ms = now_ms + rules_.used_ms;
    auto accepted = accept(outstanding, attempt);
    accepted.rule = "SR-REG-08 the response is right";
    return accepted;
}

/// The challenge is spent, the authentication over (SR-REG-09).
Rejected Authentication::fail(const std::string& nonce, const std::string& call_id, std::string rule) {
    if (auto* series = series_of(call_id)) series->failed = true;
    // `nonce` may be part of what goes.
    std::erase_if(outstanding_, [wanted = nonce](const Outstanding& one) { return one.nonce == wanted; });
    return {403, std::move(rule), {}, true};
}

Verdict Authentication::on_aka(const Outstanding& outstanding, const Attempt& attempt) {
    const auto& credentials = *attempt.credentials;
    if (outstanding.call_id != attempt.call_id) return NeedVector{"SR-REG-07 another Call-ID than the challenge's"};
    const auto auts = credentials.other("auts");
    if (credentials.response.empty() && !auts) return on_distrusted(attempt);
    if (auto* series = series_of(attempt.call_id)) series->distrusted = 0;
    if (!names_domain(credentials.uri, attempt.home_domain))
        return Rejected{400, "SR-REG-07 the uri of the credentials is not the home domain's"};
    if (auts) return on_auts(outstanding, attempt, *auts);
    if (!rules_.aka_without_ipsec && attempt.protection != Protection::yes)
        return NeedVector{"SR-REG-14 an AKA response outside a security association"};
    const bool is_aka = sip::digest_algorithm(credentials.algorithm) == DigestAlgorithm::aka_v1_md5;
    if (!is_aka || credentials.username != attempt.private_identity || !right(outstanding.ha1, credentials))
        return fail(outstanding.nonce, attempt.call_id, "SR-REG-09 the response is wrong");
    auto accepted = accept(outstanding, attempt);
    accepted.rule = "SR-REG-07 the response is right";
    std::erase_if(outstanding_, [](const Outstanding& one) { return !one.rand.empty(); });
    return accepted;
}

/// SR-REG-11: the UE says that we are not its network. Once may be an accident.
Verdict Authentication::on_distrusted(const Attempt& attempt) {
    auto* series = series_of(attempt.call_id);
    if (series != nullptr && ++series->distrusted >= 2)
        return fail(attempt.credentials->nonce, attempt.call_id, "SR-REG-11 the UE called two challenges invalid");
    return NeedVector{"SR-REG-11 the UE called the challenge invalid"};
}

Verdict Authentication::on_auts(const Outstanding& outstanding, const Attempt& attempt, std::string_view auts) {
    const auto& credentials = *attempt.credentials;
    auto octets = sip::from_base64(auts);
    if (!octets || octets->size() != auts_octets) return Rejected{400, "SR-REG-10 auts is not 14 octets in base64"};
    // RFC 3310 3.4: the password is empty. The proof of who speaks is in AUTS, which the directory verifies.
    const auto ha1 = sip::digest_ha1(credentials.username, credentials.realm, "");
    if (!credentials.response.empty() && !right(ha1, credentials))
        return fail(outstanding.nonce, attempt.call_id, "SR-REG-10 the response beside auts is wrong");
    NeedVector need{"SR-REG-10 the card is out of step", true, CardRefusal{outstanding.rand, std::move(*octets)}};
    std::erase_if(outstanding_, [](const Outstanding& one) { return !one.rand.empty(); });  // no AUTS counts twice
    return need;
}

std::optional<Rejected> Authentication::count_challenge(const std::string& call_id, std::uint64_t now_ms) {
    forget_old(now_ms);
    timed_out_ = false;  // whoever went silent is back
    auto* series = series_of(call_id);
    if (series == nullptr) {
        if (series_.size() >= series_kept) series_.erase(series_.begin());
        series = &series_.emplace_back();
        series->call_id = call_id;
    }
    if (series->challenges >= challenges_without_success)
        return Rejected{403, "SR-REG-15 three challenges without success", {}, !std::exchange(series->failed, true)};
    ++series->challenges;
    series->failed = false;
    series->until_ms = now_ms + reg_await_auth_ms;
    return std::nullopt;
}

void Authentication::keep(Outstanding one) {
    if (outstanding_.size() >= nonces_kept) {
        // The oldest that nobody answered: strangers who ask and ask must not put an end to one that the user has
        // proved.
        const auto unproved = std::find_if(outstanding_.begin(), outstanding_.end(),
                                           [](const auto& kept) { return kept.newest_nc == 0; });
        outstanding_.erase(unproved != outstanding_.end() ? unproved : outstanding_.begin());
    }
    outstanding_.push_back(std::move(one));
}

std::variant<Challenges, Rejected> Authentication::challenge(const Attempt& attempt, const DigestKeys& keys,
                                                             std::uint64_t now_ms) {
    if (auto refused = count_challenge(attempt.call_id, now_ms)) return *refused;
    sip::DigestChallenge challenge;
    challenge.realm = keys.realm;
    challenge.nonce = keys.nonce;
    // The user knows the password, only the nonce is too old or was used: no need to ask him for it again (SR-REG-08).
    challenge.stale = answers(attempt.credentials) &&
                      right(fitting(*attempt.credentials, keys.ha1, keys.ha1_sha256), *attempt.credentials);
    Challenges offers;
    for (const auto& [algorithm, ha1] :
         {std::pair{DigestAlgorithm::sha256, &keys.ha1_sha256}, std::pair{DigestAlgorithm::md5, &keys.ha1}}) {
        if (ha1->empty()) continue;
        challenge.algorithm = sip::name(algorithm);
        offers.push_back(challenge);
    }
    keep({keys.nonce, keys.ha1, keys.ha1_sha256, now_ms + rules_.unused_ms});
    return offers;
}

std::variant<Challenges, Rejected> Authentication::challenge(const Attempt& attempt, const AkaKeys& keys,
                                                             std::uint64_t now_ms) {
    const bool offered = attempt.protection == Protection::no || attempt.protection == Protection::yes;
    if (!offered && !rules_.aka_without_ipsec)
        return Rejected{403, "SR-REG-14 AKA, and no security agreement was offered", "Security agreement required"};
    if (auto refused = count_challenge(attempt.call_id, now_ms)) return *refused;
    sip::DigestChallenge challenge;
    challenge.realm = attempt.home_domain;
    challenge.nonce = sip::to_base64(keys.rand + keys.autn);
    challenge.algorithm = sip::name(DigestAlgorithm::aka_v1_md5);
    if (!rules_.aka_qop) challenge.qop.clear();
    challenge.ik = sip::to_hex(keys.ik);
    challenge.ck = sip::to_hex(keys.ck);
    // SR-REG-13: one authentication by AKA at a time.
    std::erase_if(outstanding_, [](const Outstanding& one) { return !one.rand.empty(); });
    keep({challenge.nonce,
          sip::digest_ha1(attempt.private_identity, challenge.realm, keys.xres),
          {},
          now_ms + reg_await_auth_ms,
          0,
          keys.rand,
          attempt.call_id});
    return Challenges{challenge};
}

}  // namespace isthmus::registrar
