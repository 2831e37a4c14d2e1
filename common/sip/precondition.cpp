#include "common/sip/precondition.hpp"

#include <algorithm>
#include <string>

#include "common/sip/lexis.hpp"

namespace isthmus::sip::qos {

namespace {

bool is_qos_line(const Sdp::Line& line) {
    const auto name = line.attribute();
    if (!iequals(name, "curr") && !iequals(name, "des") && !iequals(name, "conf")) return false;
    const auto value = trim(line.attribute_value());
    return istarts_with(value, "qos") && (value.size() == 3 || is_space(value[3]));
}

std::optional<Status> status_of(std::string_view text) {
    if (iequals(text, "e2e")) return Status::e2e;
    if (iequals(text, "local")) return Status::local;
    if (iequals(text, "remote")) return Status::remote;
    return std::nullopt;
}

std::optional<Strength> strength_of(std::string_view text) {
    if (iequals(text, "mandatory")) return Strength::mandatory;
    if (iequals(text, "optional")) return Strength::optional;
    if (iequals(text, "none")) return Strength::none;
    if (iequals(text, "failure")) return Strength::failure;
    if (iequals(text, "unknown")) return Strength::unknown;
    return std::nullopt;
}

std::optional<Directions> directions_of(std::string_view text) {
    if (iequals(text, "none")) return Directions{0};
    if (iequals(text, "send")) return Directions{1};
    if (iequals(text, "recv")) return Directions{2};
    if (iequals(text, "sendrecv")) return Directions{3};
    return std::nullopt;
}

/// The words of a value with their places, so that one can be exchanged alone.
std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> result;
    while (true) {
        const auto start = text.find_first_not_of(" \t");
        if (start == std::string_view::npos) return result;
        text.remove_prefix(start);
        const auto end = std::min(text.find_first_of(" \t"), text.size());
        result.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

std::optional<std::string> weakened(const Sdp::Line& line) {
    if (!is_qos_line(line) || !iequals(line.attribute(), "des")) return std::nullopt;
    const auto parts = words(line.attribute_value());
    if (parts.size() < 2 || !iequals(parts[1], "mandatory")) return std::nullopt;
    std::string text = line.text;
    text.replace(static_cast<std::size_t>(parts[1].data() - line.text.data()), parts[1].size(), "optional");
    return text;
}

bool any_line(const Sdp& sdp, bool (*wanted)(const Sdp::Line&)) {
    const auto in = [&](const Sdp::Section& section) { return std::any_of(section.begin(), section.end(), wanted); };
    return in(sdp.session()) || std::any_of(sdp.media().begin(), sdp.media().end(), in);
}

}  // namespace

std::optional<Condition> Condition::parse(const Sdp::Line& line) {
    if (!is_qos_line(line)) return std::nullopt;
    const auto parts = words(line.attribute_value());
    const bool desired = iequals(line.attribute(), "des");
    if (parts.size() != (desired ? 4U : 3U)) return std::nullopt;
    Condition result;
    result.kind = desired ? Kind::desired : iequals(line.attribute(), "curr") ? Kind::current : Kind::confirm;
    std::size_t next = 1;
    if (desired) {
        const auto strength = strength_of(parts[next++]);
        if (!strength) return std::nullopt;
        result.strength = *strength;
    }
    const auto status = status_of(parts[next++]);
    const auto directions = directions_of(parts[next]);
    if (!status || !directions) return std::nullopt;
    result.status = *status;
    result.directions = *directions;
    return result;
}

Stream::Stream(const Sdp::Section& section) {
    for (const auto& line : section) {
        if (const auto condition = Condition::parse(line)) conditions_.push_back(*condition);
    }
}

Directions Stream::current(Status status) const {
    Directions have = 0;
    for (const auto& condition : conditions_) {
        if (condition.kind == Condition::Kind::current && condition.status == status) {
            have = static_cast<Directions>(have | condition.directions);
        }
    }
    return have;
}

bool Stream::met() const {
    return std::none_of(conditions_.begin(), conditions_.end(), [&](const Condition& wanted) {
        return wanted.kind == Condition::Kind::desired && wanted.strength == Strength::mandatory &&
               (wanted.directions & ~current(wanted.status)) != 0;
    });
}

bool Stream::unmet_locally() const {
    return std::any_of(conditions_.begin(), conditions_.end(), [&](const Condition& wanted) {
        const bool wants = wanted.strength == Strength::mandatory || wanted.strength == Strength::optional;
        return wanted.kind == Condition::Kind::desired && wanted.status != Status::remote && wants &&
               (wanted.directions & ~current(wanted.status)) != 0;
    });
}

std::optional<Strength> Stream::desired(Status status) const {
    for (const auto& condition : conditions_) {
        if (condition.kind == Condition::Kind::desired && condition.status == status) return condition.strength;
    }
    return std::nullopt;
}

bool Stream::has_strength(Strength strength) const {
    return std::any_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
        return condition.kind == Condition::Kind::desired && condition.strength == strength;
    });
}

bool present(const Sdp& sdp) {
    return any_line(sdp, is_qos_line);
}

std::vector<Stream> streams(const Sdp& sdp) {
    std::vector<Stream> result;
    for (std::size_t i = 0; i < sdp.media().size(); ++i) {
        Stream stream(sdp.media()[i]);
        if (sdp.port(i) != 0 && !stream.empty()) result.push_back(std::move(stream));
    }
    return result;
}

bool met(const Sdp& sdp) {
    const auto all = streams(sdp);
    return std::all_of(all.begin(), all.end(), [](const Stream& stream) { return stream.met(); });
}

bool inactive_until_met(const Sdp& sdp) {
    bool some = false;
    for (std::size_t i = 0; i < sdp.media().size(); ++i) {
        if (sdp.port(i) == 0 || !Stream(sdp.media()[i]).unmet_locally()) continue;
        if (sdp.direction(i) != Direction::inactive) return false;
        some = true;
    }
    return some;
}

bool weaken(Sdp& sdp) {
    bool changed = false;
    sdp.edit_lines([&](const Sdp::Line& line) {
        auto text = weakened(line);
        changed = changed || text.has_value();
        return text;
    });
    return changed;
}

bool strip(Sdp& sdp) {
    const bool changed = present(sdp);
    sdp.remove_lines(is_qos_line);
    return changed;
}

}  // namespace isthmus::sip::qos
