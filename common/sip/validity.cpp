#include "common/sip/validity.hpp"

#include "common/sip/message_impl.hpp"
#include "common/sip/text.hpp"
#include "common/sip/uri.hpp"
#include "common/sip/via.hpp"

namespace isthmus::sip {
namespace {

using Finding = std::optional<Malformed>;

Malformed bad(std::string detail) {
    return {400, std::move(detail)};
}

Finding check_scan(const Message& message) {
    const auto flaws = flaws_of(message);
    if (flaws == 0) return std::nullopt;
    if ((flaws & flaw_start_line) != 0) return bad("Malformed start line");
    if ((flaws & flaw_version) != 0) return Malformed{505, "SIP version not supported"};
    if ((flaws & flaw_nul) != 0) return bad("NUL octet in the header");
    if ((flaws & flaw_field_line) != 0) return bad("A line is no header field");
    if ((flaws & flaw_unterminated) != 0) return bad("No empty line after the header");
    return bad("Content-Length is wrong");
}

/// Duplicates of these would leave two readers with two opinions (and abort Sofia's printer).
Finding check_single_fields(const Message& message) {
    std::uint64_t seen[2] = {0, 0};
    Finding found;
    message.each_field([&](HeaderId id, std::string_view name, std::string_view) {
        if (header_form(id) != HeaderForm::single || found) return;
        const auto bit = static_cast<unsigned>(id);
        auto& word = seen[bit / 64];
        if ((word & (std::uint64_t{1} << (bit % 64))) != 0) found = bad("More than one " + std::string(name));
        word |= std::uint64_t{1} << (bit % 64);
    });
    return found;
}

Finding check_cseq(const Message& message) {
    const auto text = message.value(HeaderId::cseq);
    const auto number = to_number<std::uint32_t>(text.substr(0, std::min(text.find_first_of(" \t"), text.size())));
    if (!number || *number > 0x7fffffffU) return bad("CSeq number out of range");
    if (!is_token_text(message.cseq_method())) return bad("CSeq without method");
    if (message.is_request() && message.cseq_method() != message.method_name())
        return bad("CSeq method is not the request's");
    return std::nullopt;
}

/// Parameters as the grammar wants them: no empty one between two semicolons, every name a token, none twice (7.3.1).
bool good_params(std::string_view params) {
    boost::container::small_vector<std::string_view, 12> names;
    while (true) {
        const auto end = find_outside(params, ';');
        const auto param = trim(params.substr(0, end));
        const auto equal = param.find('=');
        const auto name = trim(param.substr(0, equal));
        if (!is_token_text(name)) return false;
        if (equal != std::string_view::npos && trim(param.substr(equal + 1)).empty()) return false;
        for (const auto earlier : names)
            if (iequals(earlier, name)) return false;
        names.push_back(name);
        if (end == std::string_view::npos) return true;
        params = params.substr(end + 1);
    }
}

/// display-name is tokens or one quoted string (RFC 3261 25.1).
bool good_display(std::string_view text) {
    if (text.empty()) return true;
    if (text.front() == '"') return text.size() >= 2 && text.back() == '"';
    for (char c : text)
        if (!is_token(c) && !is_space(c)) return false;
    return true;
}

bool good_name_addr(std::string_view value) {
    const auto parts = NameAddrView::parse(value);
    return parts && is_uri(parts->uri) && good_display(parts->display) &&
           (parts->params.empty() || good_params(parts->params));
}

Finding check_addresses(const Message& message) {
    for (const auto id : {HeaderId::from, HeaderId::to})
        if (!good_name_addr(message.value(id))) return bad("Malformed " + std::string(header_name(id)));
    for (const auto id : {HeaderId::contact, HeaderId::route, HeaderId::record_route, HeaderId::path}) {
        if (!message.has(id)) continue;
        for (const auto value : message.values(id))
            if (!(id == HeaderId::contact && value == "*") && !good_name_addr(value))
                return bad("Malformed " + std::string(header_name(id)));
    }
    return std::nullopt;
}

Finding check_vias(const Message& message) {
    bool top = true;
    for (const auto value : message.values(HeaderId::via)) {
        const auto via = Via::parse(value);
        if (!via) return bad("Malformed Via");
        if (top && !via->params.empty() && !good_params(via->params)) return bad("Malformed Via parameter");
        top = false;
    }
    return std::nullopt;
}

Finding check_request_line(const Message& message) {
    const auto uri = Uri::parse(message.request_uri());
    if (!uri) return bad("Malformed Request-URI");
    if (uri->scheme == Uri::Scheme::other || (uri->scheme == Uri::Scheme::urn && uri->print().find("service:") != 4))
        return Malformed{416, "Unsupported URI scheme"};
    if (!uri->headers.empty()) return bad("Header fields in the Request-URI");
    return std::nullopt;
}

Finding check_numbers(const Message& message) {
    if (message.has(HeaderId::max_forwards) && message.number(HeaderId::max_forwards).value_or(256) > 255)
        return bad("Max-Forwards is not a number of 0 to 255");
    if (message.has(HeaderId::content_length) && !message.number(HeaderId::content_length))
        return bad("Content-Length is not a number");
    return std::nullopt;
}

Finding check_mandatory(const Message& message) {
    for (const auto id : {HeaderId::via, HeaderId::from, HeaderId::to, HeaderId::call_id, HeaderId::cseq})
        if (message.value(id).empty()) return bad("No " + std::string(header_name(id)));
    if (message.call_id().find_first_of(" \t") != std::string_view::npos) return bad("White space in the Call-ID");
    return std::nullopt;
}

Finding first_finding(const Message& message) {
    for (const auto look : {check_scan, check_mandatory, check_single_fields, check_cseq, check_vias, check_numbers})
        if (auto found = look(message)) return found;
    if (message.is_request())
        if (auto found = check_request_line(message)) return found;
    return check_addresses(message);
}

}  // namespace

std::optional<Malformed> check(const Message& message) {
    auto found = first_finding(message);
    if (found && !message.is_request()) found->status = 0;  // a response is never answered
    return found;
}

}  // namespace isthmus::sip
