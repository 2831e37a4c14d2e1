// A phone on a real UDP socket that can register, call and answer. Texts are written with LF.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "common/sip/message.hpp"
#include "tests/support/wire.hpp"

namespace isthmus::system_test {

/// Texts that phones send, for any transport: `via` is "UDP 127.0.0.1:5060".
std::string register_text(const std::string& user, const std::string& via, const std::string& contact, int cseq,
                          const std::string& authorization);
std::string no_credentials(const std::string& user);
std::string credentials_for(const sip::Message& challenged, const std::string& user);
std::string invite_text(const std::string& user, const std::string& via, const std::string& contact,
                        const std::string& route, const std::string& to, const std::string& call_id);
/// A request in the dialog that `ok`, the 200 to an INVITE of `user`, made.
std::string in_dialog_text(const std::string& method, int cseq, const std::string& via, const sip::Message& ok);
/// The answer to a request as its callee gives it.
std::string answer_text(const sip::Message& request, int status, const std::string& contact);

class Phone {
  public:
    Phone(std::string user, int host, const transport::Address& pcscf, std::uint16_t port = 5070);

    /// REGISTER, 401, REGISTER; the last answer. Remembers the Service-Route.
    sip::Message do_register();
    /// One REGISTER; its final answer.
    sip::Message register_once(const std::string& authorization);
    /// Sends INVITE; its Call-ID.
    std::string call(const std::string& to);
    /// The oldest message that begins so and is of the Call-ID (any when empty); nothing in time: fails the test.
    sip::Message expect(const std::string& start, const std::string& call_id = {},
                        support::Patience longest = support::patience);
    std::optional<sip::Message> find(const std::string& start, const std::string& call_id, support::Patience longest);
    void answer(const sip::Message& request, int status);
    void ack(const sip::Message& ok) { send(in_dialog_text("ACK", 1, via(), ok)); }
    void bye(const sip::Message& ok) { send(in_dialog_text("BYE", 2, via(), ok)); }
    void send(const std::string& text);

    [[nodiscard]] std::string via() const { return "UDP " + end_.local().text(); }
    [[nodiscard]] std::string contact() const { return "sip:" + user_ + "@" + end_.local().text(); }
    [[nodiscard]] const std::string& route() const { return route_; }
    [[nodiscard]] support::UdpEnd& end() { return end_; }

  private:
    std::string user_;
    transport::Address pcscf_;
    support::UdpEnd end_;
    std::deque<std::string> inbox_;
    std::map<std::string, transport::Address> sources_;  // by branch
    std::string route_;
    int cseq_ = 0;
    int calls_ = 0;
};

}  // namespace isthmus::system_test
