// The trace: every SIP message received or sent and every decision, one JSON object a line, from which ladders are
// drawn. Workers only copy into a bounded queue; a thread of the trace's own encodes and writes.
//
// {"kind":"message","time":"2026-11-21T09:00:00.123456Z","node":"scscf1","direction":"received","transport":"udp",
//  "local":"127.0.1.30:5060","remote":"127.0.1.20:5060","call_id":"...","raw":"INVITE ..."}
// {"kind":"decision","time":...,"node":...,"call_id":"...","text":"...","rules":["IW-RET-06"],
//  "linked_call_id":"..."}
// `raw` has one character for each byte (ISO 8859-1), so any bytes survive.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace isthmus::observability {

enum class Direction : std::uint8_t { received, sent };

struct TracedMessage {
    std::chrono::system_clock::time_point time;
    Direction direction = Direction::received;
    std::string_view transport;  ///< "udp", "tcp"
    std::string_view local;      ///< "127.0.1.30:5060"
    std::string_view remote;
    std::string_view call_id;
    std::string_view bytes;
};

struct TracedDecision {
    std::chrono::system_clock::time_point time;
    std::string_view call_id;
    std::string_view text;                 ///< in words, for the operator
    std::vector<std::string> rules;        ///< "IW-RET-06", policy rows, evidence
    std::string_view linked_call_id = {};  ///< of the other leg, when the decision made one: a ladder shows both
};

struct TraceOptions {
    std::string file;  ///< appended to; empty: off
    std::string node;
    std::size_t queue_bytes = std::size_t{32} << 20U;              ///< what waits beyond this is dropped and counted
    std::function<void(const std::string& reason)> on_error = {};  ///< called once, on the trace's thread
};

/// Throws std::runtime_error at start when the file cannot be opened; never afterwards. Its end writes what waits.
class Trace {
  public:
    explicit Trace(const TraceOptions& options);
    ~Trace();
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;

    /// Ask this first: while it is off, nothing need be put together.
    [[nodiscard]] bool on() const noexcept { return impl_ != nullptr; }
    void write(const TracedMessage& message);
    void write(const TracedDecision& decision);

    void flush();  ///< returns when all that was given before stands in the file
    [[nodiscard]] std::uint64_t dropped() const noexcept;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::observability
