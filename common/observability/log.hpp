// The log: one line in logfmt for each event, written on a thread of its own. It takes messages of a catalogue only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/observability/message.hpp"

namespace isthmus::observability {

struct Field {
    std::string_view name;
    std::string value;

    Field(std::string_view field, std::string_view text) : name(field), value(text) {}
    template <class Number>
    requires std::is_arithmetic_v<Number> Field(std::string_view field, Number number)
        : name(field), value(std::to_string(number)) {}
};

struct LogOptions {
    std::string node;  ///< the `node` field of every line
    Level level = Level::info;
    std::string file;                ///< empty: standard error
    std::size_t queue_lines = 8192;  ///< when they are all waiting, the oldest is given up
};

/// A line: time=... level=... id=... node=... text="..." and the fields again by name.
/// Throws std::runtime_error at start when the file cannot be opened; never afterwards. Its end writes what waits.
class Log {
  public:
    explicit Log(const LogOptions& options);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    [[nodiscard]] bool enabled(Level level) const noexcept { return level >= level_; }
    void write(const Message& message, std::initializer_list<Field> fields = {});
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    struct Impl;
    const Level level_;
    std::unique_ptr<Impl> impl_;
};

Level level_from(std::string_view name);  ///< of the configuration's names; info for any other

/// The line without time, exposed for its test. A field that the text names and nobody gave shows as {name}.
std::string render(const Message& message, std::string_view node, std::initializer_list<Field> fields);

}  // namespace isthmus::observability
