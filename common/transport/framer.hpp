// Cuts a byte stream into SIP messages (RFC 3261 18.3): by the empty line and Content-Length, without parsing.
// Bounded: a peer that lies or dawdles costs at most `limits` of memory, then its connection is closed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus::transport {

struct FramerLimits {
    std::size_t head = 65'536;   ///< bytes up to the empty line
    std::size_t body = 262'144;  ///< Content-Length
};

class Framer {
  public:
    enum class Fault { none, head_too_large, body_too_large, no_content_length, bad_content_length };

    explicit Framer(FramerLimits limits = {}) : limits_(limits) {}
    void feed(std::string_view octets);
    /// The next whole message; nothing until more comes, or after a fault.
    std::optional<std::string> next();
    [[nodiscard]] Fault fault() const { return fault_; }
    /// True when a CRLF CRLF ping stood between messages since the last call (RFC 5626 3.5.1), in one piece or several.
    bool take_ping();
    /// We sent a ping: the next CRLF answers it.
    void await_pong() { awaiting_pong_ = true; }
    [[nodiscard]] bool half_message() const { return buffer_.size() > start_; }

  private:
    bool skip_line_ends();
    bool read_head();
    void compact();

    FramerLimits limits_;
    std::string buffer_;
    std::size_t start_ = 0;    // of the message being collected
    std::size_t scanned_ = 0;  // no empty line before here
    std::size_t whole_ = 0;    // octets of the message being collected, once its head is there
    Fault fault_ = Fault::none;
    unsigned line_ends_ = 0;  // characters of CRLF since the last message, ping or pong
    bool ping_ = false;
    bool awaiting_pong_ = false;
};

}  // namespace isthmus::transport
