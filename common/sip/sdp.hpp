// A session description as its lines (RFC 4566): session part, then one section per m= line.
// Lines nobody edits leave as they came, line ending included; nothing is ever re-encoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isthmus::sip {

enum class Direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

class Sdp {
  public:
    struct Line {
        std::string text;    ///< "a=sendrecv"
        std::string ending;  ///< "\r\n", "\n", or nothing at the very end

        [[nodiscard]] char type() const { return text.front(); }
        [[nodiscard]] std::string_view value() const { return std::string_view(text).substr(2); }
        /// Of an a= line: what stands before the colon. Empty for other lines.
        [[nodiscard]] std::string_view attribute() const;
        [[nodiscard]] std::string_view attribute_value() const;
    };
    using Section = std::vector<Line>;

    /// Nothing when it does not begin with v= or has a line that is not "x=...".
    static std::optional<Sdp> parse(std::string_view text);

    [[nodiscard]] const Section& session() const { return session_; }
    [[nodiscard]] const std::vector<Section>& media() const { return media_; }
    /// "audio", "video" ... of a stream.
    [[nodiscard]] std::string_view kind(std::size_t stream) const;
    /// 0: the stream is refused, or the m= line has no number there.
    [[nodiscard]] std::uint32_t port(std::size_t stream) const;
    /// The stream's own, else the session's, else sendrecv (RFC 3264 5.1).
    [[nodiscard]] Direction direction(std::size_t stream) const;

    /// Replaces the text of every line for which `edit` gives another one.
    void edit_lines(const std::function<std::optional<std::string>(const Line&)>& edit);
    /// `m=` lines stay whatever is asked.
    void remove_lines(const std::function<bool(const Line&)>& unwanted);
    [[nodiscard]] std::string print() const;

  private:
    Section session_;
    std::vector<Section> media_;
};

}  // namespace isthmus::sip
