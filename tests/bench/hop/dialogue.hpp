// The texts of one benchmark call, as an IMS phone and its peer send them, and what either side checks of what it gets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus::bench {

/// Host and port of the three parties, as text: "127.0.3.11:5060".
struct Parties {
    std::string caller;
    std::string callee;
    std::string hop;
    std::string protocol = "UDP";  ///< as in Via
    std::string uri_params = {};   ///< of the callee's URIs: ";transport=tcp"
};

/// What a received message says of itself; views into it.
struct Seen {
    bool request = false;
    int status = 0;           ///< of a response
    std::string_view method;  ///< of a request its own, of a response that of CSeq
    std::uint32_t call = 0;   ///< its number, from the Call-ID
    std::string_view vias;    ///< all Via lines, as received
    std::size_t via_count = 0;
    std::string_view record_route;  ///< value
    bool has_route = false;
    std::string_view from_line;
    std::string_view to_line;
    std::string_view to_tag;
    std::string_view max_forwards;
    std::string_view body;
};

/// Nothing when it is no message of ours.
std::optional<Seen> look(std::string_view octets);

class Dialogue {
  public:
    explicit Dialogue(Parties parties);

    // The caller's
    [[nodiscard]] std::string invite(std::uint32_t call) const;
    [[nodiscard]] std::string ack(std::uint32_t call, std::string_view route) const;
    [[nodiscard]] std::string bye(std::uint32_t call, std::string_view route) const;
    /// A response as it must be: its transaction's only Via is the caller's, both tags stand where they belong.
    [[nodiscard]] bool good_response(const Seen& seen) const;

    // The callee's
    [[nodiscard]] std::string response(const Seen& request, int status, std::string_view reason) const;
    /// A request as the hop must leave it: its Via above the caller's, one hop counted, Route used up, body untouched.
    [[nodiscard]] bool good_request(const Seen& seen) const;

  private:
    [[nodiscard]] std::string in_dialog(std::string_view method, std::uint32_t cseq, std::uint32_t call,
                                        std::string_view route) const;
    Parties parties_;
    std::string offer_;
    std::string answer_;
};

}  // namespace isthmus::bench
