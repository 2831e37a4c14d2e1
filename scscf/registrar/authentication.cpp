#include "scscf/registrar/authentication.hpp"

#include <algorithm>

namespace isthmus::registrar {
namespace {

constexpr int challenges_without_success = 3;      // SR-REG-15
constexpr std::uint64_t series_life_ms = 240'000;  // SR-REG-15: 4 min after the last challenge
constexpr std::size_t nonces_kept = 8;
constexpr std::size_t series_kept = 16;

bool answers(const std::optional<sip::DigestCredentials>& credentials) {
    return credentials && !credentials->response.empty() && !credentials->nonce.empty();
}

}  // namespace

void Authentication::forget_old(std::uint64_t now_ms) {
    std::erase_if(nonces_, [=](const Outstanding& one) { return one.until_ms <= now_ms; });
    std::erase_if(series_, [=](const Series& one) { return one.until_ms <= now_ms; });
}

bool Authentication::idle(std::uint64_t now_ms) {
    forget_old(now_ms);
    return nonces_.empty() && series_.empty();
}

Verdict Authentication::on_register(const Attempt& attempt, std::uint64_t now_ms) {
    forget_old(now_ms);
    if (answers(attempt.credentials)) {
        const auto found = std::find_if(nonces_.begin(), nonces_.end(), [&](const Outstanding& one) {
            return one.nonce == attempt.credentials->nonce;
        });
        if (found != nonces_.end()) return verify(*found, attempt, now_ms);
        return NeedVector{"SR-REG-03 the nonce is not outstanding"};
    }
    if (attempt.flow_known && attempt.registered)
        return Accepted{std::nullopt, "SR-REG-03 IP association of a registered user"};
    return NeedVector{"SR-REG-03 no response to a challenge"};
}

Verdict Authentication::verify(Outstanding& outstanding, const Attempt& attempt, std::uint64_t now_ms) {
    const auto& credentials = *attempt.credentials;
    if (!sip::digest_matches(outstanding.ha1, credentials, "REGISTER"))
        return NeedVector{"SR-REG-08 the response is wrong"};
    const auto count = credentials.nonce_count();
    if (!count || *count <= outstanding.newest_nc) return NeedVector{"SR-REG-08 the nonce count was used before"};
    outstanding.newest_nc = *count;
    outstanding.used = true;
    outstanding.until_ms = now_ms + life_.used_ms;
    std::erase_if(series_, [&](const Series& one) { return one.call_id == attempt.call_id; });
    sip::AuthenticationInfo info;
    info.qop = "auth";
    info.rspauth = sip::digest_rspauth(outstanding.ha1, credentials);
    info.cnonce = credentials.cnonce;
    info.nc = credentials.nc;
    return Accepted{info, "SR-REG-08 the response is right"};
}

std::variant<sip::DigestChallenge, Rejected> Authentication::challenge(const Attempt& attempt, const std::string& realm,
                                                                       const std::string& ha1, const std::string& nonce,
                                                                       std::uint64_t now_ms) {
    forget_old(now_ms);
    auto series =
        std::find_if(series_.begin(), series_.end(), [&](const Series& one) { return one.call_id == attempt.call_id; });
    if (series == series_.end()) {
        if (series_.size() >= series_kept) series_.erase(series_.begin());
        series = series_.insert(series_.end(), Series{attempt.call_id, 0, 0});
    }
    if (series->challenges >= challenges_without_success)
        return Rejected{403, "SR-REG-15 three challenges without success"};
    ++series->challenges;
    series->until_ms = now_ms + series_life_ms;

    sip::DigestChallenge challenge;
    challenge.realm = realm;
    challenge.nonce = nonce;
    // The user knows the password, only the nonce is too old or was used: no need to ask him for it again (SR-REG-08).
    challenge.stale = answers(attempt.credentials) && sip::digest_matches(ha1, *attempt.credentials, "REGISTER");
    if (nonces_.size() >= nonces_kept) nonces_.erase(nonces_.begin());
    nonces_.push_back({nonce, ha1, now_ms + life_.unused_ms, 0, false});
    return challenge;
}

}  // namespace isthmus::registrar
