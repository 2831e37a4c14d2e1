#include "icscf/pipeline.hpp"

#include "common/proxy/forward.hpp"
#include "common/runtime/forwarding.hpp"
#include "common/runtime/refusal.hpp"
#include "common/runtime/trust.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/text.hpp"
#include "icscf/exchange.hpp"
#include "icscf/location_query.hpp"
#include "icscf/registration_query.hpp"

namespace isthmus::icscf {

using runtime::Arrival;
using runtime::ServerTransaction;
using sip::HeaderId;
using sip::Message;
using sip::Method;

namespace {

using Transaction = std::shared_ptr<ServerTransaction>;

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
        if (transaction->request().has(HeaderId::route)) return send_on(transaction, loop);
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
        Exchange::start(core_, shared_, transaction, std::get<subscriber::UserAuthorization>(std::move(query)), loop);
    }

    void on_initial(const Transaction& transaction, bool originating, std::uint64_t loop) {
        auto query = location_query(transaction->request(), originating);
        if (const auto* not_locatable = std::get_if<NotLocatable>(&query))
            return runtime::refuse(*transaction, not_locatable->status, "", not_locatable->rule);
        Exchange::start(core_, shared_, transaction, std::get<subscriber::LocationQuery>(std::move(query)), loop);
    }

    /// IC-SES-01: its Route says where.
    void send_on(const Transaction& transaction, std::uint64_t loop) {
        Message request = transaction->request().copy();
        add_charging(core_, request);
        proxy::count_hop(request);
        std::vector<runtime::Target> targets;
        targets.push_back({std::move(request), std::nullopt, 0, "IC-SES-01 route given"});
        runtime::forward(transaction, std::move(targets), nullptr, loop);
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
