#include "icscf/pipeline.hpp"

#include "common/proxy/forward.hpp"
#include "common/runtime/forwarding.hpp"
#include "common/runtime/hand_back.hpp"
#include "common/runtime/refusal.hpp"
#include "common/runtime/trust.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/text.hpp"
#include "icscf/location_query.hpp"
#include "icscf/registration_query.hpp"
#include "icscf/scscf_selection.hpp"

namespace isthmus::icscf {

using runtime::Arrival;
using runtime::ServerTransaction;
using sip::HeaderId;
using sip::Message;
using sip::Method;
using subscriber::Request;
using subscriber::Result;
using subscriber::ServerAnswer;

namespace {

using Transaction = std::shared_ptr<ServerTransaction>;

/// Notes from the 200 to a REGISTER who serves the identities of the set now (IC-SES-10).
class Registered final : public runtime::ForwardUser {
  public:
    Registered(runtime::Core& core, LocationCache& locations, std::string server)
        : core_(core), locations_(locations), server_(std::move(server)) {}
    void on_response(Message& response, std::uint16_t) override {
        if (response.status() < 200 || response.status() >= 300) return;
        const bool ended = !response.has(HeaderId::contact);
        const auto now = core_.outside().now_ms();
        for (const auto id : {HeaderId::to, HeaderId::p_associated_uri})
            for (const auto value : response.values(id)) {
                const auto address = sip::NameAddr::parse(value);
                if (!address) continue;
                const auto identity = address->uri.canonical_identity();
                if (ended)
                    locations_.remove(identity);
                else
                    locations_.put(identity, server_, now, LocationCache::longest_life_ms);
            }
    }

  private:
    runtime::Core& core_;
    LocationCache& locations_;
    std::string server_;
};

class Icscf final : public runtime::Role {
  public:
    Icscf(runtime::Core& core, Shared& shared) : core_(core), shared_(shared), trust_(shared.trusted) {}

    void on_request(const Transaction& transaction) override {
        const auto& node = core_.node();
        if (const auto refusal = proxy::check_request(transaction->request(), node.secret, {}))
            return runtime::refuse(*transaction, *refusal);
        const auto loop = proxy::loop_hash(transaction->request(), node.secret);
        const bool trusted = trust_.trusted(transaction->arrival().peer.address);
        const auto own = proxy::take_own_routes(transaction->request(), node.secret,
                                                [this](const sip::Uri& uri) { return core_.is_own(uri); });
        if (transaction->request().method() == Method::register_) return on_register(transaction, trusted, loop);
        if (!trusted) return runtime::refuse(*transaction, 403, "", "IN-SES-07 no calls from outside are taken here");
        if (transaction->request().has(HeaderId::route)) return send_on(transaction, {}, loop, "IC-SES-01 route given");
        const bool originating = own.present && sip::find_param(own.uri_params, "orig").has_value();
        on_initial(transaction, originating, loop);
    }

    void on_ack(Message ack, const Arrival&) override {
        // An I-CSCF does not record-route: an ACK to a 2xx only comes here by a Route that names us.
        proxy::take_own_routes(ack, core_.node().secret, [this](const sip::Uri& uri) { return core_.is_own(uri); });
        if (!ack.has(HeaderId::route) || ack.number(HeaderId::max_forwards) == 0U) return;
        proxy::count_hop(ack);
        runtime::forward_ack(core_, std::move(ack), "DG-SES-03");
    }

    [[nodiscard]] transaction::Timing timing(const transport::Peer&) const override { return core_.node().timing; }

  private:
    void on_register(const Transaction& transaction, bool trusted, std::uint64_t loop) {
        if (!trusted) return runtime::refuse(*transaction, 403, "", "IR-REG-01 REGISTER from an untrusted source");
        auto query = registration_query(transaction->request());
        if (const auto* bad = std::get_if<BadRequest>(&query))
            return runtime::refuse(*transaction, 400, bad->detail, "IR-REG-02");
        shared_.directory->authorise(std::get<subscriber::UserAuthorization>(std::move(query)),
                                     on_worker([this, transaction, loop](const ServerAnswer& answer) {
                                         route_register(transaction, answer, loop);
                                     }));
    }

