#include "common/observability/trace.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace isthmus::observability {

namespace {

/// A JSON string, one character for each byte.
void append_string(std::string& out, std::string_view bytes) {
    static constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte > 0x7e) {
            out += "\\u00";
            out += hex[byte >> 4U];
            out += hex[byte & 15U];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
    out += ",\"";
    out += name;
    out += "\":";
    append_string(out, value);
}

std::string print(std::chrono::system_clock::time_point time) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
    const auto seconds = static_cast<std::time_t>(micros / 1'000'000);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(seconds), micros % 1'000'000);
}

/// What waits in the queue: owns its bytes.
struct Record {
    std::chrono::system_clock::time_point time;
    bool is_message = true;
    Direction direction = Direction::received;
    std::string transport;
    std::string local;
    std::string remote;
    std::string call_id;
    std::string text;
    std::vector<std::string> rules;
    std::string linked_call_id;

    [[nodiscard]] std::size_t size() const {
        auto bytes = sizeof(Record) + local.size() + remote.size() + call_id.size() + text.size();
        for (const auto& rule : rules) bytes += sizeof(std::string) + rule.size();
        return bytes;
    }
};

void append_record(std::string& out, const std::string& node, const Record& record) {
    out += record.is_message ? "{\"kind\":\"message\"" : "{\"kind\":\"decision\"";
    append_member(out, "time", print(record.time));
    append_member(out, "node", node);
    if (record.is_message) {
        append_member(out, "direction", record.direction == Direction::received ? "received" : "sent");
        append_member(out, "transport", record.transport);
        append_member(out, "local", record.local);
        append_member(out, "remote", record.remote);
    }
    append_member(out, "call_id", record.call_id);
    append_member(out, record.is_message ? "raw" : "text", record.text);
    if (!record.is_message) {
        out += ",\"rules\":[";
        for (std::size_t i = 0; i < record.rules.size(); ++i) {
            if (i > 0) out += ',';
            append_string(out, record.rules[i]);
        }
        out += ']';
        if (!record.linked_call_id.empty()) append_member(out, "linked_call_id", record.linked_call_id);
    }
    out += "}\n";
}

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string reason() {
    return std::generic_category().message(errno);
}

}  // namespace

class Trace::Impl {
  public:
    explicit Impl(const TraceOptions& options) : options_(options), file_(std::fopen(options.file.c_str(), "ae")) {
        if (!file_) throw std::runtime_error("cannot open the trace " + options.file + ": " + reason());
        thread_ = std::thread([this] { run(); });
    }

    ~Impl() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void push(Record record) {
        const auto size = record.size();
        {
            const std::lock_guard lock(mutex_);
            if (waiting_bytes_ + size > options_.queue_bytes) {
                dropped_.fetch_add(1, std::memory_order_relaxed);
                return;
            }
            waiting_bytes_ += size;
            waiting_.push_back(std::move(record));
            ++given_;
        }
        wake_.notify_one();
    }

    void flush() {
        std::unique_lock lock(mutex_);
        const auto goal = given_;
        written_.wait(lock, [&] { return done_ >= goal; });
    }

    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

  private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            std::vector<Record> batch;
            batch.swap(waiting_);
            lock.unlock();
            write(batch);
            lock.lock();
            waiting_bytes_ -= batch_bytes_;
            done_ += batch.size();
            written_.notify_all();
        }
    }

    void write(const std::vector<Record>& batch) {
        std::string out;
        batch_bytes_ = 0;
        for (const auto& record : batch) {
            batch_bytes_ += record.size();
            append_record(out, options_.node, record);
        }
        const bool whole = std::fwrite(out.data(), 1, out.size(), file_.get()) == out.size();
        if (whole && std::fflush(file_.get()) == 0) return;
        const auto why = reason();
        dropped_.fetch_add(batch.size(), std::memory_order_relaxed);
        if (!failed_ && options_.on_error) options_.on_error(why);
        failed_ = true;
    }

    const TraceOptions options_;
    std::unique_ptr<std::FILE, CloseFile> file_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable written_;
    std::vector<Record> waiting_;
    std::size_t waiting_bytes_ = 0;  ///< with the batch that is being written
    std::size_t batch_bytes_ = 0;    ///< of the trace's thread
    std::uint64_t given_ = 0;
    std::uint64_t done_ = 0;
    bool stopping_ = false;
    bool failed_ = false;  ///< of the trace's thread
    std::atomic<std::uint64_t> dropped_ = 0;
    std::thread thread_;
};

Trace::Trace(const TraceOptions& options) {
    if (!options.file.empty()) impl_ = std::make_unique<Impl>(options);
}

Trace::~Trace() = default;

void Trace::write(const TracedMessage& message) {
    if (!on()) return;
    impl_->push({.time = message.time,
                 .is_message = true,
                 .direction = message.direction,
                 .transport = std::string(message.transport),
                 .local = std::string(message.local),
                 .remote = std::string(message.remote),
                 .call_id = std::string(message.call_id),
                 .text = std::string(message.bytes),
                 .rules = {},
                 .linked_call_id = {}});
}

void Trace::write(const TracedDecision& decision) {
    if (!on()) return;
    impl_->push({.time = decision.time,
                 .is_message = false,
                 .direction = Direction::received,
                 .transport = {},
                 .local = {},
                 .remote = {},
                 .call_id = std::string(decision.call_id),
                 .text = std::string(decision.text),
                 .rules = decision.rules,
                 .linked_call_id = std::string(decision.linked_call_id)});
}

void Trace::flush() {
    if (on()) impl_->flush();
}

std::uint64_t Trace::dropped() const noexcept {
    return on() ? impl_->dropped() : 0;
}

}  // namespace isthmus::observability
