#include "pcscf/pipeline.hpp"

#include "common/proxy/forward.hpp"
#include "common/runtime/forwarding.hpp"
#include "common/runtime/own_uri.hpp"
#include "common/runtime/refusal.hpp"
#include "common/runtime/trust.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/text.hpp"
#include "pcscf/access_registration.hpp"
#include "pcscf/asserted_identity.hpp"
#include "pcscf/restoration.hpp"

namespace isthmus::pcscf {

using proxy::Position;
using runtime::Arrival;
using runtime::ServerTransaction;
using sip::HeaderId;
using sip::Message;
using sip::Method;
using Transaction = std::shared_ptr<ServerTransaction>;

namespace {

// PO-SES-05, beyond what an identity assertion takes off anyway.
constexpr HeaderId not_from_ue[] = {HeaderId::p_charging_vector, HeaderId::p_charging_function_addresses,
                                    HeaderId::p_served_user,     HeaderId::p_asserted_service,
                                    HeaderId::p_profile_key,     HeaderId::p_private_network_indication,
                                    HeaderId::p_user_database,   HeaderId::p_visited_network_id,
                                    HeaderId::service_route,     HeaderId::path,
                                    HeaderId::feature_caps};

bool creates_dialog(Method method) {
    return method == Method::invite || method == Method::subscribe || method == Method::refer;
}

bool wants_privacy(const Message& message) {
    return message.value(HeaderId::privacy).find("id") != std::string_view::npos;
}

/// Responses on their way to a UE (PO-SES-11).
class TowardsUe final : public runtime::ForwardUser {
  public:
    void on_response(Message& response, std::uint16_t) override {
        strip_towards_ue(response);
        if (wants_privacy(response)) response.remove(HeaderId::p_asserted_identity);
    }
};

/// Responses of a UE on their way into the core (PT-SES-04).
class FromUe final : public runtime::ForwardUser {
  public:
    FromUe(Binding binding, std::string called, std::string charging, std::string network)
        : binding_(std::move(binding)),
          called_(std::move(called)),
          charging_(std::move(charging)),
          network_(std::move(network)) {}

    void on_response(Message& response, std::uint16_t) override {
        for (const auto id : not_from_ue) response.remove(id);
        assert_identity(response, asserted_identity(response, *binding_, called_));
        if (auto vector = sip::ChargingVector::parse(charging_)) {
            vector->term_ioi = network_;
            response.append(HeaderId::p_charging_vector, vector->print());
        }
    }

  private:
    Binding binding_;
    std::string called_;
    std::string charging_;
    std::string network_;
};

class Pcscf final : public runtime::Role {
  public:
    Pcscf(runtime::Core& core, const Settings& settings, BindingTable& bindings)
        : core_(core), settings_(settings), bindings_(bindings), trust_(settings.trusted) {}

    void on_request(const Transaction& transaction) override {
        if (const auto refusal = proxy::check_request(transaction->request(), core_.node().secret, {}))
            return runtime::refuse(*transaction, *refusal);
        if (trust_.trusted(transaction->arrival().peer.address))
            from_core(transaction);
        else
            from_ue(transaction);
    }

    void on_ack(Message ack, const Arrival& arrival) override {
        const auto own = take_own(ack);
        if (!own.token || own.token->position != Position::access || ack.number(HeaderId::max_forwards) == 0U) return;
        const bool core_side = trust_.trusted(arrival.peer.address);
        proxy::count_hop(ack);
        if (core_side) {
            strip_towards_ue(ack);
        } else {
            for (const auto id : not_from_ue) ack.remove(id);
            assert_identity(ack, {});
        }
        if (core_side && !ack.has(HeaderId::route))
            if (const auto binding = bindings_.by_id(own.token->id, now()))
                return core_.send_stateless(std::move(ack), binding->flow, 0, "DG-SES-03");
        runtime::forward_ack(core_, std::move(ack), "DG-SES-03");
    }

    [[nodiscard]] transaction::Timing timing(const transport::Peer& peer) const override {
        return trust_.trusted(peer.address) ? core_.node().timing : settings_.access_timing;
    }

  private:
    // --- from the UE ---

    void from_ue(const Transaction& transaction) {
        Message& request = transaction->request();
        const auto loop = proxy::loop_hash(request, core_.node().secret);
        if (request.method() == Method::register_) return on_register(transaction, loop);
        const auto own = take_own(request);
        const auto at = now();
        const auto binding = sender(transaction->arrival().peer, request, at);
        if (!binding) return runtime::refuse(*transaction, 403, "", "PO-SES-01 not registered from this address");
        if (!request.to_tag().empty()) return in_dialog_from_ue(transaction, *binding, own, loop);
        initial_from_ue(transaction, binding, loop);
    }

