// A node's configuration: TOML read against one table of options. The table is the only place where an option's
// name, form, default, unit, range and meaning stand; reading, --check-config and --print-config all come from it.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace isthmus::runtime {

/// What an option's value looks like.
enum class Form : std::uint8_t {
    text,           ///< a string; min and max bound its length
    text_list,      ///< strings; min and max bound their number
    integer,        ///< min <= value <= max
    boolean,        ///<
    choice,         ///< one of `choices`
    host,           ///< a host name or address literal, no port
    host_list,      ///< same, several
    sip_uri,        ///< begins with sip: or sips:, no white space
    endpoint,       ///< "127.0.0.1:5060" or "[::1]:5060"; port 0 lets the system choose
    endpoint_list,  ///< same, several
    network_list,   ///< "10.0.0.0/8", "::1", ...
};

using OptionValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

/// One row of the table. Written with designated initialisers.
struct Option {
    std::string_view section;
    std::string_view key;
    Form form = Form::text;
    std::optional<OptionValue> fallback = std::nullopt;  ///< none: the option must be given
    std::string_view unit = {};
    std::int64_t min = 0;
    std::int64_t max = 4096;
    std::vector<std::string_view> choices = {};
    bool may_be_empty = false;  ///< "" is accepted and means: off
    bool secret = false;        ///< --print-config does not show it
    std::string_view help = {};
};

/// What every role has: [node] [listen] [tls] [connection] [dns] [timers] [log] [trace] [hep] [http] [security].
std::vector<Option> shared_options();
/// [database], for the roles that ask the directory.
std::vector<Option> database_options();

struct Problem {
    std::string file;
    std::uint32_t line = 0;  ///< 0: concerns no line
    std::string text;        ///< says what was expected and what was found

    [[nodiscard]] std::string print() const;  ///< "file:line: text"
};
using Problems = std::vector<Problem>;
[[noreturn]] void throw_exception_from_error(const Problems& problems, const boost::source_location& location);
std::string print(const Problems& problems);  ///< one per line

struct Endpoint {
    std::string address;  ///< literal, without brackets
    std::uint16_t port = 0;

    [[nodiscard]] std::string print() const;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
std::optional<Endpoint> parse_endpoint(std::string_view text);

/// Names are "section.key". Asking for an option that the table lacks, or for another form than it has, is a
/// programming error and throws std::logic_error.
class Configuration {
  public:
    using Result = boost::system::result<Configuration, Problems>;

    /// All problems of the file are reported, not only the first.
    static Result load(const std::string& path, std::span<const Option> role_options);
    static Result parse(const std::string& toml, const std::string& file, std::span<const Option> role_options);

    [[nodiscard]] const std::string& text(std::string_view name) const;  ///< also choice, host, sip_uri, endpoint
    [[nodiscard]] const std::vector<std::string>& list(std::string_view name) const;
    [[nodiscard]] std::int64_t integer(std::string_view name) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    [[nodiscard]] std::chrono::milliseconds milliseconds(std::string_view name) const;  ///< of an option in ms or s
    [[nodiscard]] std::chrono::seconds seconds(std::string_view name) const;            ///< of an option in s
    [[nodiscard]] std::optional<Endpoint> endpoint(std::string_view name) const;        ///< nothing when ""
    [[nodiscard]] std::vector<Endpoint> endpoints(std::string_view name) const;

    /// For checks between options, which the table cannot express: a problem at the line of `name`.
    [[nodiscard]] Problem problem(std::string_view name, std::string_view text) const;

    /// The effective values as TOML, help and defaults as comments. Reading it back gives the same values.
    [[nodiscard]] std::string print() const;

  private:
    struct Entry {
        Option option;
        OptionValue value;
        std::uint32_t line = 0;  ///< 0: default
    };
    friend class ConfigurationReader;

    [[nodiscard]] const Entry& entry(std::string_view name) const;
    template <class T>
    [[nodiscard]] const T& get(std::string_view name) const;

    std::string file_;
    std::vector<Entry> entries_;  ///< in the table's order
    std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace isthmus::runtime
