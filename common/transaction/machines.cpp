#include "common/transaction/machines.hpp"

#include <algorithm>

namespace isthmus::transaction {
namespace {

// Timer D is at least 32 s on unreliable transports (RFC 3261 17.1.1.2), whatever T1 is.
constexpr std::uint32_t timer_d_ms = 32'000;

Action start_timer(Slot slot, std::uint32_t ms) {
    return {Do::start_timer, slot, ms};
}
Action stop_timer(Slot slot) {
    return {Do::stop_timer, slot, 0};
}

/// On a reliable transport the wait for stray retransmissions is zero: the transaction ends at once.
void linger(Actions& actions, bool reliable, std::uint32_t ms) {
    if (reliable)
        actions.push_back({Do::end});
    else
        actions.push_back(start_timer(Slot::life, ms));
}

bool provisional(int status) {
    return status < 200;
}
bool success(int status) {
    return status >= 200 && status < 300;
}

}  // namespace

// INVITE client

Actions InviteClient::start() {
    Actions actions{{Do::send_request}, start_timer(Slot::life, 64 * timing_.t1)};  // timer B
    if (!reliable_) actions.push_back(start_timer(Slot::repeat, interval_));        // timer A
    return actions;
}

Actions InviteClient::response(int status) {
    Actions actions;
    switch (state_) {
        case State::calling:
            actions = {stop_timer(Slot::repeat), stop_timer(Slot::life)};
            [[fallthrough]];
        case State::proceeding:
            if (provisional(status)) {
                state_ = State::proceeding;
                actions.push_back({Do::pass});
            } else if (success(status)) {
                state_ = State::accepted;
                actions.push_back({Do::pass});
                actions.push_back(start_timer(Slot::life, 64 * timing_.t1));  // timer M
            } else {
                state_ = reliable_ ? State::terminated : State::completed;
                actions.push_back({Do::send_ack});
                actions.push_back({Do::pass});
                linger(actions, reliable_, timer_d_ms);
            }
            return actions;
        case State::accepted:  // a retransmitted 2xx, or one of another fork
            if (success(status)) actions.push_back({Do::pass});
            return actions;
        case State::completed:
            if (status >= 300) actions.push_back({Do::send_ack});
            return actions;
        case State::terminated:
            return actions;
    }
    return actions;
}

Actions InviteClient::timer(Slot slot) {
    if (slot == Slot::repeat) {
        if (state_ != State::calling) return {};
        interval_ *= 2;
        return {{Do::send_request}, start_timer(Slot::repeat, interval_)};
    }
    // While proceeding the timer runs only behind a CANCEL: a callee that never answers it (RFC 3261 9.1).
    const bool waiting = state_ == State::calling || state_ == State::proceeding;
    state_ = State::terminated;
    if (waiting) return {stop_timer(Slot::repeat), {Do::timed_out}, {Do::end}};
    return {{Do::end}};
}

Actions InviteClient::transport_error() {
    if (state_ == State::terminated || state_ == State::accepted) return {};
    state_ = State::terminated;
    return {stop_timer(Slot::repeat), stop_timer(Slot::life), {Do::failed}, {Do::end}};
}

// non-INVITE client

Actions NonInviteClient::start() {
    Actions actions{{Do::send_request}, start_timer(Slot::life, 64 * timing_.t1)};  // timer F
    if (!reliable_) actions.push_back(start_timer(Slot::repeat, interval_));        // timer E
    return actions;
}

Actions NonInviteClient::response(int status) {
    if (state_ == State::completed || state_ == State::terminated) return {};
    if (provisional(status)) {
        state_ = State::proceeding;
        return {{Do::pass}};
    }
    state_ = reliable_ ? State::terminated : State::completed;
    Actions actions{stop_timer(Slot::repeat), stop_timer(Slot::life), {Do::pass}};
    linger(actions, reliable_, timing_.t4);  // timer K
    return actions;
}

Actions NonInviteClient::timer(Slot slot) {
    if (slot == Slot::repeat) {
        if (state_ != State::trying && state_ != State::proceeding) return {};
        interval_ = state_ == State::proceeding ? timing_.t2 : std::min(2 * interval_, timing_.t2);
        return {{Do::send_request}, start_timer(Slot::repeat, interval_)};
    }
    const bool waiting = state_ == State::trying || state_ == State::proceeding;
    state_ = State::terminated;
    if (waiting) return {stop_timer(Slot::repeat), {Do::timed_out}, {Do::end}};
    return {{Do::end}};
}

Actions NonInviteClient::transport_error() {
    if (state_ == State::terminated || state_ == State::completed) return {};
    state_ = State::terminated;
    return {stop_timer(Slot::repeat), stop_timer(Slot::life), {Do::failed}, {Do::end}};
}

// INVITE server

Actions InviteServer::request_again() {
    const bool repeatable = state_ == State::proceeding ? answered_ : state_ == State::completed;
    if (repeatable) return {{Do::send_response}};
    return {};
}

Actions InviteServer::ack() {
    if (state_ == State::accepted) return {{Do::pass}};  // RFC 6026 7.1
    if (state_ != State::completed) return {};
    state_ = reliable_ ? State::terminated : State::confirmed;
    Actions actions{stop_timer(Slot::repeat), stop_timer(Slot::life)};
    linger(actions, reliable_, timing_.t4);  // timer I
    return actions;
}

Actions InviteServer::respond(int status) {
    if (state_ == State::accepted && success(status)) return {{Do::send_response}};
    if (state_ != State::proceeding) return {};
    answered_ = true;
    Actions actions{{Do::send_response}};
    if (provisional(status)) return actions;
    if (success(status)) {
        state_ = State::accepted;
        actions.push_back(start_timer(Slot::life, 64 * timing_.t1));  // timer L
        return actions;
    }
    state_ = State::completed;
    actions.push_back(start_timer(Slot::life, 64 * timing_.t1));              // timer H
    if (!reliable_) actions.push_back(start_timer(Slot::repeat, interval_));  // timer G
    return actions;
}

Actions InviteServer::timer(Slot slot) {
    if (slot == Slot::repeat) {
        if (state_ != State::completed) return {};
        interval_ = std::min(2 * interval_, timing_.t2);
        return {{Do::send_response}, start_timer(Slot::repeat, interval_)};
    }
    const bool unacknowledged = state_ == State::completed;
    state_ = State::terminated;
    if (unacknowledged) return {stop_timer(Slot::repeat), {Do::timed_out}, {Do::end}};
    return {{Do::end}};
}

Actions InviteServer::transport_error() {
    // RFC 6026 7.1: while accepted, the transaction stays to absorb retransmissions of the INVITE.
    if (state_ == State::terminated || state_ == State::accepted) return {};
    if (state_ == State::proceeding) return {{Do::failed}};
    state_ = State::terminated;
    return {stop_timer(Slot::repeat), stop_timer(Slot::life), {Do::failed}, {Do::end}};
}

// non-INVITE server

Actions NonInviteServer::request_again() {
    if (state_ == State::proceeding || state_ == State::completed) return {{Do::send_response}};
    return {};
}

Actions NonInviteServer::respond(int status) {
    if (state_ == State::completed || state_ == State::terminated) return {};
    Actions actions{{Do::send_response}};
    if (provisional(status)) {
        state_ = State::proceeding;
        return actions;
    }
    state_ = reliable_ ? State::terminated : State::completed;
    linger(actions, reliable_, 64 * timing_.t1);  // timer J
    return actions;
}

Actions NonInviteServer::timer(Slot slot) {
    if (slot == Slot::repeat || state_ != State::completed) return {};
    state_ = State::terminated;
    return {{Do::end}};
}

Actions NonInviteServer::transport_error() {
    if (state_ == State::terminated) return {};
    state_ = State::terminated;
    return {stop_timer(Slot::life), {Do::failed}, {Do::end}};
}

}  // namespace isthmus::transaction
