#include "common/sip/headers.hpp"

#include <sofia-sip/sip_extra.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/su_alloc.h>

#include <algorithm>
#include <array>

#include "common/sip/lexis.hpp"

namespace isthmus::sip {

namespace {

/// An arena for one parse by Sofia.
class Arena {
  public:
    Arena() { su_home_init(home_); }
    ~Arena() { su_home_deinit(home_); }
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    su_home_t* get() { return home_; }

  private:
    su_home_t home_[1] = {SU_HOME_INIT(home_)};
};

/// Sofia's parsers read a C string: a NUL in the value would hide what follows it.
bool no_nul(std::string_view value) {
    return value.find('\0') == std::string_view::npos;
}

std::optional<std::string> param_text(std::string_view params, std::string_view name) {
    for (const auto part : split_outside_quotes(params, ';')) {
        const auto param = param_of(part);
        if (iequals(param.name, name)) return unquote(param.value);
    }
    return std::nullopt;
}

std::string join_params(std::string head, std::string_view params) {
    if (!params.empty()) head.append(";").append(params);
    return head;
}

/// "head;params" cut at the first semicolon outside quotes and brackets.
std::pair<std::string_view, std::string_view> cut_params(std::string_view value) {
    value = trim(value);
    const auto semicolon = find_outside(value, ';');
    if (semicolon == std::string_view::npos) return {value, {}};
    return {trim(value.substr(0, semicolon)), trim(value.substr(semicolon + 1))};
}

/// RFC 3261 25.1 qvalue as thousandths.
std::optional<std::uint16_t> q_value(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
    if (text.size() > 1 && text[1] != '.') return std::nullopt;
    int thousandths = text[0] == '1' ? 1000 : 0;
    int weight = 100;
    for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (!is_digit(c)) return std::nullopt;
        thousandths += (c - '0') * weight;
        weight /= 10;
    }
    if (thousandths > 1000) return std::nullopt;
    return static_cast<std::uint16_t>(thousandths);
}

}  // namespace

std::string print(const NameAddr& address) {
    std::string text = address.display;
    if (!text.empty()) text += ' ';
    text += '<' + address.uri.print() + '>';
    return join_params(std::move(text), address.params);
}

std::optional<ChargingVector> ChargingVector::parse(std::string_view value) {
    ChargingVector result;
    for (const auto part : split_outside_quotes(value, ';')) {
        const auto param = param_of(part);
        if (iequals(param.name, "icid-value")) {
            result.icid = unquote(param.value);
        } else if (iequals(param.name, "icid-generated-at")) {
            result.generated_at = unquote(param.value);
        } else if (iequals(param.name, "orig-ioi")) {
            result.orig_ioi = unquote(param.value);
        } else if (iequals(param.name, "term-ioi")) {
            result.term_ioi = unquote(param.value);
        } else {
            result.others = result.others.empty() ? std::string(part) : join_params(result.others, part);
        }
    }
    if (result.icid.empty()) return std::nullopt;
    return result;
}

std::string ChargingVector::print() const {
    std::string text = "icid-value=" + quote(icid);
    if (!generated_at.empty()) text += ";icid-generated-at=" + token_or_quoted(generated_at);
    if (!orig_ioi.empty()) text += ";orig-ioi=" + quote(orig_ioi);
    if (!term_ioi.empty()) text += ";term-ioi=" + quote(term_ioi);
    return join_params(std::move(text), others);
}

std::optional<AccessNetworkInfo> AccessNetworkInfo::parse(std::string_view value) {
    const auto [type, params] = cut_params(value);
    if (!is_token_text(type)) return std::nullopt;
    return AccessNetworkInfo{std::string(type), std::string(params)};
}

bool AccessNetworkInfo::network_provided() const {
    return param_text(params, "network-provided").has_value();
}

std::string AccessNetworkInfo::print() const {
    return join_params(type, params);
}

std::optional<VisitedNetworkId> VisitedNetworkId::parse(std::string_view value) {
    const auto [network, params] = cut_params(value);
    const bool quoted = network.size() > 2 && network.front() == '"' && network.back() == '"';
    if (!quoted && !is_token_text(network)) return std::nullopt;
    return VisitedNetworkId{unquote(network), std::string(params)};
}

bool VisitedNetworkId::same_network(const VisitedNetworkId& other) const {
    return iequals(network, other.network);
}

std::string VisitedNetworkId::print() const {
    return join_params(quote(network), params);
}

