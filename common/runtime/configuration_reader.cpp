// Reads TOML against the table of options.
#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <toml.hpp>

#include "common/runtime/address_range.hpp"
#include "common/runtime/configuration.hpp"

namespace isthmus::runtime {

namespace {

bool is_host(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    if (text.front() == '[') return text.back() == ']' && AddressRange::parse(text).has_value();
    return std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

bool is_sip_uri(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon + 1 == text.size()) return false;
    const auto scheme = text.substr(0, colon);
    const bool printable = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
    return printable && (scheme == "sip" || scheme == "sips") && text.find_first_of("<>\"") == std::string_view::npos;
}

std::string expectation(const Option& option) {
    const auto from = std::to_string(option.min);
    const auto to = std::to_string(option.max);
    switch (option.form) {
        case Form::text:
            return "a string of " + from + " to " + to + " characters";
        case Form::text_list:
            return "a list of " + from + " to " + to + " strings";
        case Form::integer:
            return "an integer from " + from + " to " + to +
                   (option.unit.empty() ? std::string() : " (" + std::string(option.unit) + ")");
        case Form::boolean:
            return "true or false";
        case Form::choice: {
            std::string out = "one of";
            for (const auto& choice : option.choices) out += " \"" + std::string(choice) + "\"";
            return out;
        }
        case Form::host:
            return "a host name";
        case Form::host_list:
            return "a list of " + from + " to " + to + " host names";
        case Form::sip_uri:
            return "a SIP URI such as \"sip:scscf.home.example\"";
        case Form::endpoint:
            return "address and port such as \"127.0.0.1:5060\"";
        case Form::endpoint_list:
            return "a list of addresses with ports such as [\"127.0.0.1:5060\"]";
        case Form::network_list:
            return "a list of addresses or ranges such as [\"10.0.0.0/8\"]";
    }
    return {};
}

bool is_list(Form form) {
    return form == Form::text_list || form == Form::host_list || form == Form::endpoint_list ||
           form == Form::network_list;
}

/// Whether one string, alone or in a list, is what the form asks for.
bool accepts_text(const Option& option, const std::string& text) {
    const auto length = static_cast<std::int64_t>(text.size());
    switch (option.form) {
        case Form::text:
            return length >= option.min && length <= option.max;
        case Form::text_list:
            return true;
        case Form::choice:
            return std::find(option.choices.begin(), option.choices.end(), text) != option.choices.end();
        case Form::host:
        case Form::host_list:
            return is_host(text);
        case Form::sip_uri:
            return is_sip_uri(text);
        case Form::endpoint:
        case Form::endpoint_list:
            return parse_endpoint(text).has_value();
        case Form::network_list:
            return AddressRange::parse(text).has_value();
        case Form::integer:
        case Form::boolean:
            return false;
    }
    return false;
}

std::optional<OptionValue> convert_list(const Option& option, const toml::value& value) {
    if (!value.is_array()) return std::nullopt;
    std::vector<std::string> items;
    for (const auto& item : value.as_array()) {
        if (!item.is_string() || !accepts_text(option, item.as_string().str)) return std::nullopt;
        items.push_back(item.as_string().str);
    }
    const auto count = static_cast<std::int64_t>(items.size());
    if (count < option.min || count > option.max) return std::nullopt;
    return items;
}

/// Nothing when the value is not what the option's row asks for.
std::optional<OptionValue> convert(const Option& option, const toml::value& value) {
    if (is_list(option.form)) return convert_list(option, value);
    if (option.form == Form::boolean) {
        if (!value.is_boolean()) return std::nullopt;
        return value.as_boolean();
    }
    if (option.form == Form::integer) {
        if (!value.is_integer() || value.as_integer() < option.min || value.as_integer() > option.max)
            return std::nullopt;
        return value.as_integer();
    }
    if (!value.is_string()) return std::nullopt;
    const auto& text = value.as_string().str;
    if (!(option.may_be_empty && text.empty()) && !accepts_text(option, text)) return std::nullopt;
    return text;
}

std::string found(const Option& option, const toml::value& value) {
    if (value.is_table()) return "a table";
    if (option.secret) return "something else";  // a mistyped secret does not belong into a terminal's history
    std::ostringstream out;
    out << toml::format(value, 1000);
    auto text = out.str();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

/// The heart of toml11's drawing: the remark behind the last arrow, else the first line.
std::string remark(std::string_view what) {
    const auto arrow = what.rfind('^');
    auto text = arrow == std::string_view::npos ? what : what.substr(arrow);
    text.remove_prefix(std::min(text.size(), text.find_first_not_of("^-~ ")));
    text = text.substr(0, text.find('\n'));
    return std::string(text);
}

/// Where the text stops being UTF-8, which TOML demands; npos when it is. toml11 reads beyond its buffer on the rest.
std::size_t first_foreign_octet(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t length = lead < 0x80                   ? 1
                                   : lead >= 0xc2 && lead < 0xe0 ? 2
                                   : lead >= 0xe0 && lead < 0xf0 ? 3
                                   : lead >= 0xf0 && lead < 0xf5 ? 4
                                                                 : 0;
        if (length == 0 || at + length > text.size()) return at;
        for (std::size_t i = 1; i < length; ++i)
            if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return at;
        at += length;
    }
    return std::string_view::npos;
}

}  // namespace

class ConfigurationReader {
  public:
    ConfigurationReader(std::string file, std::span<const Option> role_options) {
        result_.file_ = std::move(file);
        auto options = shared_options();
        options.insert(options.end(), role_options.begin(), role_options.end());
        group(options);
    }

