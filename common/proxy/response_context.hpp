// The response context of a forwarded request (RFC 3261 16.7-16.10, sessions.md 15): which branch is tried when, which
// response goes upstream, which branches are cancelled. Pure: events in, steps out; messages stay with the interpreter.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace isthmus::proxy {

enum class Do : std::uint8_t {
    start_branch,     ///< send the request to this branch's target
    cancel_branch,    ///< send a CANCEL on it
    forward,          ///< this branch's newest response goes upstream now
    answer,           ///< answer upstream ourselves with `status`
    start_timer_c,    ///< (again) for this branch
    start_ring_timer  ///< how long this group may ring before the next is tried (ST-SES-06)
};

struct Step {
    Do what;
    std::uint16_t branch = 0;
    int status = 0;
    bool operator==(const Step&) const = default;
};
/// `status` of an answer that is none: the request ends in silence (RFC 4320 4.2).
constexpr int no_answer = 0;

/// ST-SES-10: no request is forked further; each branch costs two steps at most, in one event.
constexpr std::size_t max_branches = 10;
using Steps = boost::container::static_vector<Step, 2 * max_branches + 4>;

class ResponseContext {
  public:
    enum class Kind : std::uint8_t { invite, other };

    /// `groups[i]` is the group of branch i: groups are tried one after the other in rising order, the branches of
    /// one group at once. There is at least one branch, and at
    /// most max_branches.
    /// `cancel_others`: a 2xx ends the other branches; false where the caller asked for no-cancel (RFC 3841 9.1).
    ResponseContext(Kind kind, const std::vector<std::uint16_t>& groups, bool cancel_others = true);

    Steps start();
    Steps response(std::uint16_t branch, int status);
    /// A 3xx of `branch` is no answer but `added` further targets, tried at once with the rest of its group; they are
    /// the branches after the last (RFC 3261 16.7 item 4). No more than room().
    Steps redirected(std::uint16_t branch, std::size_t added);
    [[nodiscard]] std::size_t room() const { return stop_ ? 0 : max_branches - legs_.size(); }
    Steps timed_out(std::uint16_t branch);  ///< its transaction ended without a final response
    Steps transport_failed(std::uint16_t branch);
    /// Nobody could be asked or nobody answered; `status` says what the caller would get for it.
    Steps undelivered(std::uint16_t branch, int status);
    Steps timer_c(std::uint16_t branch);
    Steps ring_timer();
    Steps cancel();  ///< the caller gave up
    /// A request other than INVITE has waited as long as its sender will (FK-SES-07).
    Steps expired();

    [[nodiscard]] bool cancelled() const { return cancelled_; }
    /// Nothing new is to be sent on any branch: 2xx, 6xx, or cancelled.
    [[nodiscard]] bool stopped() const { return stop_; }
    /// A final response went upstream and no branch is pending.
    [[nodiscard]] bool finished() const;

  private:
    enum class State : std::uint8_t { waiting, calling, proceeding, done };
    struct Leg {
        std::uint16_t group = 0;
        State state = State::waiting;
        bool cancel = false;  ///< to be cancelled as soon as a provisional response allows it (RFC 3261 9.1)
        int final = 0;        ///< its final status; 408 and 503 stand for silence and a dead transport
        bool own = false;     ///< `final` was made up here, there is no message
        bool aside = false;   ///< it named other targets instead
    };

    Steps start_group();
    Steps finish(std::uint16_t branch, int status, bool own);
    void cancel_pending(Steps& steps);
    void conclude(Steps& steps);
    [[nodiscard]] bool group_running() const;
    [[nodiscard]] std::optional<std::uint16_t> best() const;

    std::vector<Leg> legs_;
    Kind kind_;
    bool cancel_others_;
    std::uint16_t group_ = 0;
    bool cancelled_ = false;
    bool stop_ = false;      ///< no further group: 2xx, 6xx, or cancelled
    bool answered_ = false;  ///< a final response went upstream
};

/// How good a final response is; smaller is better (RFC 3261 16.7 item 6, ST-SES-08).
int rank(int status);

}  // namespace isthmus::proxy