AssertedIdentities AssertedIdentities::of(const Message& message) {
    AssertedIdentities result;
    for (const auto value : message.values(HeaderId::p_asserted_identity)) {
        auto identity = NameAddr::parse(value);
        if (identity && identity->uri.is_sip() && !result.sip) {
            result.sip = std::move(identity);
        } else if (identity && identity->uri.scheme == Uri::Scheme::tel && !result.tel) {
            result.tel = std::move(identity);
        } else {
            result.surplus = true;
        }
    }
    return result;
}

std::string AssertedIdentities::print() const {
    std::string text;
    if (sip) text = sip::print(*sip);
    if (tel) text += (text.empty() ? "" : ", ") + sip::print(*tel);
    return text;
}

std::optional<ServedUser> ServedUser::parse(std::string_view value) {
    auto address = NameAddr::parse(value);
    if (!address) return std::nullopt;
    ServedUser result;
    if (param_text(address->params, "orig-cdiv")) {
        result.session_case = Case::originating_after_diversion;
    } else if (const auto session_case = param_text(address->params, "sescase")) {
        if (iequals(*session_case, "orig")) result.session_case = Case::originating;
        if (iequals(*session_case, "term")) result.session_case = Case::terminating;
    }
    if (const auto state = param_text(address->params, "regstate")) {
        if (iequals(*state, "reg")) result.registered = true;
        if (iequals(*state, "unreg")) result.registered = false;
    }
    result.uri = std::move(address->uri);
    return result;
}

std::string ServedUser::print() const {
    constexpr std::array<std::string_view, 4> cases{"", ";sescase=orig", ";sescase=term", ";orig-cdiv"};
    std::string text = '<' + uri.print() + '>';
    text += cases.at(static_cast<std::size_t>(session_case));
    if (registered) text += *registered ? ";regstate=reg" : ";regstate=unreg";
    return text;
}

std::optional<Warning> Warning::parse(std::string_view value) {
    // Sofia takes a quote in the agent, and text without quotes; RFC 3261 20.43 does not.
    const auto quote_at = value.find('"');
    if (!no_nul(value) || quote_at == std::string_view::npos || !is_quoted_string(trim(value.substr(quote_at))) ||
        quote_at == 0 || !is_space(value[quote_at - 1])) {
        return std::nullopt;
    }
    Arena arena;
    const auto* parsed = sip_warning_make(arena.get(), std::string(value).c_str());
    if (parsed == nullptr || parsed->w_code < 100 || parsed->w_code > 999 || parsed->w_host == nullptr)
        return std::nullopt;
    Warning result{static_cast<int>(parsed->w_code), parsed->w_host, {}};
    if (parsed->w_port != nullptr) result.agent.append(":").append(parsed->w_port);
    if (parsed->w_text != nullptr) result.text = parsed->w_text;
    return result;
}

std::string Warning::print() const {
    return std::to_string(code) + ' ' + agent + ' ' + quote(text);
}

std::optional<Reason> Reason::parse(std::string_view value) {
    if (!no_nul(value)) return std::nullopt;
    Arena arena;
    const auto* parsed = sip_reason_make(arena.get(), std::string(value).c_str());
    if (parsed == nullptr || parsed->re_protocol == nullptr || !is_token_text(parsed->re_protocol)) return std::nullopt;
    Reason result{parsed->re_protocol, std::nullopt, {}};
    if (parsed->re_cause != nullptr) {
        const auto cause = to_number<int>(unquote(parsed->re_cause));
        if (!cause) return std::nullopt;
        result.cause = cause;
    }
    if (parsed->re_text != nullptr) result.text = unquote(parsed->re_text);
    return result;
}

std::string Reason::print() const {
    std::string out = protocol;
    if (cause) out += ";cause=" + std::to_string(*cause);
    if (!text.empty()) out += ";text=" + quote(text);
    return out;
}

std::optional<RetryAfter> RetryAfter::parse(std::string_view value) {
    // Sofia clips what is too large; a wait that does not fit is no wait to honour.
    const auto digits = value.substr(0, value.find_first_not_of("0123456789"));
    const auto seconds = to_number<std::uint32_t>(digits);
    if (!seconds || !no_nul(value)) return std::nullopt;
    Arena arena;
    const auto* parsed = sip_retry_after_make(arena.get(), std::string(value).c_str());
    if (parsed == nullptr) return std::nullopt;
    RetryAfter result{*seconds, {}, std::nullopt};
    if (parsed->af_comment != nullptr) result.comment = parsed->af_comment;
    if (parsed->af_duration != nullptr) result.duration = to_number<std::uint32_t>(parsed->af_duration);
    return result;
}

std::string RetryAfter::print() const {
    std::string text = std::to_string(seconds);
    if (!comment.empty()) text += " (" + comment + ')';
    if (duration) text += ";duration=" + std::to_string(*duration);
    return text;
}

