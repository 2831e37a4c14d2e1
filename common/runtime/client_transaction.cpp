#include "common/runtime/client_transaction.hpp"

#include "common/runtime/core.hpp"
#include "common/sip/via.hpp"

namespace isthmus::runtime {

using sip::HeaderId;
using sip::Message;
using transaction::Do;
using transaction::Slot;
using transport::Protocol;

namespace {

std::variant<transaction::InviteClient, transaction::NonInviteClient> machine_for(bool invite,
                                                                                  const transaction::Timing& timing,
                                                                                  bool reliable) {
    if (invite) return transaction::InviteClient(timing, reliable);
    return transaction::NonInviteClient(timing, reliable);
}

/// An ACK or CANCEL of `sent` on its own branch (RFC 3261 17.1.1.3, 9.1). Neither carries Require (IW-RET-10).
Message companion(const Message& sent, std::string_view method) {
    auto made = Message::request(method, sent.request_uri());
    made.append(HeaderId::via, sent.first(HeaderId::via));
    for (const auto route : sent.values(HeaderId::route)) made.append(HeaderId::route, route);
    made.append(HeaderId::max_forwards, "70");
    made.append(HeaderId::from, sent.value(HeaderId::from));
    made.append(HeaderId::to, sent.value(HeaderId::to));
    made.append(HeaderId::call_id, sent.call_id());
    made.append(HeaderId::cseq, std::to_string(sent.cseq()) + " " + std::string(method));
    return made;
}

}  // namespace

ClientTransaction::ClientTransaction(Core& core, std::uint64_t reference, bool invite, const transport::Peer& peer,
                                     std::shared_ptr<ClientUser> user, std::uint16_t branch,
                                     const transaction::Timing& timing)
    : core_(core),
      reference_(reference),
      peer_(peer),
      machine_(machine_for(invite, timing, transport::is_stream(peer.protocol))),
      user_(std::move(user)),
      repeat_(*this, 0),
      life_(*this, 1),
      branch_(branch) {}

void ClientTransaction::start(transport::Octets octets, std::string_view decision) {
    octets_ = std::move(octets);
    perform(std::visit([](auto& machine) { return machine.start(); }, machine_), nullptr, decision);
}

void ClientTransaction::response(Message message) {
    const int status = message.status();
    heard_ = true;
    perform(std::visit([status](auto& machine) { return machine.response(status); }, machine_), &message);
    if (status < 200) return;
    if (std::holds_alternative<transaction::NonInviteClient>(machine_) || status >= 300) abandon();
    if (!acknowledged_) octets_.reset();  // nothing is left to repeat
}

void ClientTransaction::cancel(std::string_view reason, std::string_view decision) {
    if (!octets_ || acknowledged_ || cancelled_) return;
    const auto sent = Message::from_wire(*octets_);
    if (!sent) return;
    cancelled_ = true;
    auto made = companion(*sent, "CANCEL");
    if (!reason.empty()) made.append(HeaderId::reason, reason);
    const auto timing = core_.role().timing(peer_);
    const auto reference = reference_ | 1;
    auto transaction = std::make_shared<ClientTransaction>(core_, reference, false, peer_, nullptr, branch_, timing);
    core_.clients_.emplace(reference, transaction);
    transaction->start(std::make_shared<std::string>(made.print()), decision);
    core_.arm(life_, 64ULL * timing.t1);  // RFC 3261 9.1: then the INVITE counts as ended
}

void ClientTransaction::transport_failed() {
    if (fall_back_to_udp()) return;
    perform(std::visit([](auto& machine) { return machine.transport_error(); }, machine_), nullptr);
}

void ClientTransaction::unreachable(const transport::Address& to) {
    if (!heard_ && peer_.protocol == Protocol::udp && peer_.address == to) transport_failed();
}

bool ClientTransaction::fall_back_to_udp() {
    if (!by_size_ || !octets_ || acknowledged_) return false;
    auto again = Message::from_wire(*octets_);
    if (!again) return false;
    by_size_ = false;
    peer_.protocol = Protocol::udp;
    const auto branch = std::string(again->branch());
    again->pop_first(HeaderId::via);
    again->prepend(HeaderId::via, "SIP/2.0/UDP " + core_.local_for(peer_).text() + ";branch=" + branch);
    const auto timing = core_.role().timing(peer_);
    machine_ = machine_for(std::holds_alternative<transaction::InviteClient>(machine_), timing, false);
    repeat_.disarm();
    life_.disarm();
    start(std::make_shared<std::string>(again->print()), "IW-RTE-09 TCP refused, sent by UDP");
    return true;
}

void ClientTransaction::on_timer(std::uint8_t slot) {
    const auto keep = shared_from_this();
    if (slot == 0) core_.count_retransmission();
    perform(
        std::visit([slot](auto& machine) { return machine.timer(slot == 0 ? Slot::repeat : Slot::life); }, machine_),
        nullptr);
}

void ClientTransaction::send_ack(const Message* response) {
    if (!octets_) return;
    if (!acknowledged_ && response != nullptr) {
        const auto sent = Message::from_wire(*octets_);
        if (!sent) return;
        auto ack = companion(*sent, "ACK");
        ack.set(HeaderId::to, response->value(HeaderId::to));
        octets_ = std::make_shared<std::string>(ack.print());
        acknowledged_ = true;
    }
    core_.send_octets(peer_, octets_, 0, "RFC 3261 17.1.1.3");
}

void ClientTransaction::perform(const transaction::Actions& actions, Message* message, std::string_view decision) {
    const auto keep = shared_from_this();
    const auto user = user_;
    for (const auto& action : actions) {
        Timer& timer = action.slot == Slot::repeat ? repeat_ : life_;
        switch (action.what) {
            case Do::send_request:
                core_.send_octets(peer_, octets_, reference_, decision);
                break;
            case Do::send_ack:
                send_ack(message);
                break;
            case Do::pass:
                if (user && message != nullptr) user->on_response(branch_, std::move(*message));
                break;
            case Do::timed_out:
                if (user) user->on_timeout(branch_);
                break;
            case Do::failed:
                if (user) user->on_transport_error(branch_);
                break;
            case Do::start_timer:
                core_.arm(timer, action.ms);
                break;
            case Do::stop_timer:
                timer.disarm();
                break;
            case Do::end:
                user_.reset();
                core_.forget(reference_);
                if (user) user->on_ended(branch_);
                break;
            case Do::send_response:
                break;  // a server's
        }
    }
}

}  // namespace isthmus::runtime
