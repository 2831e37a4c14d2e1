#include "common/runtime/forwarding.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "common/proxy/forward.hpp"
#include "common/runtime/delivery.hpp"
#include "common/runtime/refusal.hpp"
#include "common/sip/lexis.hpp"
#include "common/sip/option_tags.hpp"

namespace isthmus::runtime {

using proxy::Do;
using sip::HeaderId;
using sip::Message;

namespace {

constexpr std::uint64_t ring_ms = 20'000;  // ST-SES-06
constexpr std::uint8_t ring_slot = 255;
constexpr std::uint64_t patience_ms = 30'000;  // FK-SES-07: before the sender's Timer F

/// FK-SES-07: who sends these waits for the word of a user, not of a server.
bool wants_a_last_word(sip::Method method) {
    return method == sip::Method::message || method == sip::Method::subscribe;
}

/// HX-SES-09
bool asks_no_cancel(const Message& request) {
    const auto values = request.values(HeaderId::request_disposition);
    return std::any_of(values.begin(), values.end(),
                       [](std::string_view one) { return sip::iequals(one, "no-cancel"); });
}

class Forwarding final : public ClientUser, public TimerTarget, public std::enable_shared_from_this<Forwarding> {
  public:
    Forwarding(std::shared_ptr<ServerTransaction> upstream, std::vector<Target> targets,
               std::shared_ptr<ForwardUser> user, std::uint64_t loop)
        : core_(upstream->core()),
          upstream_(std::move(upstream)),
          method_(upstream_->request().method()),
          user_(std::move(user)),
          loop_(loop),
          context_(upstream_->invite() ? proxy::ResponseContext::Kind::invite : proxy::ResponseContext::Kind::other,
                   groups(targets), !asks_no_cancel(upstream_->request())),
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
        if (wants_a_last_word(upstream_->request().method())) core_.arm(ring_, patience_ms);
        perform(context_.start());
    }

    void on_response(std::uint16_t branch, Message response) override {
        Branch& of = branches_[branch];
        response.pop_first(HeaderId::via);
        const int status = response.status();
        if (status >= 200) of.timer_c.disarm();
        of.response.emplace(std::move(response));
        if (status >= 300 && status < 400 && redirect(branch)) return tidy();
        if (status > 100 && status < 200) note_early(of);
        if (status >= 300) say_early_dialogs_ended(of);
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
            perform(upstream_->invite() ? context_.ring_timer() : context_.expired());
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
        std::vector<std::string> early;   // To tags of its early dialogs
        Undelivered why;                  // when there is none
        Timer timer_c;
    };

    /// FK-SES-04: true when the 3xx was followed.
    bool redirect(std::uint16_t branch) {
        if (!user_ || context_.room() == 0) return false;
        auto targets = user_->on_redirect(*branches_[branch].response);
        if (targets.empty()) return false;
        while (targets.size() > context_.room()) targets.pop_back();
        const auto added = targets.size();
        for (auto& target : targets)
            branches_.emplace_back(*this, static_cast<std::uint8_t>(branches_.size()), std::move(target));
        const auto keep = shared_from_this();
        perform(context_.redirected(branch, added));
        return true;
    }

    void note_early(Branch& of) {
        const std::string tag(of.response->to_tag());
        if (tag.empty() || std::find(of.early.begin(), of.early.end(), tag) != of.early.end()) return;
        of.early.push_back(tag);
    }

    /// FK-SES-06, RFC 6228: the caller need not keep resources for a branch that is gone while others ring.
    void say_early_dialogs_ended(Branch& of) {
        const auto early = std::exchange(of.early, {});
        if (early.empty() || branches_.size() < 2 || upstream_->answered()) return;
        if (!sip::OptionTags::of(upstream_->request(), HeaderId::supported).contains("199")) return;
        for (const auto& tag : early)
            upstream_->respond(Message::response(upstream_->request(), 199, reason_phrase(199), tag), "FK-SES-06");
    }

    /// FK-SES-05: the caller answers all challenges at once.
    void gather_challenges(Message& response, std::uint16_t chosen) {
        for (std::size_t i = 0; i < branches_.size(); ++i) {
            const auto& other = branches_[i].response;
            if (i == chosen || !other || (other->status() != 401 && other->status() != 407)) continue;
            for (const auto field : {HeaderId::www_authenticate, HeaderId::proxy_authenticate})
                for (const auto challenge : other->values(field)) response.append(field, challenge);
        }
    }

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
        stop_if_over();
    }

    void answer(const proxy::Step& step) {
        if (step.status == proxy::no_answer) {
            if (wants_a_last_word(method_)) return upstream_->reply(480, "FK-SES-07");
            return upstream_->end_in_silence();
        }
        const auto& why = branches_[step.branch].why;
        if (taken_back(nullptr, why)) return;
        const auto status = user_ ? user_->on_nothing(step.status) : step.status;
        if (step.status == why.status && !why.decision.empty())
            return refuse(*upstream_, status, why.warning, why.decision);
        upstream_->reply(status, "RFC 3261 16.7 no response to forward");
    }

    bool taken_back(const Message* response, const Undelivered& why) {
        if (!user_ || context_.cancelled() || !user_->takes_back(response, why)) return false;
        taken_back_ = true;
        return true;
    }

    /// A branch that still goes from target to target must not reach another one.
    void stop_if_over() {
        if (!context_.stopped()) return;
        for (Branch& of : branches_)
            if (of.delivery) of.delivery->give_up();
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
        options.target_timeout_ms = target.target_timeout_ms;
        of.delivery = Delivery::start(core_, std::move(target.request), shared_from_this(), std::move(options));
    }

    void pass_upstream(std::uint16_t branch) {
        Branch& of = branches_[branch];
        if (!of.response) return;
        Message& response = *of.response;
        const bool success = response.status() >= 200 && response.status() < 300;
        if (taken_back_ && !success) return of.response.reset();  // another one is asked by now
        if (response.status() >= 300 && taken_back(&response, of.why)) return of.response.reset();
        if (response.status() == 503 && !marks_lost_directory(response)) {  // OV-SES-02
            response.set_status(500, reason_phrase(500));
            response.remove(HeaderId::retry_after);
        }
        if (response.status() == 401 || response.status() == 407) gather_challenges(response, branch);
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
    sip::Method method_;
    std::shared_ptr<ForwardUser> user_;
    std::uint64_t loop_;
    proxy::ResponseContext context_;
    std::deque<Branch> branches_;
    std::string reason_;
    bool taken_back_ = false;
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