std::optional<SessionExpires> SessionExpires::parse(std::string_view value) {
    const auto [number, params] = cut_params(value);
    const auto seconds = to_number<std::uint32_t>(number);
    if (!seconds) return std::nullopt;
    SessionExpires result{*seconds, Refresher::none};
    if (const auto refresher = param_text(params, "refresher")) {
        if (iequals(*refresher, "uac")) result.refresher = Refresher::uac;
        if (iequals(*refresher, "uas")) result.refresher = Refresher::uas;
    }
    return result;
}

std::string SessionExpires::print() const {
    constexpr std::array<std::string_view, 3> names{"", ";refresher=uac", ";refresher=uas"};
    return std::to_string(seconds).append(names.at(static_cast<std::size_t>(refresher)));
}

std::optional<MinSe> MinSe::parse(std::string_view value) {
    const auto seconds = to_number<std::uint32_t>(cut_params(value).first);
    if (!seconds) return std::nullopt;
    return MinSe{*seconds};
}

std::string MinSe::print() const {
    return std::to_string(seconds);
}

std::optional<RSeq> RSeq::parse(std::string_view value) {
    const auto number = to_number<std::uint32_t>(trim(value));
    if (!number || *number == 0 || *number > 0x7fffffffU) return std::nullopt;
    return RSeq{*number};
}

std::string RSeq::print() const {
    return std::to_string(number);
}

std::optional<RAck> RAck::parse(std::string_view value) {
    // Sofia overlooks what stands behind the method.
    std::array<std::string_view, 3> words;
    std::size_t count = 0;
    for (const auto word : split_outside_quotes(value, ' ')) {
        if (count == words.size()) return std::nullopt;
        words.at(count++) = word;
    }
    const auto rseq = to_number<std::uint32_t>(words[0]);
    const auto cseq = to_number<std::uint32_t>(words[1]);
    if (count != words.size() || !rseq || *rseq == 0 || !cseq || !is_token_text(words[2])) return std::nullopt;
    return RAck{*rseq, *cseq, std::string(words[2])};
}

std::string RAck::print() const {
    return std::to_string(rseq) + ' ' + std::to_string(cseq) + ' ' + method;
}

std::optional<Contact> Contact::parse(std::string_view value) {
    Contact result;
    if (trim(value) == "*") {
        result.wildcard = true;
        return result;
    }
    auto address = NameAddr::parse(value);
    if (!address) return std::nullopt;
    result.address = std::move(*address);
    const std::string_view params = result.address.params;
    if (const auto q = param_text(params, "q")) {
        const auto number = q_value(*q);
        if (!number) return std::nullopt;
        result.q = *number;
    }
    if (const auto expires = param_text(params, "expires")) {
        // RFC 3261 10.3 (6): a malformed value counts as 3600.
        result.expires = to_number<std::uint32_t>(*expires).value_or(3600);
    }
    if (auto instance = param_text(params, "+sip.instance")) {
        if (instance->size() > 1 && instance->front() == '<' && instance->back() == '>') {
            *instance = instance->substr(1, instance->size() - 2);
        }
        result.instance = std::move(*instance);
    }
    if (const auto reg_id = param_text(params, "reg-id")) result.reg_id = to_number<std::uint32_t>(*reg_id);
    return result;
}

std::string Contact::print() const {
    if (wildcard) return "*";
    NameAddr printed = address;
    printed.params = expires ? with_param(address.params, "expires", std::to_string(*expires))
                             : without_param(address.params, "expires");
    return sip::print(printed);
}

bool Contact::has_feature_tags() const {
    constexpr std::array<std::string_view, 19> base{"audio",   "automata", "class",       "duplex", "data",
                                                    "control", "mobility", "description", "events", "priority",
                                                    "methods", "schemes",  "application", "video",  "language",
                                                    "type",    "isfocus",  "actor",       "text"};
    for (const auto part : split_outside_quotes(address.params, ';')) {
        const auto name = param_of(part).name;
        if (iequals(name, "+sip.instance")) continue;
        if (!name.empty() && name.front() == '+') return true;
        if (std::any_of(base.begin(), base.end(), [&](std::string_view tag) { return iequals(tag, name); }))
            return true;
    }
    return false;
}

std::string without_param(std::string_view params, std::string_view name) {
    std::string result;
    for (const auto part : split_outside_quotes(params, ';')) {
        if (iequals(param_of(part).name, name)) continue;
        if (!result.empty()) result += ';';
        result += part;
    }
    return result;
}

std::string with_param(std::string_view params, std::string_view name, std::string_view value) {
    auto result = without_param(params, name);
    if (!result.empty()) result += ';';
    result += name;
    if (!value.empty()) result.append("=").append(value);
    return result;
}

}  // namespace isthmus::sip
