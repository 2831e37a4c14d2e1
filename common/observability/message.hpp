// What a node may log: entries of a catalogue, each with an id that stays, a level, a text with named fields, and
// what an operator needs to know. The log takes nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace isthmus::observability {

enum class Level : std::uint8_t { debug, info, warning, error };

std::string_view name_of(Level level);

struct MessageText {
    std::string_view id;  ///< ISTHMUS-<room>-<three digits>
    Level level = Level::info;
    std::string_view text;     ///< "connection to {peer} lost: {reason}"
    std::string_view meaning;  ///< what happened
    std::string_view cause;    ///< why it usually happens
    std::string_view action;   ///< what to do
};

/// Only made at compile time, so that text cannot be put together at run time and logged past the catalogue.
class Message {
  public:
    consteval Message(const MessageText& text) : text_(text) {  // NOLINT(google-explicit-constructor)
        if (!is_id(text.id)) throw "id must look like ISTHMUS-RT-001";
        if (text.text.empty() || text.meaning.empty() || text.cause.empty() || text.action.empty())
            throw "text, meaning, cause and action must be given";
    }

    [[nodiscard]] constexpr const MessageText& text() const noexcept { return text_; }
    [[nodiscard]] constexpr Level level() const noexcept { return text_.level; }

  private:
    static constexpr bool is_id(std::string_view id) {
        if (!id.starts_with("ISTHMUS-") || id.size() < 14) return false;
        const auto digits = id.substr(id.size() - 3);
        for (const char c : digits) {
            if (c < '0' || c > '9') return false;
        }
        return id[id.size() - 4] == '-';
    }

    MessageText text_;
};

/// The catalogue of one or several rooms as a Markdown page for the operator's handbook.
std::string describe(std::span<const Message* const> catalogue);

}  // namespace isthmus::observability
