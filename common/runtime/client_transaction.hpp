// A client transaction as the interpreter keeps it: the machine, and the request as sent while it may have to be
// repeated, cancelled or acknowledged.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "common/runtime/timer_wheel.hpp"
#include "common/sip/message.hpp"
#include "common/transaction/machines.hpp"
#include "common/transport/address.hpp"
#include "common/transport/udp_socket.hpp"

namespace isthmus::runtime {

class Core;
class ClientTransaction;

/// Why a request was given up before any target gave a final answer (IW-RTE-08).
struct Undelivered {
    int status = 500;               ///< what the caller is to get
    std::string_view warning = {};  ///< text of a Warning 399; a literal
    std::string_view decision = {};
    bool tried = false;  ///< it was sent: answers may still come late
};

/// Hears of a client transaction. `branch` is the number given when it was started.
class ClientUser {
  public:
    virtual ~ClientUser() = default;
    /// Our Via is still on top. A non-2xx final response to an INVITE has been acknowledged.
    virtual void on_response(std::uint16_t branch, sip::Message response) = 0;
    virtual void on_timeout(std::uint16_t branch) = 0;
    virtual void on_transport_error(std::uint16_t branch) = 0;
    /// Of a Delivery only: nobody could be found or nobody answered. Responses may still come late.
    virtual void on_undelivered(std::uint16_t branch, const Undelivered& why) {
        if (why.status == 504)
            on_timeout(branch);
        else
            on_transport_error(branch);
    }
    /// Of a Delivery only: a 2xx from a target that was abandoned for another one. True: it is the answer, as to a
    /// proxy; false: it was hung up on.
    virtual bool on_late_success(std::uint16_t branch, sip::Message response) {
        on_response(branch, std::move(response));
        return true;
    }
    /// Of a ClientTransaction only: nothing more will come of it.
    virtual void on_ended(std::uint16_t) {}
};

class ClientTransaction final : public std::enable_shared_from_this<ClientTransaction>, private TimerTarget {
  public:
    ClientTransaction(Core& core, std::uint64_t reference, bool invite, const transport::Peer& peer,
                      std::shared_ptr<ClientUser> user, std::uint16_t branch, const transaction::Timing& timing);

    /// Sends a CANCEL (RFC 3261 9.1); the caller has seen a provisional response. `reason` becomes a Reason field.
    /// The second time nothing happens.
    void cancel(std::string_view reason, std::string_view decision);
    /// The user hears nothing more; the transaction ends by itself.
    void abandon() {
        if (const auto user = std::exchange(user_, nullptr)) user->on_ended(branch_);
    }
    [[nodiscard]] const transport::Peer& peer() const { return peer_; }
    /// The request as it was sent; null once it is of no more use.
    [[nodiscard]] const transport::Octets& sent() const { return octets_; }
    /// Abandoned for another target: it is not repeated any more, but answers still find it.
    void hush() {
        repeat_.disarm();
        by_size_ = false;
    }

  private:
    friend class Core;
    void start(transport::Octets octets, std::string_view decision);
    void response(sip::Message message);
    void transport_failed();
    void unreachable(const transport::Address& to);
    void on_timer(std::uint8_t slot) override;
    void perform(const transaction::Actions& actions, sip::Message* message, std::string_view decision = {});
    void send_ack(const sip::Message* response);
    [[nodiscard]] bool fall_back_to_udp();

    Core& core_;
    std::uint64_t reference_;
    transport::Peer peer_;
    std::variant<transaction::InviteClient, transaction::NonInviteClient> machine_;
    transport::Octets octets_;  // the request; the ACK once a failure was acknowledged
    std::shared_ptr<ClientUser> user_;
    Timer repeat_;
    Timer life_;
    std::uint16_t branch_;
    bool heard_ = false;  // of any response
    bool acknowledged_ = false;
    bool cancelled_ = false;
    bool by_size_ = false;  // TCP was chosen for the size alone: UDP is the way back (IW-RTE-09)
};

}  // namespace isthmus::runtime
