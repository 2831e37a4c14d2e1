// Header fields the core reads and writes as values: RFC 7315 and its IMS relatives, and the RFC 3261 family members
// that carry more than a number. Each struct parses one field value (of a list: one element) and prints it.
// Values are parsed by Sofia's grammar where it has one. Lists come from Message::values().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/sip/message.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::sip {

/// `display <uri>;params`; brackets always, since a URI with parameters needs them (RFC 3261 20.10).
std::string print(const NameAddr& address);

/// RFC 7315 5.6 (PR-REG-05, CH-SES).
struct ChargingVector {
    std::string icid;
    std::string generated_at;
    std::string orig_ioi;
    std::string term_ioi;
    std::string others;  ///< what else was there, "a=b;c", as received

    static std::optional<ChargingVector> parse(std::string_view value);  ///< nothing without icid-value
    [[nodiscard]] std::string print() const;
};

/// RFC 7315 5.4; a list, one element each.
struct AccessNetworkInfo {
    std::string type;    ///< "3GPP-UTRAN-FDD", as received
    std::string params;  ///< without the leading semicolon

    static std::optional<AccessNetworkInfo> parse(std::string_view value);
    [[nodiscard]] bool network_provided() const;
    [[nodiscard]] std::string print() const;
};

/// RFC 7315 5.3; compared without quotes and case (HS-REG-03).
struct VisitedNetworkId {
    std::string network;
    std::string params;

    static std::optional<VisitedNetworkId> parse(std::string_view value);
    [[nodiscard]] bool same_network(const VisitedNetworkId& other) const;
    [[nodiscard]] std::string print() const;
};

/// P-Asserted-Identity as a whole: at most one sip/sips and one tel (RFC 3325 9.1, HX-SES-01).
struct AssertedIdentities {
    std::optional<NameAddr> sip;
    std::optional<NameAddr> tel;
    bool surplus = false;  ///< more than that was there, or something else; from a UE that is a 400

    static AssertedIdentities of(const Message& message);
    [[nodiscard]] bool empty() const { return !sip && !tel; }
    [[nodiscard]] std::string print() const;  ///< sip first
};

/// RFC 5502 (HX-SES-02).
struct ServedUser {
    enum class Case : std::uint8_t { none, originating, terminating, originating_after_diversion };
    Uri uri;
    Case session_case = Case::none;
    std::optional<bool> registered;

    static std::optional<ServedUser> parse(std::string_view value);
    [[nodiscard]] std::string print() const;
};

/// RFC 3261 20.43 (HX-SES-08).
struct Warning {
    int code = 399;
    std::string agent;
    std::string text;

    static std::optional<Warning> parse(std::string_view value);
    [[nodiscard]] std::string print() const;
};

/// RFC 3326 (HX-SES-07).
struct Reason {
    std::string protocol = "SIP";
    std::optional<int> cause;
    std::string text;

    static std::optional<Reason> parse(std::string_view value);
    [[nodiscard]] std::string print() const;
};

/// RFC 3261 20.33.
struct RetryAfter {
    std::uint32_t seconds = 0;
    std::string comment;
    std::optional<std::uint32_t> duration;

    static std::optional<RetryAfter> parse(std::string_view value);
    [[nodiscard]] std::string print() const;
};

/// RFC 4028 4 (HX-SES-06).
struct SessionExpires {
    enum class Refresher : std::uint8_t { none, uac, uas };
    std::uint32_t seconds = 0;
    Refresher refresher = Refresher::none;

    static std::optional<SessionExpires> parse(std::string_view value);
    [[nodiscard]] std::string print() const;
};

/// RFC 4028 5.
struct MinSe {
    std::uint32_t seconds = 0;

    static std::optional<MinSe> parse(std::string_view value);
    [[nodiscard]] std::string print() const;
};

/// RFC 3262 7.1: 1..2^31-1.
struct RSeq {
    std::uint32_t number = 0;

    static std::optional<RSeq> parse(std::string_view value);
    [[nodiscard]] std::string print() const;
};

/// RFC 3262 7.2.
struct RAck {
    std::uint32_t rseq = 0;
    std::uint32_t cseq = 0;
    std::string method;

    static std::optional<RAck> parse(std::string_view value);
    [[nodiscard]] std::string print() const;
};

/// RFC 3261 20.10, with the parameters registration reads (RFC 5626, RFC 5627).
struct Contact {
    bool wildcard = false;  ///< "*": everything else is empty
    NameAddr address;
    std::uint16_t q = 1000;  ///< thousandths; absent means 1
    std::optional<std::uint32_t> expires;
    std::string instance;  ///< +sip.instance without quotes and brackets
    std::optional<std::uint32_t> reg_id;

    static std::optional<Contact> parse(std::string_view value);
    /// As received except that `expires` is what the struct says.
    [[nodiscard]] std::string print() const;
    /// RFC 3840: some media feature tag stands in the parameters (+g..., audio, video ...).
    [[nodiscard]] bool has_feature_tags() const;
};

/// `params` without the parameter `name`.
std::string without_param(std::string_view params, std::string_view name);
/// `params` with `name=value` (or `name` alone when `value` is empty), replacing one of that name.
std::string with_param(std::string_view params, std::string_view name, std::string_view value);

}  // namespace isthmus::sip
