#include "common/sip/via.hpp"

#include <fmt/format.h>

#include "common/sip/text.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::sip {
namespace {

/// Takes a token and the separator behind it, white space around either allowed (RFC 3261 25.1 sent-protocol).
std::optional<std::string_view> take_token(std::string_view& text, char separator) {
    const auto end = text.find(separator);
    if (end == std::string_view::npos) return std::nullopt;
    const auto token = trim(text.substr(0, end));
    if (!is_token_text(token)) return std::nullopt;
    text = trim(text.substr(end + 1));
    return token;
}

bool split_host_port(std::string_view sent_by, Via& via) {
    if (!sent_by.empty() && sent_by.front() == '[') {
        const auto close = sent_by.find(']');
        if (close == std::string_view::npos) return false;
        via.host = sent_by.substr(0, close + 1);
        sent_by = trim(sent_by.substr(close + 1));
        if (sent_by.empty()) return true;
        if (sent_by.front() != ':') return false;
    } else {
        const auto colon = sent_by.find(':');
        via.host = trim(sent_by.substr(0, colon));
        if (via.host.empty() || via.host.find_first_of(" \t") != std::string_view::npos) return false;
        if (colon == std::string_view::npos) return true;
        sent_by = sent_by.substr(colon);
    }
    const auto port = to_number<std::uint16_t>(trim(sent_by.substr(1)));
    via.port = port.value_or(0);
    return port.has_value();
}

}  // namespace

std::optional<Via> Via::parse(std::string_view value) {
    const auto semicolon = find_outside(value, ';');
    auto head = trim(value.substr(0, semicolon));
    const auto name = take_token(head, '/');
    const auto version = name ? take_token(head, '/') : std::nullopt;
    if (!version || !iequals(*name, "SIP") || *version != "2.0") return std::nullopt;
    const auto space = head.find_first_of(" \t");
    if (space == std::string_view::npos) return std::nullopt;
    Via via;
    via.transport = head.substr(0, space);
    if (!is_token_text(via.transport) || !split_host_port(trim(head.substr(space)), via)) return std::nullopt;
    if (semicolon != std::string_view::npos) via.params = value.substr(semicolon + 1);
    return via;
}

std::string_view Via::branch() const {
    return find_param(params, "branch").value_or(std::string_view{});
}
std::string_view Via::received() const {
    return find_param(params, "received").value_or(std::string_view{});
}
bool Via::wants_rport() const {
    return find_param(params, "rport").has_value();
}
std::uint16_t Via::rport() const {
    return to_number<std::uint16_t>(find_param(params, "rport").value_or(std::string_view{})).value_or(0);
}

std::optional<std::string> with_source(std::string_view value, std::string_view address, std::uint16_t port) {
    const auto via = Via::parse(value);
    if (!via) return std::nullopt;
    auto host = via->host;
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    const bool asked = via->wants_rport();
    if (!asked && host == address && via->received().empty()) return std::nullopt;
    // What the sender claims of itself does not stay (RFC 3261 18.2.1).
    const auto semicolon = find_outside(value, ';');
    std::string out(trim(value.substr(0, semicolon)));
    std::string_view rest = via->params;
    while (!rest.empty()) {
        const auto end = find_outside(rest, ';');
        const auto param = trim(rest.substr(0, end));
        const auto name = trim(param.substr(0, param.find('=')));
        if (!param.empty() && !iequals(name, "received") && !iequals(name, "rport")) out.append(";").append(param);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    if (asked) fmt::format_to(std::back_inserter(out), ";rport={}", port);
    if (asked || host != address) out.append(";received=").append(address);
    return out;
}

}  // namespace isthmus::sip
