#include "common/runtime/server_transaction.hpp"

#include "common/runtime/core.hpp"

namespace isthmus::runtime {

using transaction::Do;
using transaction::Slot;

namespace {

std::variant<transaction::InviteServer, transaction::NonInviteServer> machine_for(bool invite,
                                                                                  const transaction::Timing& timing,
                                                                                  bool reliable) {
    if (invite) return transaction::InviteServer(timing, reliable);
    return transaction::NonInviteServer(timing, reliable);
}

}  // namespace

ServerTransaction::ServerTransaction(Core& core, const transaction::Key& key, sip::Message request,
                                     const Arrival& arrival, const transaction::Timing& timing)
    : core_(core),
      key_(key),
      arrival_(arrival),
      reply_(reply_path(request, arrival.peer)),
      machine_(
          machine_for(request.method() == sip::Method::invite, timing, transport::is_stream(arrival.peer.protocol))),
      request_(std::move(request)),
      repeat_(*this, 0),
      life_(*this, 1) {}

void ServerTransaction::reply(int status, std::string_view decision, const std::function<void(sip::Message&)>& edit) {
    if (!request_) return;
    // Every response of ours in this transaction shows the same tag.
    const auto tag = status == 100 ? std::string() : "i" + std::to_string(key_.high);
    auto response = sip::Message::response(*request_, status, reason_phrase(status), tag);
    if (edit) edit(response);
    respond(response, decision);
}

void ServerTransaction::respond(const sip::Message& response, std::string_view decision) {
    const auto keep = shared_from_this();
    const int status = response.status();
    response_ = std::make_shared<std::string>(response.print());
    perform(std::visit([status](auto& machine) { return machine.respond(status); }, machine_), decision);
    if (status < 200) return;
    if (!answered_) --core_.unanswered_;
    answered_ = true;
    if (!invite()) repeat_.disarm();
    request_.reset();
    hear_cancel_ = nullptr;
    // RFC 6026: a 2xx to an INVITE is repeated by whoever made it, never from here.
    if (invite() && status < 300) response_.reset();
}

void ServerTransaction::end_in_silence() {
    constexpr std::uint64_t stragglers_ms = 5'000;
    if (answered_) return;
    --core_.unanswered_;
    answered_ = silent_ = true;
    repeat_.disarm();
    request_.reset();
    abandon();
    core_.arm(life_, stragglers_ms);
}

void ServerTransaction::say_alive_later() {
    constexpr std::uint64_t alive_ms = 3'500;
    core_.arm(repeat_, alive_ms);
}

void ServerTransaction::request_again() {
    core_.count_retransmission();
    perform(std::visit([](auto& machine) { return machine.request_again(); }, machine_));
}

void ServerTransaction::ack(sip::Message message, const Arrival& arrival) {
    auto* machine = std::get_if<transaction::InviteServer>(&machine_);
    if (machine == nullptr) return;
    const auto actions = machine->ack();
    for (const auto& action : actions)
        if (action.what == Do::pass) return core_.role().on_ack(std::move(message), arrival);
    perform(actions);
}

void ServerTransaction::take_cancel(const sip::Message& cancel) {
    if (answered_ || cancelled_) return;
    cancelled_ = true;
    if (!hear_cancel_) return;
    const auto hear = std::move(hear_cancel_);
    hear_cancel_ = nullptr;
    hear(cancel);
}

void ServerTransaction::on_timer(std::uint8_t slot) {
    const auto keep = shared_from_this();
    if (silent_) return core_.forget(key_);
    // RFC 4320 4.1: whoever asks learns that we live, or it would go to another target (IW-RTE-08).
    if (slot == 0 && !invite()) return answered_ ? void() : reply(100, "RFC 4320 4.1");
    perform(
        std::visit([slot](auto& machine) { return machine.timer(slot == 0 ? Slot::repeat : Slot::life); }, machine_));
}

void ServerTransaction::perform(const transaction::Actions& actions, std::string_view decision) {
    for (const auto& action : actions) {
        Timer& timer = action.slot == Slot::repeat ? repeat_ : life_;
        switch (action.what) {
            case Do::send_response:
                if (response_) core_.send_response(reply_, arrival_.listener, response_, decision);
                break;
            case Do::start_timer:
                core_.arm(timer, action.ms);
                break;
            case Do::stop_timer:
                timer.disarm();
                break;
            case Do::timed_out:
            case Do::failed:
                if (hear_lost_) hear_lost_();
                break;
            case Do::end:
                hear_lost_ = nullptr;
                hear_cancel_ = nullptr;
                core_.forget(key_);
                break;
            case Do::send_request:
            case Do::send_ack:
            case Do::pass:
                break;  // a client's
        }
    }
}

}  // namespace isthmus::runtime
