#include "common/runtime/forwarding.hpp"

#include <deque>

#include "common/proxy/forward.hpp"
#include "common/runtime/delivery.hpp"
#include "common/runtime/refusal.hpp"

namespace isthmus::runtime {

using proxy::Do;
using sip::HeaderId;
using sip::Message;

namespace {

constexpr std::uint64_t ring_ms = 20'000;  // ST-SES-06
constexpr std::uint8_t ring_slot = 255;

class Forwarding final : public ClientUser, public TimerTarget, public std::enable_shared_from_this<Forwarding> {
  public:
    Forwarding(std::shared_ptr<ServerTransaction> upstream, std::vector<Target> targets,
               std::shared_ptr<ForwardUser> user, std::uint64_t loop)
        : core_(upstream->core()),
          upstream_(std::move(upstream)),
          user_(std::move(user)),
          loop_(loop),
          context_(upstream_->invite() ? proxy::ResponseContext::Kind::invite : proxy::ResponseContext::Kind::other,
                   groups(targets)),
          ring_(*this, ring_slot) {
        for (auto& target : targets)
            branches_.emplace_back(*this, static_cast<std::uint8_t>(branches_.size()), std::move(target));
    }

    void start() {
        if (upstream_->invite()) {
            upstream_->on_cancel([self = shared_from_this()](const Message& cancel) {
                self->reason_ = cancel.value(HeaderId::reason);
                self->perform(self->context_.cancel());
            });
        }
        perform(context_.start());
    }

    void on_response(std::uint16_t branch, Message response) override {
        Branch& of = branches_[branch];
        response.pop_first(HeaderId::via);
        const int status = response.status();
        if (status >= 200) of.timer_c.disarm();
        of.response.emplace(std::move(response));
        perform(context_.response(branch, status));
        if (status >= 200) tidy();
    }
    void on_timeout(std::uint16_t branch) override { ended(branch, context_.timed_out(branch)); }
    void on_transport_error(std::uint16_t branch) override { ended(branch, context_.transport_failed(branch)); }
    void on_undelivered(std::uint16_t branch, const Undelivered& why) override {
        branches_[branch].why = why;
        ended(branch, context_.undelivered(branch, why.status));
    }

    void on_timer(std::uint8_t slot) override {
        const auto keep = shared_from_this();
        if (slot == ring_slot)
            perform(context_.ring_timer());
        else
            perform(context_.timer_c(slot));
        tidy();
    }

  private:
    struct Branch {
        Branch(Forwarding& owner, std::uint8_t number, Target goal) : target(std::move(goal)), timer_c(owner, number) {}
        std::optional<Target> target;  // until it is sent
        std::shared_ptr<Delivery> delivery;
        std::optional<Message> response;  // the newest
        Undelivered why;                  // when there is none
        Timer timer_c;
    };

    static std::vector<std::uint16_t> groups(const std::vector<Target>& targets) {
        std::vector<std::uint16_t> numbers;
        numbers.reserve(targets.size());
        for (const auto& target : targets) numbers.push_back(target.group);
        return numbers;
    }

    void ended(std::uint16_t branch, const proxy::Steps& steps) {
        const auto keep = shared_from_this();
        branches_[branch].timer_c.disarm();
        perform(steps);
        tidy();
    }

    void perform(const proxy::Steps& steps) {
        const auto keep = shared_from_this();
        for (const auto& step : steps) {
            switch (step.what) {
                case Do::start_branch:
                    start_branch(step.branch);
                    break;
                case Do::cancel_branch:
                    if (branches_[step.branch].delivery)
                        branches_[step.branch].delivery->cancel(reason_, "RFC 3261 16.10");
                    break;
                case Do::forward:
                    pass_upstream(step.branch);
                    break;
                case Do::answer:
                    answer(step);
                    break;
                case Do::start_timer_c:
                    core_.arm(branches_[step.branch].timer_c, core_.node().timer_c_ms);
                    break;
                case Do::start_ring_timer:
                    core_.arm(ring_, ring_ms);
                    break;
            }
        }
    }

    void answer(const proxy::Step& step) {
        const auto& why = branches_[step.branch].why;
        const auto status = user_ ? user_->on_nothing(step.status) : step.status;
        if (step.status == why.status && !why.decision.empty())
            return refuse(*upstream_, status, why.warning, why.decision);
        upstream_->reply(status, "RFC 3261 16.7 no response to forward");
    }

    void start_branch(std::uint16_t branch) {
        Branch& of = branches_[branch];
        Target target = std::move(*of.target);
        of.target.reset();
        DeliveryOptions options;
        options.branch = branch;
        options.loop = loop_;
        options.decision = std::move(target.decision);
        options.peer = std::move(target.peer);
        of.delivery = Delivery::start(core_, std::move(target.request), shared_from_this(), std::move(options));
    }

    void pass_upstream(std::uint16_t branch) {
        Branch& of = branches_[branch];
        if (!of.response) return;
        Message& response = *of.response;
        if (response.status() == 503 && !marks_lost_directory(response)) {  // OV-SES-02
            response.set_status(500, reason_phrase(500));
            response.remove(HeaderId::retry_after);
        }
        if (user_) user_->on_response(response, branch);
        upstream_->respond(response);
        of.response.reset();
    }

    /// Once a final response went upstream only late 2xx responses matter: everything else is let go.
    void tidy() {
        if (!context_.finished()) return;
        ring_.disarm();
        for (Branch& of : branches_) {
            of.timer_c.disarm();
            of.response.reset();
            of.target.reset();
            of.delivery.reset();
        }
        if (!upstream_->invite()) user_.reset();
    }

    Core& core_;
    std::shared_ptr<ServerTransaction> upstream_;
    std::shared_ptr<ForwardUser> user_;
    std::uint64_t loop_;
    proxy::ResponseContext context_;
    std::deque<Branch> branches_;
    std::string reason_;
    Timer ring_;
};

}  // namespace

void forward(const std::shared_ptr<ServerTransaction>& transaction, std::vector<Target> targets,
             std::shared_ptr<ForwardUser> user, std::uint64_t loop) {
    // The CANCEL came while the role was still asking the directory.
    if (transaction->cancelled()) return transaction->reply(487, "DG-SES-04 cancelled before it was forwarded");
    std::make_shared<Forwarding>(transaction, std::move(targets), std::move(user), loop)->start();
}

void forward_ack(Core& core, Message ack, std::string decision) {
    const auto hop = proxy::next_hop(ack);
    if (!hop) return;
    auto shared = std::make_shared<Message>(std::move(ack));
    core.locate(*hop, [&core, shared, decision = std::move(decision)](std::optional<transport::Peer> peer) {
        if (peer) core.send_stateless(std::move(*shared), *peer, 0, decision);
    });
}

}  // namespace isthmus::runtime
