#include "common/runtime/configuration.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <stdexcept>

namespace isthmus::runtime {

namespace {

std::string quoted(std::string_view text) {
    static constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00";
            out += hex[byte >> 4U];
            out += hex[byte & 15U];
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string literal(const OptionValue& value) {
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
    std::string out = "[";
    for (const auto& item : std::get<std::vector<std::string>>(value)) {
        if (out.size() > 1) out += ", ";
        out += quoted(item);
    }
    return out + ']';
}

std::string describe(const Option& option) {
    std::string out;
    if (!option.fallback) {
        out += "must be given";
    } else {
        out += "default " + literal(*option.fallback);
    }
    if (option.form == Form::integer) {
        out += ", " + std::to_string(option.min) + " to " + std::to_string(option.max);
        if (!option.unit.empty()) out += " " + std::string(option.unit);
    }
    for (std::size_t i = 0; i < option.choices.size(); ++i) {
        out += (i == 0 ? ", one of " : ", ") + std::string(option.choices[i]);
    }
    return out;
}

}  // namespace

std::string Problem::print() const {
    return file + (line == 0 ? std::string() : ":" + std::to_string(line)) + ": " + text;
}

std::string print(const Problems& problems) {
    std::string out;
    for (const auto& problem : problems) out += problem.print() + '\n';
    return out;
}

void throw_exception_from_error(const Problems& problems, const boost::source_location&) {
    throw std::runtime_error(print(problems));
}

std::string Endpoint::print() const {
    const bool v6 = address.find(':') != std::string::npos;
    return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    auto host = text.substr(0, colon);
    const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (brackets) host = host.substr(1, host.size() - 2);

    Endpoint endpoint{.address = std::string(host), .port = 0};
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    if (inet_pton(brackets ? AF_INET6 : AF_INET, endpoint.address.c_str(), bytes.data()) != 1) return std::nullopt;
    const auto digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return endpoint;
}

const Configuration::Entry& Configuration::entry(std::string_view name) const {
    const auto found = index_.find(name);
    if (found == index_.end()) throw std::logic_error("no such option: " + std::string(name));
    return entries_[found->second];
}

template <class T>
const T& Configuration::get(std::string_view name) const {
    const auto* value = std::get_if<T>(&entry(name).value);
    if (value == nullptr) throw std::logic_error("option has another form: " + std::string(name));
    return *value;
}

const std::string& Configuration::text(std::string_view name) const {
    return get<std::string>(name);
}

const std::vector<std::string>& Configuration::list(std::string_view name) const {
    return get<std::vector<std::string>>(name);
}

std::int64_t Configuration::integer(std::string_view name) const {
    return get<std::int64_t>(name);
}

bool Configuration::flag(std::string_view name) const {
    return get<bool>(name);
}

std::chrono::milliseconds Configuration::milliseconds(std::string_view name) const {
    if (entry(name).option.unit == "ms") return std::chrono::milliseconds(integer(name));
    return seconds(name);
}

std::chrono::seconds Configuration::seconds(std::string_view name) const {
    if (entry(name).option.unit != "s") throw std::logic_error("option is not in seconds: " + std::string(name));
    return std::chrono::seconds(integer(name));
}

std::optional<Endpoint> Configuration::endpoint(std::string_view name) const {
    return parse_endpoint(text(name));
}

std::vector<Endpoint> Configuration::endpoints(std::string_view name) const {
    std::vector<Endpoint> out;
    for (const auto& item : list(name)) {
        if (auto endpoint = parse_endpoint(item)) out.push_back(*endpoint);
    }
    return out;
}

Problem Configuration::problem(std::string_view name, std::string_view text) const {
    return {.file = file_, .line = entry(name).line, .text = std::string(name) + ": " + std::string(text)};
}

std::string Configuration::print() const {
    std::string out;
    std::string_view section;
    for (const auto& [option, value, line] : entries_) {
        if (option.section != section) {
            section = option.section;
            out += (out.empty() ? "[" : "\n[") + std::string(section) + "]\n";
        }
        out += "# " + std::string(option.help) + "\n# (" + describe(option) + ")\n";
        out += std::string(option.key) + " = " + (option.secret ? quoted("(hidden)") : literal(value)) + '\n';
    }
    return out;
}

}  // namespace isthmus::runtime
