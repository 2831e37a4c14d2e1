// Performs what a response context decides: a request is on its way through us to one or several targets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/proxy/response_context.hpp"
#include "common/runtime/core.hpp"

namespace isthmus::runtime {

struct Target {
    sip::Message request;  ///< as it leaves, without our Via; it goes to its top Route, else to its Request-URI
    std::optional<transport::Peer> peer;  ///< when it is known already
    std::uint16_t group = 0;              ///< tried in rising order, equal ones at once
    std::string decision;                 ///< for the trace
    std::uint64_t target_timeout_ms = 0;  ///< silence after which the next hop has failed; 0: the node's
};

/// What a role may do with the responses of a request it forwarded.
class ForwardUser {
  public:
    virtual ~ForwardUser() = default;
    /// `response` is about to go upstream, our Via is off already.
    virtual void on_response(sip::Message& response, std::uint16_t branch) = 0;
    /// No branch brought a response that could be forwarded: the status and the words to answer with.
    virtual int on_nothing(int status) { return status; }
    /// The request came to nothing, or to `response` which would go upstream now: with true the role takes it back, and
    /// answers or forwards it anew. A late 2xx still goes upstream. `why` counts where `response` is null.
    virtual bool takes_back(const sip::Message* response, const Undelivered& why) {
        (void)response;
        (void)why;
        return false;
    }
    /// Other targets that a 3xx names, to be tried instead of it going upstream; their `group` is not looked at.
    virtual std::vector<Target> on_redirect(const sip::Message&) { return {}; }
};

/// Forwards `transaction`'s request; `loop` is proxy::loop_hash() of it as it was received. A target without a way to
/// it counts as a branch whose transport failed. `user` may be null.
void forward(const std::shared_ptr<ServerTransaction>& transaction, std::vector<Target> targets,
             std::shared_ptr<ForwardUser> user, std::uint64_t loop);

/// An ACK to a 2xx goes on to its top Route or Request-URI.
void forward_ack(Core& core, sip::Message ack, std::string decision);

}  // namespace isthmus::runtime
