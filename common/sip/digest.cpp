#include "common/sip/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "common/sip/base64.hpp"
#include "common/sip/lexis.hpp"

namespace isthmus::sip {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// The parameters behind "Digest "; names in lower case. Nothing when malformed or a name comes twice.
std::optional<Pairs> digest_params(std::string_view value) {
    value = trim(value);
    constexpr std::string_view scheme = "Digest";
    if (!istarts_with(value, scheme) || value.size() == scheme.size()) return std::nullopt;
    value.remove_prefix(scheme.size());
    if (value.front() != ' ' && value.front() != '\t' && value.front() != '\r') return std::nullopt;
    Pairs pairs;
    for (const auto part : split_outside_quotes(value, ',')) {
        const auto param = param_of(part);
        if (!param.has_value || !is_token_text(param.name)) return std::nullopt;
        const bool quoted = is_quoted_string(param.value);
        if (!quoted && param.value.find('"') != std::string_view::npos) return std::nullopt;
        auto name = to_lower(param.name);
        const bool twice =
            std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
        if (twice) return std::nullopt;
        pairs.emplace_back(std::move(name), unquote(param.value));
    }
    if (pairs.empty()) return std::nullopt;
    return pairs;
}

std::string take(Pairs& pairs, std::string_view name) {
    const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
    if (found == pairs.end()) return {};
    std::string value = std::move(found->second);
    pairs.erase(found);
    return value;
}

/// These are printed without quotes, so they must be tokens whatever way they came.
bool token_or_absent(std::string_view text) {
    return text.empty() || is_token_text(text);
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

void put(std::string& out, std::string_view name, const std::string& text) {
    if (!out.empty() && out.back() != ' ') out += ',';
    out.append(name).append("=").append(text);
}

void put_quoted(std::string& out, std::string_view name, const std::string& value) {
    if (!value.empty()) put(out, name, quote(value));
}

void put_token(std::string& out, std::string_view name, const std::string& value) {
    if (!value.empty()) put(out, name, value);
}

std::string hash_hex(DigestAlgorithm algorithm, std::string_view octets) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned int size = 0;
    const auto* kind = algorithm == DigestAlgorithm::sha256 ? EVP_sha256() : EVP_md5();
    if (EVP_Digest(octets.data(), octets.size(), hash.data(), &size, kind, nullptr) != 1)
        throw std::runtime_error("OpenSSL offers no " + std::string(name(algorithm)));
    return to_hex({reinterpret_cast<const char*>(hash.data()), size});
}

std::string combine(std::string_view ha1, const DigestCredentials& credentials, const std::string& ha2) {
    std::string text(ha1);
    text.append(":").append(credentials.nonce).append(":");
    if (!credentials.qop.empty()) {
        text.append(credentials.nc).append(":").append(credentials.cnonce).append(":");
        text.append(credentials.qop).append(":");
    }
    return hash_hex(*digest_algorithm(credentials.algorithm), text + ha2);
}

}  // namespace

std::optional<DigestAlgorithm> digest_algorithm(std::string_view name) {
    if (name.empty() || iequals(name, "MD5")) return DigestAlgorithm::md5;
    if (iequals(name, "SHA-256")) return DigestAlgorithm::sha256;
    if (iequals(name, "AKAv1-MD5")) return DigestAlgorithm::aka_v1_md5;
    return std::nullopt;
}

std::string_view name(DigestAlgorithm algorithm) {
    switch (algorithm) {
        case DigestAlgorithm::md5:
            return "MD5";
        case DigestAlgorithm::sha256:
            return "SHA-256";
        case DigestAlgorithm::aka_v1_md5:
            return "AKAv1-MD5";
    }
    return "MD5";
}

std::string md5_hex(std::string_view octets) {
    return hash_hex(DigestAlgorithm::md5, octets);
}

std::string sha256_hex(std::string_view octets) {
    return hash_hex(DigestAlgorithm::sha256, octets);
}

std::string digest_ha1(std::string_view username, std::string_view realm, std::string_view password,
                       DigestAlgorithm algorithm) {
    std::string text(username);
    text.append(":").append(realm).append(":").append(password);
    return hash_hex(algorithm, text);
}

