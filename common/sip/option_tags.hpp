// A set of option tags, as Require, Proxy-Require, Supported and Unsupported carry them (RFC 3261 19.2, 20.32).
// IW-CAP-07: tags compare case-insensitively, several lines equal one list, duplicates go, an empty list is no header.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "common/sip/message.hpp"

namespace isthmus::sip {

class OptionTags {
  public:
    OptionTags() = default;
    OptionTags(std::initializer_list<std::string_view> tags);

    /// A comma list; what is no token is left out.
    static OptionTags parse(std::string_view list);
    /// All fields of one kind in a message.
    static OptionTags of(const Message& message, HeaderId id);

    /// False when it was there already. The first spelling stays.
    bool add(std::string_view tag);
    bool remove(std::string_view tag);
    [[nodiscard]] bool contains(std::string_view tag) const;
    [[nodiscard]] bool contains_all(const OptionTags& other) const;
    [[nodiscard]] bool empty() const { return tags_.empty(); }
    [[nodiscard]] std::size_t size() const { return tags_.size(); }
    [[nodiscard]] auto begin() const { return tags_.begin(); }
    [[nodiscard]] auto end() const { return tags_.end(); }

    /// "a, b", in the order of arrival.
    [[nodiscard]] std::string print() const;
    /// The same text for equal sets: lower case, sorted.
    [[nodiscard]] std::string key() const;

    friend OptionTags operator|(const OptionTags& a, const OptionTags& b);
    friend OptionTags operator&(const OptionTags& a, const OptionTags& b);
    friend OptionTags operator-(const OptionTags& a, const OptionTags& b);
    friend bool operator==(const OptionTags& a, const OptionTags& b);

  private:
    std::vector<std::string> tags_;
};

/// Makes the message carry exactly these tags under `id`; an unchanged set leaves the received text alone.
void write_tags(Message& message, HeaderId id, const OptionTags& tags);

}  // namespace isthmus::sip
