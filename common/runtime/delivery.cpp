#include "common/runtime/delivery.hpp"

#include <utility>

#include "common/proxy/forward.hpp"
#include "common/runtime/core.hpp"
#include "common/sip/headers.hpp"
#include "common/subscriber/result.hpp"

namespace isthmus::runtime {

using sip::HeaderId;
using sip::Message;
using transport::Quarantined;
using transport::TargetEnd;

bool marks_lost_directory(const Message& response) {
    return response.method() == sip::Method::register_ &&
           response.value(HeaderId::warning).find(subscriber::subscriber_data_unavailable) != std::string_view::npos;
}

Delivery::Delivery(Core& core, Message request, std::shared_ptr<ClientUser> user, DeliveryOptions options)
    : core_(core),
      request_(std::move(request)),
      user_(std::move(user)),
      options_(std::move(options)),
      patience_(*this, 0),
      invite_(request_->method() == sip::Method::invite),
      in_dialog_(!request_->to_tag().empty()) {}

std::shared_ptr<Delivery> Delivery::start(Core& core, Message request, std::shared_ptr<ClientUser> user,
                                          DeliveryOptions options) {
    auto delivery = std::make_shared<Delivery>(core, std::move(request), std::move(user), std::move(options));
    delivery->begin();
    return delivery;
}

void Delivery::begin() {
    if (options_.deadline_ms == 0) options_.deadline_ms = core_.outside().now_ms() + core_.node().setup_budget_ms;
    if (options_.peer) {
        known_ = true;
        peer_ = std::move(*options_.peer);
        failover_ = transport::Failover(1, options_.deadline_ms);
        return send(std::move(*request_));
    }
    auto hop = proxy::next_hop(*request_);
    if (hop && !options_.transport.empty()) hop->params = sip::with_param(hop->params, "transport", options_.transport);
    if (!hop) return report(500, {}, "RFC 3261 16.6 no next hop");
    demands_tls_ = hop->demands_tls() || options_.security == transport::Security::required;
    auto location = core_.location_of(*hop, options_.security);
    if (core_.advance(location)) return located(location.result());
    core_.ask_for(std::move(location),
                  [self = shared_from_this()](transport::Located& found) { self->located(found); });
}

void Delivery::located(transport::Located& found) {
    if (cancelled_) return report(487, {}, "DG-SES-04 cancelled before it was sent");
    if (found.targets.empty()) {
        const auto verdict = transport::verdict(found.failure);
        return report(verdict.status, words(found.failure), verdict.rule);
    }
    auto& table = core_.outside().quarantine();
    if (table.size() > 0) {
        const auto now = core_.outside().now_ms();
        std::array<Quarantined, transport::max_located> standing{};
        for (std::size_t i = 0; i < found.targets.size(); ++i) standing[i] = table.of(found.targets[i], now);
        transport::respect_quarantine(found, standing, in_dialog_ && !invite_);
        if (found.targets.empty()) return report(500, "Next hop asked to be left alone", "OV-SES-03");
    }
    failover_ = transport::Failover(found.targets.size(), options_.deadline_ms);
    peer_ = std::move(found.targets.front());
    for (std::size_t i = found.targets.size() - 1; i > 0; --i) rest_.push_back(std::move(found.targets[i]));
    send(std::move(*request_));
    // The user must not hear of a time-out of somebody who is only slow: in a dialog the last target has its
    // transaction's own time (a UE behind others may take longer to answer a BYE than target_timeout).
    if (const auto ms = patience(); ms > 0) core_.arm(patience_, ms);
}

/// How long the current target may say nothing; 0: as long as its transaction lets it.
std::uint64_t Delivery::patience() const {
    if (!invite_ && in_dialog_ && !failover_.more()) return 0;
    if (options_.target_timeout_ms != 0) return options_.target_timeout_ms;
    return invite_ ? core_.node().invite_target_ms : core_.node().other_target_ms;
}

void Delivery::send(Message request) {
    request_.reset();
    responded_ = false;
    const auto target = static_cast<std::uint16_t>(failover_.current());
    const auto decision = target == 0 ? options_.decision : "IW-RTE-08 next target: " + options_.decision;
    auto transaction =
        core_.send_request(std::move(request), peer_, shared_from_this(), target, options_.loop, decision);
    octets_ = rest_.empty() ? nullptr : transaction->sent();
    transactions_.push_back(std::move(transaction));
}

void Delivery::quarantine(const transport::QuarantineOrder& order) {
    core_.outside().quarantine().put(peer_, order.why, core_.outside().now_ms(), order.ms);
}

void Delivery::failed(TargetEnd end) {
    const auto keep = shared_from_this();
    patience_.disarm();
    if (!failover_.next_after(end, core_.outside().now_ms(), cancelled_)) {
        given_up_ = true;
        octets_.reset();
        // A 503 goes to the user as it came.
        if (end == TargetEnd::overloaded || !user_) return;
        Undelivered why;
        why.status = failover_.final_status();
        why.tried = true;
        why.decision =
            end == TargetEnd::silent ? "IW-RTE-08 no response within target_timeout" : "IW-RTE-08 transport error";
        if (end == TargetEnd::broken && demands_tls_) {  // a certificate that is refused, most likely
            const auto verdict = transport::verdict(transport::LocationFailure::not_secure);
            why.status = verdict.status;
            why.warning = words(transport::LocationFailure::not_secure);
            why.decision = verdict.rule;
        }
        return user_->on_undelivered(options_.branch, why);
    }
    core_.count_failover();
    auto again = Message::from_wire(*octets_);
    if (!again) return;  // it was ours: it can be read
    again->pop_first(HeaderId::via);
    transactions_.back()->hush();
    peer_ = std::move(rest_.back());
    rest_.pop_back();
    send(std::move(*again));
    if (const auto ms = patience(); ms > 0) core_.arm(patience_, ms);
}

void Delivery::on_timer(std::uint8_t) {
    if (!responded_ && !final_) silent();
}

void Delivery::silent() {
    const auto keep = shared_from_this();
    quarantine(transport::quarantine_after(TargetEnd::silent, std::nullopt));
    failed(TargetEnd::silent);
}

/// True when the 503 was dealt with by going to the next target (RFC 3261 21.5.4).
bool Delivery::overloaded(const Message& response) {
    const auto retry = sip::RetryAfter::parse(response.value(HeaderId::retry_after));
    quarantine(transport::quarantine_after(TargetEnd::overloaded,
                                           retry ? std::optional<std::uint32_t>(retry->seconds) : std::nullopt));
    failed(TargetEnd::overloaded);
    return !given_up_;
}

void Delivery::on_response(std::uint16_t target, Message response) {
    const auto keep = shared_from_this();
    const int status = response.status();
    if (!is_current(target)) return late(target, std::move(response));
    patience_.disarm();
    if (given_up_ && status < 200) {
        if (user_) user_->on_response(options_.branch, std::move(response));
        // Whoever gave up may have asked for it already; the second time nothing happens.
        if (invite_) transactions_.back()->cancel({}, "IW-RTE-08 a late answer");
        return;
    }
    if (!responded_ && status != 503 && !known_) core_.outside().quarantine().answered(peer_);
    responded_ = true;
    if (status == 503 && !known_ && !given_up_ && !marks_lost_directory(response) && overloaded(response)) return;
    if (status >= 200) {
        final_ = true;
        octets_.reset();
        rest_.clear();
    }
    if (user_) user_->on_response(options_.branch, std::move(response));
}

/// An abandoned target answers after all.
void Delivery::late(std::uint16_t target, Message response) {
    const int status = response.status();
    if (!invite_) return;
    if (status < 200) return transactions_[target]->cancel({}, "IW-RTE-08 a late answer");
    if (status >= 300 || !user_) return;
    if (!user_->on_late_success(options_.branch, std::move(response)) || final_) return;
    // It is the answer: whoever was asked in its place is not wanted any more.
    const bool ringing = responded_;
    patience_.disarm();
    cancelled_ = given_up_ = final_ = true;
    octets_.reset();
    rest_.clear();
    if (ringing) transactions_.back()->cancel({}, "IW-RTE-08 another target answered");
}

void Delivery::on_timeout(std::uint16_t target) {
    if (!is_current(target)) return;
    const auto keep = shared_from_this();
    if (!known_ && !given_up_ && !responded_ && !final_) return silent();
    if (user_) user_->on_timeout(options_.branch);
}

void Delivery::on_transport_error(std::uint16_t target) {
    if (!is_current(target)) return;
    const auto keep = shared_from_this();
    if (known_ || given_up_ || responded_ || final_) {
        if (user_) user_->on_transport_error(options_.branch);
        return;
    }
    quarantine(transport::quarantine_after(TargetEnd::broken, std::nullopt));
    failed(TargetEnd::broken);
}

/// Who sent it and it hold each other; once nothing can come any more they part.
void Delivery::on_ended(std::uint16_t) {
    const auto keep = shared_from_this();
    if (++ended_ < transactions_.size()) return;
    patience_.disarm();
    transactions_.clear();
    user_.reset();
}

void Delivery::cancel(std::string_view reason, std::string_view decision) {
    cancelled_ = true;
    if (!transactions_.empty()) transactions_.back()->cancel(reason, decision);
}

/// Later: the user is not told inside its own step.
void Delivery::report(int status, std::string_view warning, std::string_view decision) {
    request_.reset();
    core_.outside().post(core_.index(), [self = shared_from_this(), status, warning, decision] {
        if (const auto user = std::exchange(self->user_, nullptr))
            user->on_undelivered(self->options_.branch, {status, warning, decision, false});
    });
}

}  // namespace isthmus::runtime
