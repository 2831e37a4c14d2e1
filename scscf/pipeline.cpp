#include "scscf/pipeline.hpp"

#include <algorithm>

#include "common/proxy/forward.hpp"
#include "common/runtime/forwarding.hpp"
#include "common/runtime/hand_back.hpp"
#include "common/runtime/own_uri.hpp"
#include "common/runtime/refusal.hpp"
#include "common/runtime/trust.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/text.hpp"
#include "scscf/internet_service.hpp"
#include "scscf/interworking/redirection.hpp"
#include "scscf/onward.hpp"
#include "scscf/register_exchange.hpp"
#include "scscf/session/served_user.hpp"
#include "scscf/session/session_case.hpp"
#include "scscf/session/target_set.hpp"
#include "scscf/user_reader.hpp"

namespace isthmus::scscf {

using proxy::Position;
using runtime::Arrival;
using session::SessionCase;
using sip::HeaderId;
using sip::Message;
using sip::Method;
using Transaction = std::shared_ptr<runtime::ServerTransaction>;

namespace {

/// FK-SES-04, ST-SES-11: contacts of a callee's 3xx that are users of ours are tried as the callee's; through the
/// I-CSCF, since another S-CSCF may serve them. Others are the caller's to follow.
class Redirections final : public runtime::ForwardUser {
  public:
    Redirections(const runtime::Core& core, const Settings& settings, runtime::ServerTransaction& transaction)
        : core_(core), settings_(settings), received_(transaction.request().copy()) {
        known_.emplace_back(received_.request_uri());
        if (creates_dialog(received_.method())) record_route(received_, Position::terminating, 0, transaction);
    }
    void on_response(Message&, std::uint16_t) override {}
    std::vector<runtime::Target> on_redirect(const Message& response) override {
        std::vector<runtime::Target> targets;
        if (!interworking::may_be_followed(response.status())) return targets;
        for (const auto& uri : interworking::redirection_targets(response)) {
            const auto text = uri.print();
            if (destination_of(core_, settings_, uri).place != session::Place::home) continue;
            if (std::find(known_.begin(), known_.end(), text) != known_.end()) continue;
            known_.push_back(text);
            auto request = received_.copy();
            request.set_request_uri(text);
            request.remove(HeaderId::route);
            request.prepend(HeaderId::route, "<" + settings_.icscf + ";lr>");
            proxy::count_hop(request);
            targets.push_back({std::move(request), std::nullopt, 0, "ST-SES-11 a 3xx named " + text});
        }
        return targets;
    }

  private:
    const runtime::Core& core_;
    const Settings& settings_;
    Message received_;
    std::vector<std::string> known_;
};

class Scscf final : public runtime::Role {
  public:
    Scscf(runtime::Core& core, Shared& shared)
        : core_(core),
          shared_(shared),
          trust_(shared.settings.trusted),
          registrar_(core, shared.settings.registrar, *shared.directory, shared.registrations),
          internet_(core, shared),
          reader_(core, shared) {}

    RegistrarService& registrar() { return registrar_; }

    void on_request(const Transaction& transaction) override {
        Message& request = transaction->request();
        if (const auto refusal = proxy::check_request(request, core_.node().secret, {"privacy"}))
            return runtime::refuse(*transaction, *refusal);
        const bool trusted = trust_.trusted(transaction->arrival().peer.address);
        if (request.method() == Method::register_) return on_register(transaction, trusted);
        const auto loop = proxy::loop_hash(request, core_.node().secret);
        const auto position = take_position(request);
        if (!trusted && position.session_case != SessionCase::translated_dialog &&
            !(position.session_case == SessionCase::in_dialog && position.token->id == outside_dialog))
            return runtime::refuse(*transaction, 403, "", "IN-SES-01 no direct requests from outside");
        switch (position.session_case) {
            case SessionCase::originating:
                return originating(transaction, generation_in(position.own_params), loop);
            case SessionCase::terminating:
                return terminating(transaction, generation_in(position.own_params), loop);
            case SessionCase::in_dialog:
                return in_dialog(transaction, *position.token, trusted, loop);
            case SessionCase::translated_dialog:
                if (const auto call = internet_.call_of(*position.token))
                    return call->on_request(transaction, side_of(position.token->id));
                return transaction->reply(481, "IW-BRG-24 the dialog is not known");
            case SessionCase::unknown_dialog:
                return transaction->reply(481, position.rule);
        }
    }