bool constant_time_equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<DigestCredentials> DigestCredentials::parse(std::string_view value) {
    auto pairs = digest_params(value);
    if (!pairs) return std::nullopt;
    DigestCredentials result;
    result.username = take(*pairs, "username");
    result.realm = take(*pairs, "realm");
    result.nonce = take(*pairs, "nonce");
    result.uri = take(*pairs, "uri");
    result.response = take(*pairs, "response");
    result.algorithm = take(*pairs, "algorithm");
    result.cnonce = take(*pairs, "cnonce");
    result.opaque = take(*pairs, "opaque");
    result.qop = take(*pairs, "qop");
    result.nc = take(*pairs, "nc");
    if (!token_or_absent(result.algorithm) || !token_or_absent(result.qop) || !token_or_absent(result.nc)) {
        return std::nullopt;
    }
    result.others = std::move(*pairs);
    return result;
}

std::optional<std::uint32_t> DigestCredentials::nonce_count() const {
    if (nc.size() != 8 || !is_hex(nc)) return std::nullopt;
    return static_cast<std::uint32_t>(std::stoul(nc, nullptr, 16));
}

std::optional<std::string_view> DigestCredentials::other(std::string_view name) const {
    for (const auto& [own, value] : others) {
        if (iequals(own, name)) return value;
    }
    return std::nullopt;
}

bool DigestCredentials::computable() const {
    if (!digest_algorithm(algorithm)) return false;
    if (qop.empty()) return true;
    return iequals(qop, "auth") && !cnonce.empty() && nonce_count().has_value();
}

std::string DigestCredentials::print() const {
    std::string out = "Digest ";
    put(out, "username", quote(username));
    put(out, "realm", quote(realm));
    put(out, "nonce", quote(nonce));
    put(out, "uri", quote(uri));
    put(out, "response", quote(response));
    put_token(out, "algorithm", algorithm);
    put_quoted(out, "cnonce", cnonce);
    put_quoted(out, "opaque", opaque);
    put_token(out, "qop", qop);
    put_token(out, "nc", nc);
    for (const auto& [name, value] : others) put(out, name, quote(value));
    return out;
}

std::optional<DigestChallenge> DigestChallenge::parse(std::string_view value) {
    auto pairs = digest_params(value);
    if (!pairs) return std::nullopt;
    DigestChallenge result;
    result.realm = take(*pairs, "realm");
    result.nonce = take(*pairs, "nonce");
    result.opaque = take(*pairs, "opaque");
    result.algorithm = take(*pairs, "algorithm");
    result.qop = take(*pairs, "qop");
    result.stale = iequals(take(*pairs, "stale"), "true");
    result.ik = take(*pairs, "ik");
    result.ck = take(*pairs, "ck");
    if (!token_or_absent(result.algorithm)) return std::nullopt;
    result.others = std::move(*pairs);
    return result;
}

std::string DigestChallenge::print() const {
    std::string out = "Digest ";
    put(out, "realm", quote(realm));
    put(out, "nonce", quote(nonce));
    put_quoted(out, "opaque", opaque);
    put_token(out, "algorithm", algorithm);
    put_quoted(out, "qop", qop);
    if (stale) put(out, "stale", "true");
    put_quoted(out, "ik", ik);
    put_quoted(out, "ck", ck);
    for (const auto& [name, value] : others) put(out, name, quote(value));
    return out;
}

std::string AuthenticationInfo::print() const {
    std::string out;
    put_quoted(out, "nextnonce", nextnonce);
    put_token(out, "qop", qop);
    put_quoted(out, "rspauth", rspauth);
    put_quoted(out, "cnonce", cnonce);
    put_token(out, "nc", nc);
    return out;
}

std::string digest_response(std::string_view ha1, const DigestCredentials& credentials, std::string_view method) {
    if (!credentials.computable()) return {};
    return combine(ha1, credentials,
                   hash_hex(*digest_algorithm(credentials.algorithm), std::string(method) + ":" + credentials.uri));
}

std::string digest_rspauth(std::string_view ha1, const DigestCredentials& credentials) {
    if (!credentials.computable()) return {};
    return combine(ha1, credentials, hash_hex(*digest_algorithm(credentials.algorithm), ":" + credentials.uri));
}

bool digest_matches(std::string_view ha1, const DigestCredentials& credentials, std::string_view method) {
    const auto wanted = digest_response(ha1, credentials, method);
    return !wanted.empty() && constant_time_equal(wanted, to_lower(credentials.response));
}

}  // namespace isthmus::sip