    /// PR-REG-01: the UE that registered from this flow. A long request comes by TCP from a port of its own (RFC 3261
    /// 18.1.1): there the address, proved by the handshake, and an identity registered from it name the user.
    Binding sender(const transport::Peer& peer, const Message& request, Clock::time_point at) {
        auto binding = user_behind(bindings_.by_flow(peer, at), request);
        if (!binding && transport::is_stream(peer.protocol))
            binding = user_named(bindings_.by_host(peer.address, at), request);
        return binding;
    }

    void on_register(const Transaction& transaction, std::uint64_t loop) {
        Message& request = transaction->request();
        take_own(request);
        const auto at = now();
        const auto private_identity = private_identity_of(request);
        const auto first = sip::Contact::parse(request.first(HeaderId::contact));
        const auto contact = first && !first->wildcard ? first->address.uri.print() : std::string();
        const auto known = contact.empty() ? nullptr : bindings_.by_contact(private_identity, contact, at);
        auto learner = std::make_shared<Learner>(*this);
        learner->binding.id = known ? known->id : core_.outside().random();
        learner->binding.private_identity = private_identity;
        learner->binding.contact = contact;
        learner->binding.flow = transaction->arrival().peer;

        RegisterFacts facts;
        facts.path = path(learner->binding.id, transaction->arrival().peer);
        facts.visited_network = settings_.visited_network;
        facts.node_name = core_.node().name;
        facts.icid = core_.random_text();
        facts.flow_known = known && known->flow == transaction->arrival().peer;
        facts.tls = transaction->arrival().peer.protocol == transport::Protocol::tls;
        Message onward = request.copy();
        prepare_register(onward, facts);
        onward.prepend(HeaderId::route, "<" + settings_.icscf + ";lr>");  // PR-REG-12
        send(transaction, std::move(onward), std::nullopt, std::move(learner), loop,
             "PR-REG-12 to the home network's I-CSCF");
    }

    /// PR-REG-04: the way back from the core, by the transport that leads into it.
    std::string path(std::uint64_t id, const transport::Peer& like) const {
        transport::Peer towards{transport::Protocol::udp, like.address};
        if (const auto core = sip::Uri::parse(settings_.icscf)) {
            if (core->demands_tls()) towards.protocol = transport::Protocol::tls;
            if (const auto address = transport::Address::parse(core->host, 0)) towards.address = *address;
        }
        return "<" + runtime::own_uri(core_, core_.token(Position::path, id), towards) + ";lr>";
    }

    /// Remembers what the 200 to a REGISTER grants (PR-REG-24), before the UE sees it.
    struct Learner final : runtime::ForwardUser {
        explicit Learner(Pcscf& role) : role_(role) {}
        void on_response(Message& response, std::uint16_t) override {
            if (response.status() >= 200 && response.status() < 300) learn(response);
            strip_towards_ue(response);
            if (take_session_keys(response)) return;
            response.set_status(500, "Server Internal Error");  // PR-REG-20
            response.remove(HeaderId::www_authenticate);
        }
        int on_nothing(int) override { return 504; }  // PR-REG-31
        void learn(const Message& response) {
            // PR-REG-26, SR-REG-26: contacts the registrar no longer lists are gone, whatever this REGISTER named.
            role_.bindings_.keep_only(binding.private_identity, contacts_of(response));
            auto found = granted(response, binding.contact);
            if (found.expires_s == 0) return role_.bindings_.remove(binding.id);  // PR-REG-26
            binding.service_route = std::move(found.service_route);
            binding.asserted = std::move(found.asserted);
            binding.public_identities = std::move(found.public_identities);
            const auto at = role_.now();
            binding.expires = at + std::chrono::seconds(found.expires_s);
            role_.bindings_.store(binding, at);
        }
        AccessBinding binding;

      private:
        Pcscf& role_;
    };

    void initial_from_ue(const Transaction& transaction, const Binding& binding, std::uint64_t loop) {
        Message& received = transaction->request();
        if (runtime::is_secure(received) && transaction->arrival().peer.protocol != transport::Protocol::tls)
            return runtime::refuse(*transaction, 416, "Secure transport unavailable", "IW-RTE-07 sips not by TLS");
        if (too_many_preferred(received)) return runtime::refuse(*transaction, 400, "", "HX-SES-01");
        if (settings_.strict_contact && received.has(HeaderId::contact) && !is_registered_contact(received, *binding))
            return runtime::refuse(*transaction, 403, "Contact is not registered", "PO-SES-04");
        const bool silent = settings_.restoration && settings_.silent->any() &&
                            settings_.silent->is_silent(scscf_of(*binding), core_.outside().now_ms());
        send_initial(transaction, binding, loop, silent ? Way::icscf : Way::service_route);
    }