    Configuration::Result read(const std::string& text) {
        const auto foreign = first_foreign_octet(text);
        if (foreign != std::string::npos) {
            const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(foreign), '\n');
            complain(static_cast<std::uint32_t>(line), "not TOML: octets that are no UTF-8");
            return problems_;
        }
        std::istringstream in(text);
        try {
            take(toml::parse(in, result_.file_));
        } catch (const toml::exception& error) {
            complain(error.location().line(), "not TOML: " + remark(error.what()));
        } catch (const std::exception& error) {  // toml11 throws standard exceptions for some broken input
            complain(0, "not TOML: " + remark(error.what()));
        }
        std::stable_sort(problems_.begin(), problems_.end(),
                         [](const Problem& a, const Problem& b) { return a.line < b.line; });
        if (!problems_.empty()) return problems_;
        return std::move(result_);
    }

  private:
    /// A role may add keys to a shared section; the section is printed once.
    void group(const std::vector<Option>& options) {
        std::set<std::string_view> done;
        for (const auto& first : options) {
            if (!done.insert(first.section).second) continue;
            for (const auto& option : options) {
                if (option.section == first.section) declare(option);
            }
        }
    }

    void declare(const Option& option) {
        const auto name = std::string(option.section) + "." + std::string(option.key);
        if (!result_.index_.emplace(name, result_.entries_.size()).second)
            throw std::logic_error("option declared twice: " + name);
        result_.entries_.push_back({.option = option, .value = option.fallback.value_or(OptionValue{}), .line = 0});
    }

    void take(const toml::value& root) {
        std::set<std::string> given;
        for (const auto& [section, table] : root.as_table()) {
            if (!table.is_table()) {
                complain(table.location().line(), "unknown option " + section + " outside of any section");
                continue;
            }
            for (const auto& [key, value] : table.as_table()) {
                auto name = section;
                name.append(".").append(key);
                given.insert(name);
                take(name, value);
            }
        }
        for (const auto& entry : result_.entries_) {
            const auto name = std::string(entry.option.section) + "." + std::string(entry.option.key);
            if (!entry.option.fallback && !given.contains(name))
                complain(0, name + " must be given: expected " + expectation(entry.option));
        }
    }

    void take(const std::string& name, const toml::value& value) {
        const auto line = value.location().line();
        const auto place = result_.index_.find(name);
        if (place == result_.index_.end()) return complain(line, "unknown option " + name + neighbours(name));
        auto& entry = result_.entries_[place->second];
        auto converted = convert(entry.option, value);
        if (!converted) {
            return complain(line,
                            name + ": expected " + expectation(entry.option) + ", found " + found(entry.option, value));
        }
        entry.value = std::move(*converted);
        entry.line = line;
    }

    [[nodiscard]] std::string neighbours(const std::string& name) const {
        const auto section = name.substr(0, name.find('.'));
        std::string out;
        for (const auto& entry : result_.entries_) {
            if (entry.option.section == section) out += (out.empty() ? "" : ", ") + std::string(entry.option.key);
        }
        return out.empty() ? "; there is no section [" + section + "]" : "; [" + section + "] has " + out;
    }

    void complain(std::uint32_t line, std::string text) {
        problems_.push_back({.file = result_.file_, .line = line, .text = std::move(text)});
    }

    Configuration result_;
    Problems problems_;
};

Configuration::Result Configuration::load(const std::string& path, std::span<const Option> role_options) {
    std::ifstream in(path, std::ios::binary);
    if (!in || in.peek() == std::ifstream::traits_type::eof()) {
        const auto* text = in.is_open() ? "is empty or cannot be read" : "cannot be opened";
        return Problems{{.file = path, .line = 0, .text = text}};
    }
    return ConfigurationReader(path, role_options)
        .read(std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()));
}

Configuration::Result Configuration::parse(const std::string& toml, const std::string& file,
                                           std::span<const Option> role_options) {
    return ConfigurationReader(file, role_options).read(toml);
}

}  // namespace isthmus::runtime
