// What a Message keeps; shared by message.cpp (reading), scan.cpp (indexing) and edit.cpp (editing, printing).
#pragma once

#include <algorithm>
#include <cstring>
#include <memory_resource>

#include "common/sip/message.hpp"

namespace isthmus::sip {

/// What the scan saw and check() refuses; one bit each.
enum Flaw : std::uint16_t {
    flaw_start_line = 1,       // spaces in the wrong place, no URI, no method token
    flaw_version = 2,          // not SIP/2.0
    flaw_field_line = 4,       // a line that is no field
    flaw_unterminated = 8,     // no empty line behind the fields
    flaw_content_length = 16,  // not a number, or more than there is
    flaw_nul = 32,             // NUL in the head
};

struct Field {
    HeaderId id = HeaderId::other;
    bool folded = false;
    std::string_view line;  // as received with its line end; empty for an edited field
    std::string_view name;
    std::string_view value;  // trimmed
};

struct Message::Impl {
    Impl() {}  // not "= default": make_unique would clear the arena and the room for fields, 3 KB a message

    std::string wire;
    std::string_view start_line;  // as received with its line end; empty when made or edited
    bool is_request = false;
    Method method = Method::other;
    std::string_view method_text;
    std::string_view request_uri;
    int status = 0;
    std::string_view reason;
    std::string_view body;
    std::uint16_t flaws = 0;
    boost::container::small_vector<Field, 32> fields;

    char inline_arena[1024];
    std::pmr::monotonic_buffer_resource arena{inline_arena, sizeof inline_arena};

    std::string_view keep(std::string_view text) {
        if (text.empty()) return {};
        auto* place = static_cast<char*>(arena.allocate(text.size(), 1));
        std::memcpy(place, text.data(), text.size());
        return {place, text.size()};
    }

    /// Where `text` stands in the received octets; nothing when it is not a part of them.
    std::optional<std::size_t> place_in_wire(std::string_view text) const {
        const std::less_equal<const char*> not_behind;  // unlike <=, defined for unrelated pointers
        if (!not_behind(wire.data(), text.data()) || !not_behind(text.data() + text.size(), wire.data() + wire.size()))
            return std::nullopt;
        return static_cast<std::size_t>(text.data() - wire.data());
    }

    const Field* find(HeaderId id) const {
        const auto found = std::find_if(fields.begin(), fields.end(), [id](const Field& f) { return f.id == id; });
        return found == fields.end() ? nullptr : &*found;
    }

    /// The value with folding taken out (RFC 3261 7.3.1); the unfolded text lives as long as the message.
    std::string_view text_of(const Field& field) const;
    void unfold(Field& field);
};

/// Says what the scan found wrong with `message`; see validity.hpp.
std::uint16_t flaws_of(const Message& message);

}  // namespace isthmus::sip