    /// Host and port of the S-CSCF in the Service-Route, whatever its tokens.
    static std::string scscf_of(const AccessBinding& binding) {
        if (binding.service_route.empty()) return {};
        const auto entry = sip::NameAddr::parse(binding.service_route.front());
        return entry ? entry->uri.host + ":" + std::to_string(entry->uri.port) : std::string();
    }

    enum class Way : std::uint8_t {
        service_route,
        icscf  ///< the S-CSCF of the Service-Route does not answer (PO-SES-15)
    };
    void send_initial(const Transaction& transaction, const Binding& binding, std::uint64_t loop, Way way) {
        Message request = transaction->request().copy();
        const auto route = enforce_route(request, binding->service_route, settings_.route_check);
        if (route == RouteVerdict::refused)
            return runtime::refuse(*transaction, 400, "Route does not match Service-Route", "PO-SES-02");
        if (way == Way::icscf) {  // IC-SES-07
            request.remove(HeaderId::route);
            request.prepend(HeaderId::route, "<" + settings_.icscf + ";lr;orig>");
        }
        assert_identity(request, asserted_identity(request, *binding, binding->asserted.front()));
        clean_from_ue(request);
        append_charging(request);
        if (creates_dialog(request.method()))
            runtime::record_route(core_, request, core_.token(Position::access, binding->id),
                                  transaction->arrival().peer);
        send(transaction, std::move(request), std::nullopt,
             std::make_shared<Initial>(*this, transaction, binding, loop, way), loop,
             way == Way::icscf                 ? "PO-SES-15 the S-CSCF does not answer, to the I-CSCF"
             : route == RouteVerdict::replaced ? "PO-SES-02 Route replaced by Service-Route"
                                               : "PO-SES-08");
    }

    /// An initial request of a UE: what becomes of it where its S-CSCF does not answer (PO-SES-15).
    class Initial final : public runtime::ForwardUser {
      public:
        Initial(Pcscf& role, Transaction transaction, Binding binding, std::uint64_t loop, Way way)
            : role_(role), transaction_(std::move(transaction)), binding_(std::move(binding)), loop_(loop), way_(way) {}

        void on_response(Message& response, std::uint16_t branch) override {
            role_.towards_ue_->on_response(response, branch);
            const auto& settings = role_.settings_;
            if (way_ == Way::service_route && settings.silent->any())
                settings.silent->answered(scscf_of(*binding_));
            else if (way_ == Way::icscf && response.status() == 504 && settings.restoration_504)
                ask_to_register(response, binding_->service_route.front());
        }

        bool takes_back(const Message* response, const runtime::Undelivered& why) override {
            if (response != nullptr || !why.tried || binding_->service_route.empty()) return false;
            const auto& settings = role_.settings_;
            if (way_ == Way::service_route) settings.silent->put(scscf_of(*binding_), role_.core_.outside().now_ms());
            if (way_ == Way::service_route && settings.restoration) {
                role_.send_initial(transaction_, binding_, loop_, Way::icscf);
                return true;
            }
            transaction_->reply(504, "PO-SES-15 no S-CSCF answers", [this](Message& answer) {
                if (role_.settings_.restoration_504) ask_to_register(answer, binding_->service_route.front());
            });
            return true;
        }

      private:
        Pcscf& role_;
        Transaction transaction_;
        Binding binding_;
        std::uint64_t loop_;
        Way way_;
    };

    void in_dialog_from_ue(const Transaction& transaction, const AccessBinding& binding, const proxy::OwnRoute& own,
                           std::uint64_t loop) {
        if (!own.token || own.token->position != Position::access || !may_use(*own.token, binding))
            return runtime::refuse(*transaction, 403, "", "PO-SES-13 no dialog of this user");
        Message request = transaction->request().copy();
        clean_from_ue(request);
        assert_identity(request, {});  // PO-SES-03: nobody asserts for himself; the dialog's is known
        append_charging(request);
        send(transaction, std::move(request), std::nullopt, towards_ue_, loop, "DG-SES-02");
    }

    /// The token names the binding the dialog was made on; a re-registered contact of the same user may use it.
    [[nodiscard]] bool may_use(const proxy::Token& token, const AccessBinding& binding) const {
        if (token.id == binding.id) return true;
        const auto made_on = bindings_.by_id(token.id, now());
        return made_on && made_on->private_identity == binding.private_identity;
    }