    void on_ack(Message ack, const Arrival& arrival) override {
        const auto position = take_position(ack);
        if (position.session_case == SessionCase::translated_dialog) {
            if (const auto call = internet_.call_of(*position.token)) call->on_ack(ack, side_of(position.token->id));
            return;
        }
        if (position.session_case != SessionCase::in_dialog || ack.number(HeaderId::max_forwards) == 0U) return;
        const bool trusted = trust_.trusted(arrival.peer.address);
        if (!trusted && position.token->id != outside_dialog) return;
        proxy::count_hop(ack);
        if (position.token->id == outside_dialog) internet_.cross_border(ack, trusted);
        runtime::forward_ack(core_, std::move(ack), "DG-SES-03");
    }

    /// ER-REG-18: another S-CSCF takes its users over.
    void refuse_new_work(runtime::ServerTransaction& transaction) override {
        runtime::refuse(transaction, 480, subscriber::scscf_draining, "ER-REG-18 stopping");
    }

    [[nodiscard]] transaction::Timing timing(const transport::Peer&) const override { return core_.node().timing; }

  private:
    session::Position take_position(Message& request) {
        const auto own = proxy::take_own_routes(request, core_.node().secret,
                                                [this](const sip::Uri& uri) { return core_.is_own(uri); });
        const auto contact = proxy::token_of(request.request_uri(), core_.node().secret);
        return session::position(request, own, contact);
    }

    // --- REGISTER ---

    void on_register(const Transaction& transaction, bool trusted) {
        if (!trusted) return runtime::refuse(*transaction, 403, "", "IN-SES-06 REGISTER from outside");
        auto read = read_register(transaction->request(), shared_.settings.home_domains);
        if (const auto* refusal = std::get_if<RegisterRefusal>(&read)) {
            return transaction->reply(refusal->status, refusal->rule, [&](Message& response) {
                if (!refusal->unsupported.empty()) response.append(HeaderId::unsupported, refusal->unsupported);
                if (!refusal->require.empty()) response.append(HeaderId::require, refusal->require);
            });
        }
        auto& work = std::get<RegisterWork>(read);
        const bool known_way = work.attempt.protection == registrar::Protection::yes ||
                               work.attempt.protection == registrar::Protection::associated;
        // SR-REG-03: who comes a way that is known was registered somewhere.
        if (!known_way || shared_.registrations.find(work.request.public_identity))
            return authenticate(transaction, std::move(work));
        find_elsewhere(transaction, [this, transaction, work = std::move(work)] { authenticate(transaction, work); });
    }

    /// On the worker that owns the registration.
    void authenticate(const Transaction& transaction, RegisterWork work) {
        const auto owner = registration_owner(core_, work.request.private_identity);
        auto* registrar = shared_.registrars.at(owner);
        const auto answer = [this, transaction](const RegisterAnswer& said) { answer_register(transaction, said); };
        // Posted to this worker too: behind what was taken over for the user. The answer comes back to this worker.
        core_.outside().post(owner, [registrar, work = std::move(work),
                                     answer_here = runtime::hand_back<RegisterAnswer>(core_.outside(), core_.index(),
                                                                                      answer)]() mutable {
            registrar->handle(std::move(work), std::move(answer_here));
        });
    }

    /// Reads who serves the user; goes on with `here` unless that is another S-CSCF.
    void find_elsewhere(const Transaction& transaction, const std::function<void()>& here) {
        const auto to = sip::NameAddr::parse(transaction->request().value(HeaderId::to));
        const auto uri = sip::Uri::parse(transaction->request().request_uri());
        const Want want{to->uri.canonical_identity(), false, uri ? generation_in(uri->params) : std::nullopt,
                        proxy::loop_hash(transaction->request(), core_.node().secret)};
        reader_.read(want.identity, want.sent_with, [this, transaction, want, here](const FoundUser& found) {
            if (found.kind == FoundUser::Kind::elsewhere) return reroute(transaction, found, want);
            if (found.kind == FoundUser::Kind::circle) return transaction->reply(500, "SR-REG-57 a circle");
            here();
        });
    }

    void answer_register(const Transaction& transaction, const RegisterAnswer& answer) {
        if (answer.elsewhere)
            return find_elsewhere(
                transaction, [transaction] { transaction->reply(500, "SR-REG-55 the assignment changed meanwhile"); });
        if (answer.refusal && answer.refusal->kind == subscriber::SipEffect::Kind::answer)
            return runtime::refuse(*transaction, *answer.refusal, answer.result);
        if (!answer.warning.empty())
            return runtime::refuse(*transaction, answer.status, answer.warning, answer.decision);
        const auto service_route = runtime::own_uri(core_, answer.service_route, transaction->arrival().peer);
        transaction->reply(answer.status, answer.decision, [&](Message& response) {
            write_answer(response, transaction->request(), answer, service_route, shared_.settings.home_domains.front(),
                         core_.outside().time_of_day());
        });
    }

