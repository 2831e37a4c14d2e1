// A server transaction as the interpreter keeps it: the machine, the request while somebody needs it, the newest
// response while it may have to be repeated.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "common/runtime/reply_path.hpp"
#include "common/runtime/timer_wheel.hpp"
#include "common/sip/message.hpp"
#include "common/transaction/key.hpp"
#include "common/transaction/machines.hpp"
#include "common/transport/address.hpp"
#include "common/transport/udp_socket.hpp"

namespace isthmus::runtime {

class Core;

/// How a message reached us.
struct Arrival {
    transport::Peer peer;
    std::uint8_t listener = 0;
};

class ServerTransaction final : public std::enable_shared_from_this<ServerTransaction>, private TimerTarget {
  public:
    ServerTransaction(Core& core, const transaction::Key& key, sip::Message request, const Arrival& arrival,
                      const transaction::Timing& timing);

    /// Until the final response, unless it was taken.
    [[nodiscard]] sip::Message& request() { return *request_; }
    [[nodiscard]] const Arrival& arrival() const { return arrival_; }
    [[nodiscard]] bool invite() const { return std::holds_alternative<transaction::InviteServer>(machine_); }
    /// A final response was sent.
    [[nodiscard]] bool answered() const { return answered_; }
    /// A CANCEL came; whoever goes on answers 487.
    [[nodiscard]] bool cancelled() const { return cancelled_; }
    [[nodiscard]] Core& core() { return core_; }

    /// Sends a response made for this request. `decision` goes into the trace.
    void respond(const sip::Message& response, std::string_view decision = {});
    /// Makes and sends a response of ours; `edit` may add fields.
    void reply(int status, std::string_view decision = {}, const std::function<void(sip::Message&)>& edit = {});

    /// No final response will come (RFC 4320 4.2): repetitions that are still on their way meet silence.
    void end_in_silence();

    /// Called once when a CANCEL came before the final response; its 200 was sent.
    void on_cancel(std::function<void(const sip::Message& cancel)> hear) { hear_cancel_ = std::move(hear); }
    /// Called when our final response was never acknowledged.
    void on_lost(std::function<void()> hear) { hear_lost_ = std::move(hear); }

    /// Nobody hears of it any more.
    void abandon() {
        hear_cancel_ = nullptr;
        hear_lost_ = nullptr;
    }

  private:
    friend class Core;
    /// A request other than INVITE gets a 100 when nothing else was said for 3.5 s.
    void say_alive_later();
    void request_again();
    void ack(sip::Message message, const Arrival& arrival);
    void take_cancel(const sip::Message& cancel);
    void on_timer(std::uint8_t slot) override;
    void perform(const transaction::Actions& actions, std::string_view decision = {});

    Core& core_;
    transaction::Key key_;
    Arrival arrival_;
    ReplyPath reply_;
    std::variant<transaction::InviteServer, transaction::NonInviteServer> machine_;
    std::optional<sip::Message> request_;
    transport::Octets response_;
    std::function<void(const sip::Message&)> hear_cancel_;
    std::function<void()> hear_lost_;
    Timer repeat_;
    Timer life_;
    bool answered_ = false;
    bool cancelled_ = false;
    bool silent_ = false;
};

}  // namespace isthmus::runtime