    static void clean_from_ue(Message& request) {
        for (const auto id : not_from_ue) request.remove(id);
        if (const auto early = request.value(HeaderId::p_early_media);
            !early.empty() && !sip::iequals(early, "supported"))
            request.remove(HeaderId::p_early_media);
        for (const auto value : request.values(HeaderId::p_access_network_info)) {
            const auto info = sip::AccessNetworkInfo::parse(value);
            if (!info || info->network_provided()) return request.remove(HeaderId::p_access_network_info);
        }
    }

    /// PO-SES-06, CH-SES-01: one icid for the dialog; it is a keyed hash of the Call-ID, so nothing need be kept.
    void append_charging(Message& request) {
        sip::ChargingVector vector;
        vector.icid = "i" + std::to_string(transaction::keyed_hash(core_.node().secret, request.call_id()));
        vector.generated_at = core_.node().name;
        vector.orig_ioi = settings_.visited_network;
        request.append(HeaderId::p_charging_vector, vector.print());
    }

    static bool is_registered_contact(const Message& request, const AccessBinding& binding) {
        const auto contact = sip::NameAddr::parse(request.first(HeaderId::contact));
        const auto registered = sip::Uri::parse(binding.contact);
        return contact && registered && contact->uri.host == registered->host && contact->uri.port == registered->port;
    }

    // --- from the core ---

    void from_core(const Transaction& transaction) {
        Message& request = transaction->request();
        if (request.method() == Method::register_)
            return runtime::refuse(*transaction, 403, "", "PR-REG-01 REGISTER from the core");
        const auto loop = proxy::loop_hash(request, core_.node().secret);
        const auto own = take_own(request);
        if (!own.token) return runtime::refuse(*transaction, 403, "", "PT-SES-01 no token of ours in the Route");
        const auto binding = bindings_.by_id(own.token->id, now());
        const bool initial = own.token->position == Position::path;
        if (initial && !binding) return runtime::refuse(*transaction, 480, "", "PT-SES-01 the binding is gone");
        if (!initial && own.token->position != Position::access)
            return runtime::refuse(*transaction, 403, "", "PT-SES-01 a token of another position");
        if (binding && runtime::is_secure(request) && binding->flow.protocol != transport::Protocol::tls)
            return runtime::refuse(*transaction, 480, "Secure transport unavailable", "IW-RTE-07 no TLS to the UE");
        Message onward = request.copy();
        const std::string called(onward.value(HeaderId::p_called_party_id));
        const std::string charging(onward.value(HeaderId::p_charging_vector));
        strip_towards_ue(onward);  // PT-SES-03
        if (wants_privacy(onward)) onward.remove(HeaderId::p_asserted_identity);
        std::optional<transport::Peer> flow;
        if (binding && !onward.has(HeaderId::route)) flow = binding->flow;
        if (initial && creates_dialog(onward.method()))
            runtime::record_route(core_, onward, core_.token(Position::access, own.token->id),
                                  transaction->arrival().peer, flow ? flow : std::nullopt);
        std::shared_ptr<runtime::ForwardUser> user;
        if (binding) {
            const auto& network = settings_.visited_network;
            user = std::make_shared<FromUe>(binding, called.empty() ? binding->asserted.front() : called, charging,
                                            network);
        }
        send(transaction, std::move(onward), flow, std::move(user), loop, initial ? "PT-SES-02" : "DG-SES-02");
    }

    // --- both ---

    [[nodiscard]] Clock::time_point now() const {
        return Clock::time_point(std::chrono::milliseconds(core_.outside().now_ms()));
    }

    proxy::OwnRoute take_own(Message& request) {
        return proxy::take_own_routes(request, core_.node().secret,
                                      [this](const sip::Uri& uri) { return core_.is_own(uri); });
    }

    static void send(const Transaction& transaction, Message request, const std::optional<transport::Peer>& peer,
                     std::shared_ptr<runtime::ForwardUser> user, std::uint64_t loop, const char* why) {
        proxy::count_hop(request);
        std::vector<runtime::Target> targets;
        targets.push_back({std::move(request), peer, 0, why});
        runtime::forward(transaction, std::move(targets), std::move(user), loop);
    }

    runtime::Core& core_;
    const Settings& settings_;
    BindingTable& bindings_;
    mutable runtime::Trust trust_;
    std::shared_ptr<TowardsUe> towards_ue_ = std::make_shared<TowardsUe>();
};

}  // namespace

std::unique_ptr<runtime::Role> make_role(runtime::Core& core, const Settings& settings, BindingTable& bindings) {
    return std::make_unique<Pcscf>(core, settings, bindings);
}

}  // namespace isthmus::pcscf
