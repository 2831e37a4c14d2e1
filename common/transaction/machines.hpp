// The four transaction machines of RFC 3261 17, with the Accepted states of RFC 6026: pure, state + event -> actions.
//
// Each machine runs at most two timers at once, so it names two slots: `repeat` holds timers A, E and G, `life` holds
// B, F, H, D, I, J, K, L and M. Durations are milliseconds and inputs: they differ on the radio leg (TS 24.229 7.7).
// Messages stay with the interpreter; a machine only sees their status.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>

namespace isthmus::transaction {

struct Timing {
    std::uint32_t t1 = 500;
    std::uint32_t t2 = 4000;
    std::uint32_t t4 = 5000;
};

enum class Slot : std::uint8_t { repeat, life };

enum class Do : std::uint8_t {
    send_request,   ///< send the request (again)
    send_ack,       ///< acknowledge a non-2xx final response (again)
    send_response,  ///< send the newest response (again)
    pass,           ///< hand the response or the ACK to the transaction user
    timed_out,      ///< tell the user: no (final) response came, or no ACK
    failed,         ///< tell the user: the transport failed
    start_timer,
    stop_timer,
    end  ///< the transaction is over; nothing follows
};

struct Action {
    Do what;
    Slot slot = Slot::repeat;
    std::uint32_t ms = 0;
    bool operator==(const Action&) const = default;
};

using Actions = boost::container::static_vector<Action, 5>;

/// RFC 3261 17.1.1.2 figure 5, RFC 6026 figure 1.
class InviteClient {
  public:
    enum class State : std::uint8_t { calling, proceeding, accepted, completed, terminated };
    InviteClient(const Timing& timing, bool reliable) : timing_(timing), interval_(timing.t1), reliable_(reliable) {}
    Actions start();
    Actions response(int status);
    Actions timer(Slot slot);
    Actions transport_error();
    [[nodiscard]] State state() const { return state_; }

  private:
    Timing timing_;
    std::uint32_t interval_;  // timer A
    State state_ = State::calling;
    bool reliable_;
};

/// RFC 3261 17.1.2.2 figure 6.
class NonInviteClient {
  public:
    enum class State : std::uint8_t { trying, proceeding, completed, terminated };
    NonInviteClient(const Timing& timing, bool reliable) : timing_(timing), interval_(timing.t1), reliable_(reliable) {}
    Actions start();
    Actions response(int status);
    Actions timer(Slot slot);
    Actions transport_error();
    [[nodiscard]] State state() const { return state_; }

  private:
    Timing timing_;
    std::uint32_t interval_;  // timer E
    State state_ = State::trying;
    bool reliable_;
};

/// RFC 3261 17.2.1 figure 7, RFC 6026 figure 2.
class InviteServer {
  public:
    enum class State : std::uint8_t { proceeding, accepted, completed, confirmed, terminated };
    InviteServer(const Timing& timing, bool reliable) : timing_(timing), interval_(timing.t1), reliable_(reliable) {}
    Actions request_again();  ///< the INVITE was retransmitted
    Actions ack();
    Actions respond(int status);
    Actions timer(Slot slot);
    Actions transport_error();
    [[nodiscard]] State state() const { return state_; }

  private:
    Timing timing_;
    std::uint32_t interval_;  // timer G
    State state_ = State::proceeding;
    bool reliable_;
    bool answered_ = false;
};

/// RFC 3261 17.2.2 figure 8.
class NonInviteServer {
  public:
    enum class State : std::uint8_t { trying, proceeding, completed, terminated };
    NonInviteServer(const Timing& timing, bool reliable) : timing_(timing), reliable_(reliable) {}
    Actions request_again();
    Actions respond(int status);
    Actions timer(Slot slot);
    Actions transport_error();
    [[nodiscard]] State state() const { return state_; }

  private:
    Timing timing_;
    State state_ = State::trying;
    bool reliable_;
};

}  // namespace isthmus::transaction
