#include "scscf/internet_service.hpp"

#include <utility>

#include "common/runtime/refusal.hpp"
#include "scscf/interworking/translate.hpp"
#include "scscf/metrics.hpp"
#include "scscf/onward.hpp"

namespace isthmus::scscf {

using sip::HeaderId;
using sip::Message;
using sip::Method;
using Transaction = std::shared_ptr<runtime::ServerTransaction>;

namespace {

interworking::UeClass ue_class(ims::UeClass provisioned) {
    switch (provisioned) {
        case ims::UeClass::rel5:
            return interworking::UeClass::rel5;
        case ims::UeClass::rel6:
            return interworking::UeClass::rel6;
        case ims::UeClass::plain:
            break;
    }
    return interworking::UeClass::plain;
}

interworking::KnownOfUe known_of(const Registration& served) {
    interworking::KnownOfUe known;
    for (const auto& binding : served.bindings) {
        if (binding.contact_params.find("+g.") != std::string::npos) known.contact_had_feature_tags = true;
        for (const auto& identity : served.profile.private_identities)
            if (identity.name == binding.private_identity && identity.ue_class)
                known.provisioned = ue_class(*identity.ue_class);
    }
    return known;
}

/// Responses across the border of the trust domain (TD-SES-01).
class AcrossBorder final : public runtime::ForwardUser {
  public:
    AcrossBorder(interworking::BorderPolicy border, bool towards_internet)
        : border_(std::move(border)), towards_internet_(towards_internet) {}
    void on_response(Message& response, std::uint16_t) override {
        if (towards_internet_)
            interworking::filter_to_internet(response, border_, interworking::Role::proxy);
        else
            interworking::filter_from_internet(response, border_);
    }

  private:
    interworking::BorderPolicy border_;
    bool towards_internet_;
};

}  // namespace

InternetService::InternetService(runtime::Core& core, Shared& shared) : core_(core), shared_(shared) {
    border_.own_realms = shared.settings.home_domains;
}

void InternetService::send(const Transaction& transaction, Message request, const Registration& served,
                           const std::string& host, std::uint64_t loop) {
    const auto snapshot = shared_.policy->current();
    if (!snapshot) return runtime::refuse(*transaction, 504, "No policy yet", "IW-POL-08");
    auto decision = policy::decide(*snapshot, {.host = host});
    if (decision.refusal) {
        count("denied", std::string(decision.rule_id));
        return runtime::refuse(*transaction, decision.refusal->status, decision.refusal->warning_text,
                               std::string(decision.rule_id) + " " + decision.explanation);
    }
    auto border = border_;
    border.keep_asserted_identity = decision.parameters.asserted_identity == policy::AssertedIdentity::keep;
    if (request.method() != Method::invite) return send_other(transaction, std::move(request), decision, border, loop);
    if (transaction->cancelled()) return transaction->reply(487, "DG-SES-04 cancelled before it was forwarded");
    if (const auto over =
            shared_.call_rates.take(decision, std::to_string(served.profile.set_id), core_.outside().now_ms()))
        return too_many(*transaction, decision, *over);
    const auto id = core_.outside().random() >> 1;
    auto detection = interworking::detect_ue(request, known_of(served));
    auto call = std::make_shared<InternetCall>(
        transaction,
        InternetCallFacts{std::move(request), std::move(decision), std::move(detection), std::move(border), loop, id,
                          [this](const sip::Uri& contact) { return decide_contact(contact); }},
        CallEvents{[this](std::uint64_t gone) { forget(gone); },
                   [this](const CallOutcome& outcome) {
                       count(std::string(outcome.mode), std::to_string(outcome.status / 100) + "xx");
                   },
                   [this](std::string_view level, int status) { count_attempt(level, status); }});
    calls_.emplace(id, call);
    call->start();
}

/// IW-RES-07. Never 503: the neighbour would put this node in quarantine for it (OV-SES-03).
void InternetService::too_many(runtime::ServerTransaction& transaction, const policy::Decision& decision,
                               const CallRates::Refusal& over) {
    count("limited", std::string(over.whose));
    transaction.reply(480,
                      "IW-RES-07 calls per second of this " + std::string(over.whose) + "; " + decision.explanation,
                      [&](Message& response) {
                          response.append(HeaderId::retry_after, std::to_string(over.retry_after_s));
                          interworking::add_verdict(response, "Too many calls of this " + std::string(over.whose),
                                                    core_.node().name, std::nullopt);
                      });
}

/// A contact of a 3xx from outside passes the same domain rules; whoever is not outside is no target (IW-RTE-11).
std::optional<policy::Decision> InternetService::decide_contact(const sip::Uri& contact) const {
    const auto place = destination_of(core_, shared_.settings, contact);
    const auto snapshot = shared_.policy->current();
    if (place.place != session::Place::outside || !snapshot) return std::nullopt;
    return policy::decide(*snapshot, {.host = place.host});
}

/// IW-POL-03: modes act on initial INVITEs only; anything else is filtered and goes on.
void InternetService::send_other(const Transaction& transaction, Message request, const policy::Decision& decision,
                                 const interworking::BorderPolicy& border, std::uint64_t loop) {
    if (const auto refusal = interworking::apply_privacy(request, interworking::Role::proxy))
        return runtime::refuse(*transaction, refusal->status, refusal->warning_399, refusal->rule);
    interworking::filter_to_internet(request, border, interworking::Role::proxy);
    if (decision.parameters.next_hop) request.prepend(HeaderId::route, "<" + *decision.parameters.next_hop + ";lr>");
    if (creates_dialog(request.method()))
        record_route(request, proxy::Position::originating, outside_dialog, *transaction);
    forward_one(transaction, std::move(request), std::make_shared<AcrossBorder>(border, false), loop,
                std::string(decision.rule_id) + " " + decision.explanation);
}

void InternetService::cross_border(Message& message, bool outwards) const {
    if (outwards)
        interworking::filter_to_internet(message, border_, interworking::Role::proxy);
    else
        interworking::filter_from_internet(message, border_);
}

std::shared_ptr<InternetCall> InternetService::call_of(const proxy::Token& token) const {
    const auto found = calls_.find(scscf::call_of(token.id));
    return found == calls_.end() ? nullptr : found->second;
}
void InternetService::forget(std::uint64_t id) {
    // Later: the call is on the stack that says so.
    core_.outside().post(core_.index(), [this, id] { calls_.erase(id); });
}

std::shared_ptr<runtime::ForwardUser> InternetService::border_for_responses(bool towards_internet) const {
    return std::make_shared<AcrossBorder>(border_, towards_internet);
}

void InternetService::count_attempt(std::string_view level, int status) {
    shared_.metrics
        ->counter(measures::internet_attempts, {{"level", std::string(level)}, {"status", std::to_string(status)}})
        .add(core_.index());
}

void InternetService::count(const std::string& mode, const std::string& outcome) {
    shared_.metrics->counter(measures::internet_calls, {{"mode", mode}, {"outcome", outcome}}).add(core_.index());
}

}  // namespace isthmus::scscf