    // --- originating ---

    void originating(const Transaction& transaction, std::optional<std::int64_t> sent_with, std::uint64_t loop) {
        const auto served = served_user(transaction->request());
        if (served.registration) return originating_for(transaction, *served.registration, served.identity, loop);
        if (served.identity.empty()) return runtime::refuse(*transaction, 403, "", "SO-SES-02 nobody is asserted");
        read_user(transaction, {served.identity, true, sent_with, loop},
                  [this, transaction, loop, identity = served.identity](const Registered& found) {
                      // SO-SES-02: who is not registered here has no originating services of ours.
                      if (!found)
                          return runtime::refuse(*transaction, 403, "",
                                                 "SO-SES-02 the served user is not registered here");
                      originating_for(transaction, *found, identity, loop);
                  });
    }

    struct Served {
        std::string identity;
        Registered registration;
    };
    Served served_user(const Message& request) {
        Served served;
        for (const auto& identity : session::served_identities(request)) {
            if (served.identity.empty()) served.identity = identity;
            if (auto registration = shared_.registrations.find(identity)) return {identity, std::move(registration)};
        }
        return served;
    }

    void originating_for(const Transaction& transaction, const Registration& served, const std::string& identity,
                         std::uint64_t loop) {
        if (!session::may_use(served.profile, identity))
            return runtime::refuse(*transaction, 403, "", "SO-SES-03 the served identity is barred");
        Message request = transaction->request().copy();
        request.remove(HeaderId::p_served_user);
        session::complete_asserted_identity(request, served.profile);
        charge(request);
        const auto uri = sip::Uri::parse(request.request_uri());
        const auto place = destination_of(core_, shared_.settings, *uri);
        switch (place.place) {
            case session::Place::home:
            case session::Place::number:
                request.prepend(HeaderId::route, "<" + shared_.settings.icscf + ";lr>");
                return send(transaction, std::move(request), Position::originating, loop,
                            "SO-SES-15 home domain, to the I-CSCF");
            case session::Place::outside:
                return internet_.send(transaction, std::move(request), served, place.host, loop);
            case session::Place::emergency:
                return runtime::refuse(*transaction, 404, "No emergency service here", "EM-SES-05");
            case session::Place::nowhere:
                if (request.method() == Method::options) return transaction->reply(200, "addressed to this node");
                return runtime::refuse(*transaction, 404, "", "SO-SES-17");
        }
    }

    /// SO-SES-12: the icid stays, the originating network is ours now.
    void charge(Message& request) const {
        auto vector = sip::ChargingVector::parse(request.value(HeaderId::p_charging_vector));
        if (!vector) return;
        vector->orig_ioi = shared_.settings.home_domains.front();
        request.set(HeaderId::p_charging_vector, vector->print());
    }

    // --- terminating ---

    void terminating(const Transaction& transaction, std::optional<std::int64_t> sent_with, std::uint64_t loop) {
        const auto uri = sip::Uri::parse(transaction->request().request_uri());
        if (uri && core_.is_own(*uri) && uri->user.empty() && transaction->request().method() == Method::options)
            return transaction->reply(200, "addressed to this node");
        const auto identity = called_identity(*uri);
        if (const auto found = shared_.registrations.find(identity))
            return terminating_for(transaction, *found, identity, loop);
        const Want want{identity, false, sent_with, loop};
        read_user(transaction, want, [this, transaction, loop, identity](const Registered& found) {
            if (!found) return runtime::refuse(*transaction, 480, "", "ST-SES-04 the callee has no contact");
            terminating_for(transaction, *found, identity, loop);
        });
    }

    static std::string called_identity(const sip::Uri& uri) {
        if (uri.is_sip() && sip::iequals(uri.param("user").value_or(""), "phone")) {
            sip::Uri tel;
            tel.scheme = sip::Uri::Scheme::tel;
            tel.user = uri.user;
            return tel.canonical_identity();
        }
        return uri.canonical_identity();
    }

