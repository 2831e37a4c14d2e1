#include "common/sip/option_tags.hpp"

#include <algorithm>

#include "common/sip/lexis.hpp"

namespace isthmus::sip {

OptionTags::OptionTags(std::initializer_list<std::string_view> tags) {
    for (const auto tag : tags) add(tag);
}

OptionTags OptionTags::parse(std::string_view list) {
    OptionTags result;
    for (const auto tag : split_outside_quotes(list, ',')) {
        if (is_token_text(tag)) result.add(tag);
    }
    return result;
}

OptionTags OptionTags::of(const Message& message, HeaderId id) {
    OptionTags result;
    for (const auto tag : message.values(id)) {
        if (is_token_text(tag)) result.add(tag);
    }
    return result;
}

bool OptionTags::add(std::string_view tag) {
    if (tag.empty() || contains(tag)) return false;
    tags_.emplace_back(tag);
    return true;
}

bool OptionTags::remove(std::string_view tag) {
    return std::erase_if(tags_, [&](const std::string& own) { return iequals(own, tag); }) > 0;
}

bool OptionTags::contains(std::string_view tag) const {
    return std::any_of(tags_.begin(), tags_.end(), [&](const std::string& own) { return iequals(own, tag); });
}

bool OptionTags::contains_all(const OptionTags& other) const {
    return std::all_of(other.begin(), other.end(), [&](const std::string& tag) { return contains(tag); });
}

std::string OptionTags::print() const {
    std::string result;
    for (const auto& tag : tags_) {
        if (!result.empty()) result += ", ";
        result += tag;
    }
    return result;
}

std::string OptionTags::key() const {
    std::vector<std::string> sorted;
    for (const auto& tag : tags_) sorted.push_back(to_lower(tag));
    std::sort(sorted.begin(), sorted.end());
    std::string result;
    for (const auto& tag : sorted) {
        if (!result.empty()) result += ',';
        result += tag;
    }
    return result;
}

OptionTags operator|(const OptionTags& a, const OptionTags& b) {
    OptionTags result = a;
    for (const auto& tag : b) result.add(tag);
    return result;
}

OptionTags operator&(const OptionTags& a, const OptionTags& b) {
    OptionTags result;
    for (const auto& tag : a) {
        if (b.contains(tag)) result.add(tag);
    }
    return result;
}

OptionTags operator-(const OptionTags& a, const OptionTags& b) {
    OptionTags result;
    for (const auto& tag : a) {
        if (!b.contains(tag)) result.add(tag);
    }
    return result;
}

bool operator==(const OptionTags& a, const OptionTags& b) {
    return a.size() == b.size() && a.contains_all(b);
}

void write_tags(Message& message, HeaderId id, const OptionTags& tags) {
    if (tags.empty()) {
        message.remove(id);
    } else if (!(OptionTags::of(message, id) == tags)) {
        message.set(id, tags.print());
    }
}

}  // namespace isthmus::sip
