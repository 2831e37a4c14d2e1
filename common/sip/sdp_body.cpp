#include "common/sip/sdp_body.hpp"

#include <string>

#include "common/sip/lexis.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::sip {

namespace {

constexpr std::string_view sdp_type = "application/sdp";

std::string_view media_type(std::string_view content_type) {
    return trim(content_type.substr(0, content_type.find(';')));
}

bool is_identity_encoding(std::string_view encoding) {
    return encoding.empty() || iequals(encoding, "identity") || iequals(encoding, "binary") ||
           iequals(encoding, "8bit") || iequals(encoding, "7bit");
}

struct Part {
    std::string_view headers;
    std::string_view content;
};

/// The value of a MIME part's header field; parts are short, so each look-up walks them.
std::string_view part_header(std::string_view headers, std::string_view name) {
    while (!headers.empty()) {
        const auto feed = headers.find('\n');
        const auto line = headers.substr(0, feed);
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && iequals(trim(line.substr(0, colon)), name)) {
            return trim(line.substr(colon + 1));
        }
        headers.remove_prefix(feed == std::string_view::npos ? headers.size() : feed + 1);
    }
    return {};
}

Part split_part(std::string_view text) {
    if (istarts_with(text, "\r\n")) return {{}, text.substr(2)};
    if (istarts_with(text, "\n")) return {{}, text.substr(1)};
    for (const std::string_view gap : {"\r\n\r\n", "\n\n"}) {
        const auto end = text.find(gap);
        if (end != std::string_view::npos) return {text.substr(0, end), text.substr(end + gap.size())};
    }
    return {text, {}};
}

/// The start of the next "--boundary" that begins a line, at or after `from`.
std::size_t find_delimiter(std::string_view body, const std::string& delimiter, std::size_t from) {
    for (auto at = body.find(delimiter, from); at != std::string_view::npos; at = body.find(delimiter, at + 1)) {
        if (at == 0 || body[at - 1] == '\n') return at;
    }
    return std::string_view::npos;
}

/// The first application/sdp part of a multipart body; RFC 2046 5.1.1: the line break before a delimiter is its own.
std::optional<Part> find_sdp_part(std::string_view body, std::string_view boundary) {
    const std::string delimiter = "--" + std::string(boundary);
    auto at = find_delimiter(body, delimiter, 0);
    while (at != std::string_view::npos) {
        const auto line_end = body.find('\n', at);
        if (line_end == std::string_view::npos || body.substr(at + delimiter.size(), 2) == "--") return std::nullopt;
        const auto next = find_delimiter(body, delimiter, line_end + 1);
        auto end = next == std::string_view::npos ? body.size() : next;
        if (next != std::string_view::npos && end > line_end + 1) --end;
        if (next != std::string_view::npos && end > line_end + 1 && body[end - 1] == '\r') --end;
        const auto part = split_part(body.substr(line_end + 1, end - line_end - 1));
        if (iequals(media_type(part_header(part.headers, "Content-Type")), sdp_type)) return part;
        at = next;
    }
    return std::nullopt;
}

}  // namespace

bool body_is_sealed(const Message& message) {
    const auto type = media_type(message.value(HeaderId::content_type));
    return istarts_with(type, "application/pkcs7") || istarts_with(type, "application/x-pkcs7") ||
           iequals(type, "multipart/signed") || iequals(type, "multipart/encrypted") ||
           message.has(HeaderId::identity);  // IW-POL-07
}

std::optional<SdpBody> sdp_of(const Message& message) {
    const auto body = message.body();
    const auto content_type = message.value(HeaderId::content_type);
    if (body.empty() || !is_identity_encoding(message.value(HeaderId::content_encoding))) return std::nullopt;
    Part found{{}, body};
    if (istarts_with(content_type, "multipart/")) {
        const auto semicolon = content_type.find(';');
        if (semicolon == std::string_view::npos) return std::nullopt;
        const auto boundary = find_param(content_type.substr(semicolon + 1), "boundary");
        if (!boundary || boundary->empty()) return std::nullopt;
        const auto part = find_sdp_part(body, *boundary);
        if (!part) return std::nullopt;
        found = *part;
    } else if (!iequals(media_type(content_type), sdp_type)) {
        return std::nullopt;
    }
    if (!is_identity_encoding(part_header(found.headers, "Content-Transfer-Encoding"))) return std::nullopt;
    auto sdp = Sdp::parse(found.content);
    if (!sdp) return std::nullopt;
    // A length of its own inside the part would become a lie.
    const bool changeable = !body_is_sealed(message) && part_header(found.headers, "Content-Length").empty();
    const auto offset = static_cast<std::size_t>(found.content.data() - body.data());
    return SdpBody{std::move(*sdp), changeable, offset, found.content.size()};
}

void replace_sdp(Message& message, const SdpBody& found, const Sdp& sdp) {
    std::string body(message.body());
    body.replace(found.offset, found.length, sdp.print());
    message.set_body({}, body);  // the type stays
}

void reduce_to_sdp(Message& message, const SdpBody& found) {
    message.set_body(sdp_type, found.sdp.print());
    message.remove("Content-Transfer-Encoding");
    message.remove(HeaderId::mime_version);
}

}  // namespace isthmus::sip
