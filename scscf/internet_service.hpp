// Calls and other requests of our users that leave for the Internet: policy, rates, border (IW-POL-03).
// One per worker; it owns the calls in which this S-CSCF is more than a proxy.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/runtime/core.hpp"
#include "common/runtime/forwarding.hpp"
#include "scscf/internet_call.hpp"
#include "scscf/shared.hpp"

namespace isthmus::scscf {

class InternetService {
  public:
    InternetService(runtime::Core& core, Shared& shared);

    /// `request` is the user's, our Route entry off and identities completed; `host` is where it wants to go.
    void send(const std::shared_ptr<runtime::ServerTransaction>& transaction, sip::Message request,
              const Registration& served, const std::string& host, std::uint64_t loop);
    /// Null when the token names no call of ours.
    [[nodiscard]] std::shared_ptr<InternetCall> call_of(const proxy::Token& token) const;
    /// A message of a dialog across the border, outwards or inwards (TD-SES-01).
    void cross_border(sip::Message& message, bool outwards) const;
    /// The same for the responses to a forwarded request.
    [[nodiscard]] std::shared_ptr<runtime::ForwardUser> border_for_responses(bool towards_internet) const;

  private:
    void send_other(const std::shared_ptr<runtime::ServerTransaction>& transaction, sip::Message request,
                    const policy::Decision& decision, const interworking::BorderPolicy& border, std::uint64_t loop);
    void too_many(runtime::ServerTransaction& transaction, const policy::Decision& decision,
                  const CallRates::Refusal& over);
    [[nodiscard]] std::optional<policy::Decision> decide_contact(const sip::Uri& contact) const;
    void forget(std::uint64_t id);
    void count_attempt(std::string_view level, int status);
    void count(const std::string& mode, const std::string& outcome);

    runtime::Core& core_;
    Shared& shared_;
    interworking::BorderPolicy border_;
    std::unordered_map<std::uint64_t, std::shared_ptr<InternetCall>> calls_;
};

}  // namespace isthmus::scscf
