#include "common/sip/sdp.hpp"

#include <algorithm>

#include "common/sip/text.hpp"

namespace isthmus::sip {

namespace {

std::optional<Direction> direction_in(const Sdp::Section& section) {
    for (const auto& line : section) {
        const auto name = line.attribute();
        if (name == "sendrecv") return Direction::sendrecv;
        if (name == "sendonly") return Direction::sendonly;
        if (name == "recvonly") return Direction::recvonly;
        if (name == "inactive") return Direction::inactive;
    }
    return std::nullopt;
}

/// The n-th word of an m= line's value.
std::string_view word(std::string_view value, std::size_t n) {
    for (; n > 0; --n) {
        const auto space = value.find(' ');
        if (space == std::string_view::npos) return {};
        value.remove_prefix(space + 1);
    }
    return value.substr(0, value.find(' '));
}

}  // namespace

std::string_view Sdp::Line::attribute() const {
    if (type() != 'a') return {};
    return value().substr(0, value().find(':'));
}

std::string_view Sdp::Line::attribute_value() const {
    const auto colon = value().find(':');
    if (type() != 'a' || colon == std::string_view::npos) return {};
    return value().substr(colon + 1);
}

std::optional<Sdp> Sdp::parse(std::string_view text) {
    Sdp result;
    while (!text.empty()) {
        const auto feed = text.find('\n');
        const auto whole = text.substr(0, feed == std::string_view::npos ? text.size() : feed + 1);
        auto content = whole;
        while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.remove_suffix(1);
        text.remove_prefix(whole.size());
        const bool blank_tail = content.empty() && trim(text).empty() && !result.session_.empty();
        if (!blank_tail && (content.size() < 2 || content[1] != '=' || content[0] < 'a' || content[0] > 'z')) {
            return std::nullopt;
        }
        if (!blank_tail && content[0] == 'm') result.media_.emplace_back();
        auto& section = result.media_.empty() ? result.session_ : result.media_.back();
        if (blank_tail) {  // kept to the byte behind the last line
            section.back().ending += whole;
        } else {
            section.push_back({std::string(content), std::string(whole.substr(content.size()))});
        }
    }
    if (result.session_.empty() || result.session_.front().type() != 'v') return std::nullopt;
    return result;
}

std::string_view Sdp::kind(std::size_t stream) const {
    return word(media_.at(stream).front().value(), 0);
}

std::uint32_t Sdp::port(std::size_t stream) const {
    const auto text = word(media_.at(stream).front().value(), 1);
    return to_number<std::uint32_t>(text.substr(0, text.find('/'))).value_or(0);
}

Direction Sdp::direction(std::size_t stream) const {
    if (const auto own = direction_in(media_.at(stream))) return *own;
    return direction_in(session_).value_or(Direction::sendrecv);
}

void Sdp::edit_lines(const std::function<std::optional<std::string>(const Line&)>& edit) {
    const auto apply = [&](Section& section) {
        for (auto& line : section) {
            if (auto text = edit(line)) line.text = std::move(*text);
        }
    };
    apply(session_);
    std::for_each(media_.begin(), media_.end(), apply);
}

void Sdp::remove_lines(const std::function<bool(const Line&)>& unwanted) {
    const auto apply = [&](Section& section) {
        std::erase_if(section, [&](const Line& line) { return line.type() != 'm' && unwanted(line); });
    };
    apply(session_);
    std::for_each(media_.begin(), media_.end(), apply);
}

std::string Sdp::print() const {
    std::string text;
    const auto add = [&](const Section& section) {
        for (const auto& line : section) text.append(line.text).append(line.ending);
    };
    add(session_);
    std::for_each(media_.begin(), media_.end(), add);
    return text;
}

}  // namespace isthmus::sip
