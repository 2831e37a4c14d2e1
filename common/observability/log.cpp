#include "common/observability/log.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>

namespace isthmus::observability {

namespace {

constexpr std::array<std::string_view, 4> level_names = {"debug", "info", "warning", "error"};

spdlog::level::level_enum translate(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

/// One line stays one line whatever a peer sent: control characters and quotes are escaped.
void append_quoted(std::string& out, std::string_view text) {
    static constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\x";
            out += hex[byte >> 4U];
            out += hex[byte & 15U];
        } else {
            out += c;
        }
    }
    out += '"';
}

bool is_plain(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return c > 0x20 && c < 0x7f && c != '"' && c != '=' && c != '\\';
    });
}

void append_value(std::string& out, std::string_view text) {
    if (is_plain(text)) {
        out += text;
    } else {
        append_quoted(out, text);
    }
}

std::string fill(std::string_view text, std::initializer_list<Field> fields) {
    std::string out;
    while (!text.empty()) {
        const auto open = text.find('{');
        const auto close = text.find('}', std::min(open, text.size()));
        if (close == std::string_view::npos) break;
        out += text.substr(0, open);
        const auto name = text.substr(open + 1, close - open - 1);
        const auto* field =
            std::find_if(fields.begin(), fields.end(), [&](const Field& candidate) { return candidate.name == name; });
        out += field == fields.end() ? text.substr(open, close - open + 1) : std::string_view(field->value);
        text.remove_prefix(close + 1);
    }
    out += text;
    return out;
}

spdlog::sink_ptr make_sink(const std::string& file) {
    if (file.empty()) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
}

}  // namespace

std::string_view name_of(Level level) {
    return level_names[static_cast<std::size_t>(level)];
}

Level level_from(std::string_view name) {
    const auto* found = std::find(level_names.begin(), level_names.end(), name);
    return found == level_names.end() ? Level::info : static_cast<Level>(found - level_names.begin());
}

std::string describe(std::span<const Message* const> catalogue) {
    std::string out;
    for (const auto* message : catalogue) {
        const auto& text = message->text();
        out += "### " + std::string(text.id) + " (" + std::string(name_of(text.level)) + ")\n\n`" +
               std::string(text.text) + "`\n\n" + std::string(text.meaning) + "\n\n*Cause:* " +
               std::string(text.cause) + "\n\n*What to do:* " + std::string(text.action) + "\n\n";
    }
    return out;
}

std::string render(const Message& message, std::string_view node, std::initializer_list<Field> fields) {
    const auto& text = message.text();
    std::string out = "level=";
    out += name_of(text.level);
    out += " id=";
    out += text.id;
    out += " node=";
    append_value(out, node);
    out += " text=";
    append_quoted(out, fill(text.text, fields));
    for (const auto& field : fields) {
        out += ' ';
        out += field.name;
        out += '=';
        append_value(out, field.value);
    }
    return out;
}

struct Log::Impl {
    std::string node;
    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(const LogOptions& options) : level_(options.level), impl_(std::make_unique<Impl>()) {
    impl_->node = options.node;
    impl_->pool = std::make_shared<spdlog::details::thread_pool>(options.queue_lines, 1);
    impl_->logger = std::make_shared<spdlog::async_logger>("isthmus", make_sink(options.file), impl_->pool,
                                                           spdlog::async_overflow_policy::overrun_oldest);
    impl_->logger->set_level(translate(options.level));
    impl_->logger->flush_on(spdlog::level::debug);
    impl_->logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%fZ %v", spdlog::pattern_time_type::utc);
}

Log::~Log() {
    impl_->pool.reset();  // joins its thread after the last line, which still needs the logger
    impl_->logger.reset();
}

void Log::write(const Message& message, std::initializer_list<Field> fields) {
    if (!enabled(message.level())) return;
    // A string as the message, not as a format: braces in what a peer sent stay braces.
    impl_->logger->log(translate(message.level()), spdlog::string_view_t(render(message, impl_->node, fields)));
}

std::uint64_t Log::dropped() const {
    return impl_->pool->overrun_counter();
}

}  // namespace isthmus::observability