    void route_register(const Transaction& transaction, const ServerAnswer& answer, std::uint64_t loop) {
        const auto effect =
            subscriber::sip_effect(answer.result, Request::authorise, true, !answer.server_name.empty());
        if (effect.kind != subscriber::SipEffect::Kind::proceed)
            return runtime::refuse(*transaction, effect, answer.result);
        const auto server = chosen(answer);
        if (!server) return runtime::refuse(*transaction, 600, "No S-CSCF has the capabilities", "IR-REG-07");
        if (points_here(*server))
            return runtime::refuse(*transaction, 482, "", "IR-REG-09 the S-CSCF name is this node");
        Message request = transaction->request().copy();
        request.set_request_uri(*server);  // IR-REG-05
        proxy::count_hop(request);
        forward(transaction, std::move(request), std::make_shared<Registered>(core_, shared_.locations, *server), loop,
                "IR-REG-03 " + std::string(subscriber::name(answer.result)) + ", S-CSCF " + *server);
    }

    void on_initial(const Transaction& transaction, bool originating, std::uint64_t loop) {
        auto query = location_query(transaction->request(), originating);
        if (const auto* not_locatable = std::get_if<NotLocatable>(&query))
            return runtime::refuse(*transaction, not_locatable->status, "", not_locatable->rule);
        const auto identity = std::get<subscriber::LocationQuery>(query).public_identity;
        shared_.directory->locate(
            std::get<subscriber::LocationQuery>(std::move(query)),
            on_worker([this, transaction, loop, originating, identity](const ServerAnswer& answer) {
                route_initial(transaction, remembered(identity, answer), originating, loop);
            }));
    }

    /// The answer, kept for worse times; or what was kept, when there is no answer (IC-SES-10).
    ServerAnswer remembered(const std::string& identity, ServerAnswer answer) {
        const auto now = core_.outside().now_ms();
        if (answer.result == Result::unreachable) {
            if (auto server = shared_.locations.find(identity, now)) {
                answer.result = Result::success;
                answer.server_name = std::move(*server);
            }
        } else if (!answer.server_name.empty()) {
            shared_.locations.put(identity, answer.server_name, now, LocationCache::longest_life_ms);
        } else {
            shared_.locations.remove(identity);
        }
        return answer;
    }

    void route_initial(const Transaction& transaction, const ServerAnswer& answer, bool originating,
                       std::uint64_t loop) {
        const auto effect = subscriber::sip_effect(answer.result, Request::locate, false, !answer.server_name.empty());
        if (effect.kind != subscriber::SipEffect::Kind::proceed)
            return runtime::refuse(*transaction, effect, answer.result);
        const auto server = chosen(answer);
        if (!server) return runtime::refuse(*transaction, 600, "No S-CSCF has the capabilities", "IR-REG-07");
        if (points_here(*server))
            return runtime::refuse(*transaction, 482, "", "IC-SES-09 the S-CSCF name is this node");
        const std::string route = "<" + *server + ";lr" + (originating ? ";orig>" : ">");
        send_on(transaction, route, loop,
                "IC-SES-03 " + std::string(subscriber::name(answer.result)) + ", S-CSCF " + *server);
    }

    void send_on(const Transaction& transaction, const std::string& route, std::uint64_t loop, const std::string& why) {
        Message request = transaction->request().copy();
        if (!route.empty()) request.prepend(HeaderId::route, route);
        if (!request.has(HeaderId::p_charging_vector)) {  // IC-SES-06
            sip::ChargingVector vector;
            vector.icid = core_.random_text();
            vector.generated_at = core_.node().name;
            request.append(HeaderId::p_charging_vector, vector.print());
        }
        proxy::count_hop(request);
        forward(transaction, std::move(request), nullptr, loop, why);
    }

    static void forward(const Transaction& transaction, Message request, std::shared_ptr<runtime::ForwardUser> user,
                        std::uint64_t loop, const std::string& why) {
        std::vector<runtime::Target> targets;
        targets.push_back({std::move(request), std::nullopt, 0, why});
        runtime::forward(transaction, std::move(targets), std::move(user), loop);
    }

    [[nodiscard]] std::optional<std::string> chosen(const ServerAnswer& answer) {
        if (!answer.server_name.empty()) return answer.server_name;
        return select_scscf(*shared_.network.servers(), answer.capabilities, core_.outside().random());
    }

    [[nodiscard]] bool points_here(const std::string& server) const {
        const auto uri = sip::Uri::parse(server);
        return uri && core_.is_own(*uri);
    }

    /// The directory answers on a thread of its own; the answer is handled on this worker.
    template <class Handle>
    std::function<void(ServerAnswer)> on_worker(Handle handle) {
        return runtime::hand_back<ServerAnswer>(core_.outside(), core_.index(), std::move(handle));
    }

    runtime::Core& core_;
    Shared& shared_;
    runtime::Trust trust_;
};

}  // namespace

std::unique_ptr<runtime::Role> make_role(runtime::Core& core, Shared& shared) {
    return std::make_unique<Icscf>(core, shared);
}

}  // namespace isthmus::icscf