    void terminating_for(const Transaction& transaction, const Registration& served, const std::string& identity,
                         std::uint64_t loop) {
        if (session::barred(served.profile, identity))
            return runtime::refuse(*transaction, 404, "", "SO-SES-03 barred");
        const Message& received = transaction->request();
        auto contacts =
            session::target_set(served.bindings, core_.outside().time_of_day(), session::Disposition::of(received));
        if (contacts.empty()) return runtime::refuse(*transaction, 480, "", "ST-SES-04 the callee has no contact");
        if (runtime::is_secure(received)) {
            std::erase_if(contacts,
                          [](const session::Contact& one) { return one.binding.contact.rfind("sips:", 0) != 0; });
            if (contacts.empty())
                return runtime::refuse(*transaction, 480, "Secure transport unavailable",
                                       "IW-RTE-07 no contact of the callee is sips");
        }
        std::vector<runtime::Target> targets;
        for (const auto& contact : contacts) {  // ST-SES-07
            Message request = received.copy();
            request.set(HeaderId::p_called_party_id, "<" + std::string(received.request_uri()) + ">");
            request.set_request_uri(contact.binding.contact);
            request.remove(HeaderId::route);
            for (const auto& path : contact.binding.path) request.append(HeaderId::route, path);
            if (creates_dialog(request.method())) record_route(request, Position::terminating, 0, *transaction);
            proxy::count_hop(request);
            targets.push_back(
                {std::move(request), std::nullopt, contact.group, "ST-SES-07 to a contact of " + identity});
        }
        runtime::forward(transaction, std::move(targets), redirections(transaction), loop);
    }

    /// ST-SES-11: null where a 3xx passes.
    [[nodiscard]] std::shared_ptr<runtime::ForwardUser> redirections(const Transaction& transaction) const {
        if (!shared_.settings.follow_redirections) return nullptr;
        return std::make_shared<Redirections>(core_, shared_.settings, *transaction);
    }

    /// SO-SES-01: a user of whom no live copy is held. `go` gets null when nobody serves him.
    struct Want {
        std::string identity;
        bool originating;
        std::optional<std::int64_t> sent_with;
        std::uint64_t loop;
    };
    void read_user(const Transaction& transaction, const Want& want, std::function<void(const Registered&)> go) {
        reader_.read(
            want.identity, want.sent_with, [this, transaction, want, go = std::move(go)](const FoundUser& found) {
                switch (found.kind) {
                    case FoundUser::Kind::served:
                    case FoundUser::Kind::nobody:
                        return go(found.registration);
                    case FoundUser::Kind::elsewhere:
                        return reroute(transaction, found, want);
                    case FoundUser::Kind::circle:
                        return transaction->reply(500, "SR-REG-57 a circle");
                    case FoundUser::Kind::unknown:
                        return runtime::refuse(*transaction, 404, "", "ST-SES-01 the identity is not known");
                    case FoundUser::Kind::unreachable:
                        return runtime::refuse(*transaction, 504, "", "ST-SES-15 the directory is unreachable");
                }
            });
    }

    void reroute(const Transaction& transaction, const FoundUser& found, const Want& want) {
        std::vector<runtime::Target> targets;
        targets.push_back({rerouted(transaction->request(), found, want.identity, want.originating), std::nullopt, 0,
                           "SR-REG-57 " + found.server + " serves " + want.identity});
        runtime::forward(transaction, std::move(targets), nullptr, want.loop);
    }

    // --- within dialogs ---

    void in_dialog(const Transaction& transaction, const proxy::Token& token, bool trusted, std::uint64_t loop) {
        Message request = transaction->request().copy();
        std::shared_ptr<runtime::ForwardUser> user;
        if (token.id == outside_dialog) {
            internet_.cross_border(request, trusted);
            user = internet_.border_for_responses(!trusted);
        }
        forward_one(transaction, std::move(request), std::move(user), loop, "DG-SES-02");
    }

    // --- common ---

    void send(const Transaction& transaction, Message request, Position position, std::uint64_t loop, const char* why) {
        if (creates_dialog(request.method())) record_route(request, position, 0, *transaction);
        forward_one(transaction, std::move(request), nullptr, loop, why);
    }

    runtime::Core& core_;
    Shared& shared_;
    runtime::Trust trust_;
    RegistrarService registrar_;
    InternetService internet_;
    UserReader reader_;
};

}  // namespace

std::size_t registration_owner(const runtime::Core& core, const std::string& private_identity) {
    return transaction::keyed_hash(core.node().seed, private_identity) % core.node().workers;
}

std::unique_ptr<runtime::Role> make_role(runtime::Core& core, Shared& shared) {
    auto role = std::make_unique<Scscf>(core, shared);
    shared.registrars.push_back(&role->registrar());
    return role;
}

}  // namespace isthmus::scscf
