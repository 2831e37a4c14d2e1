// One request on its way to the first of its next hop's targets that answers (RFC 3263 4.3, IW-RTE-08): it is located,
// sent, and sent again on a new branch to the next target when one fails. For its user this is one attempt.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/client_transaction.hpp"
#include "common/sip/message.hpp"
#include "common/transport/failover.hpp"

namespace isthmus::runtime {

struct DeliveryOptions {
    std::uint16_t branch = 0;  ///< the user's number for it
    std::uint64_t loop = 0;    ///< proxy::loop_hash() of the request it was made from, 0 for one of our own
    std::string decision = {};
    /// Known already, as the flow of a UE: nothing is looked up, and only the transaction's own timers run.
    std::optional<transport::Peer> peer = std::nullopt;
    std::string transport = {};           ///< in place of the URI's transport parameter, where not empty
    std::uint64_t target_timeout_ms = 0;  ///< 0: the node's
    std::uint64_t deadline_ms = 0;        ///< no target is tried later; 0: the node's set-up budget from now
    transport::Security security = transport::Security::open;
};

class Delivery final : public ClientUser, private TimerTarget, public std::enable_shared_from_this<Delivery> {
  public:
    /// `request` goes to its top Route, else to its Request-URI. `user` may be null. It hears nothing inside this call.
    static std::shared_ptr<Delivery> start(Core& core, sip::Message request, std::shared_ptr<ClientUser> user,
                                           DeliveryOptions options);
    Delivery(Core& core, sip::Message request, std::shared_ptr<ClientUser> user, DeliveryOptions options);

    /// No further target is tried, and the one under way gets a CANCEL; the caller has seen a provisional response.
    void cancel(std::string_view reason, std::string_view decision);

    /// Of the target that was tried last.
    [[nodiscard]] const transport::Peer& peer() const { return peer_; }
    /// The user has answered for it: it is not sent, or sent no further; a late answer still gets what it needs.
    void give_up() { cancelled_ = true; }

    // ClientUser; target n is branch n
    void on_response(std::uint16_t target, sip::Message response) override;
    void on_timeout(std::uint16_t target) override;
    void on_transport_error(std::uint16_t target) override;
    void on_ended(std::uint16_t target) override;

  private:
    void begin();
    void located(transport::Located& found);
    void send(sip::Message request);
    void failed(transport::TargetEnd end);
    void late(std::uint16_t target, sip::Message response);
    void silent();
    bool overloaded(const sip::Message& response);
    void quarantine(const transport::QuarantineOrder& order);
    void report(int status, std::string_view warning, std::string_view decision);
    void on_timer(std::uint8_t slot) override;
    [[nodiscard]] bool is_current(std::uint16_t target) const { return target == failover_.current(); }
    [[nodiscard]] std::uint64_t patience() const;

    Core& core_;
    std::optional<sip::Message> request_;  // until it is sent
    std::shared_ptr<ClientUser> user_;
    DeliveryOptions options_;
    transport::Failover failover_;
    transport::Peer peer_;                                          // the current target
    std::vector<transport::Peer> rest_;                             // targets behind the current one, in reverse
    transport::Octets octets_;                                      // as sent, while there is a rest
    std::vector<std::shared_ptr<ClientTransaction>> transactions_;  // the last is the current one's
    std::size_t ended_ = 0;                                         // of them
    Timer patience_;
    bool invite_;
    bool in_dialog_;
    bool demands_tls_ = false;
    bool known_ = false;      // by the user: not located, no quarantine
    bool responded_ = false;  // the current target said something
    bool given_up_ = false;   // the user was told that nobody answers
    bool cancelled_ = false;
    bool final_ = false;
};

/// The one 503 that says nothing about the hop it came by, and passes unchanged (SR-REG-60, PR-REG-32).
bool marks_lost_directory(const sip::Message& response);

}  // namespace isthmus::runtime
