#include "scscf/translated_dialog.hpp"

#include <algorithm>

#include "common/proxy/forward.hpp"
#include "scscf/interworking/peer_auth.hpp"

namespace isthmus::scscf {

using interworking::LegIdentity;
using sip::HeaderId;
using sip::Message;
using sip::Method;

namespace {

std::string without_tag(const std::string& field) {
    auto address = sip::NameAddr::parse(field);
    if (!address) return field;
    address->params = sip::without_param(address->params, "tag");
    return sip::print(*address);
}

}  // namespace

LegIdentity identity(const dialog::Leg& leg, std::uint32_t cseq) {
    LegIdentity out;
    out.call_id = leg.call_id;
    out.local_tag = leg.local_tag;
    out.remote_tag = leg.remote_tag;
    out.local_address = without_tag(leg.local);
    out.remote_address = without_tag(leg.remote);
    out.remote_target = leg.remote_target;
    out.route_set = leg.route_set;
    out.contact = leg.contact;
    out.cseq = cseq;
    return out;
}

/// Carries the responses to one relayed request back.
class TranslatedDialogs::Relay final : public runtime::ClientUser, public std::enable_shared_from_this<Relay> {
  public:
    Relay(std::shared_ptr<TranslatedDialogs> dialogs, DialogPair& pair, Side from,
          std::shared_ptr<runtime::ServerTransaction> upstream)
        : dialogs_(std::move(dialogs)),
          pair_(pair),
          from_(from),
          upstream_(std::move(upstream)),
          method_(upstream_->request().method()) {}

    void started(std::shared_ptr<runtime::Delivery> transaction) {
        onward_ = std::move(transaction);
        if (method_ != Method::invite) return;
        upstream_->on_cancel([self = shared_from_this()](const Message&) { self->cancel(); });
    }

    /// `request` as it goes out, in case it is challenged.
    void keep(Message request) { kept_.emplace(std::move(request)); }

    void on_response(std::uint16_t, Message response) override {
        const int status = response.status();
        if (status == 100) return;
        if ((status == 401 || status == 407) && answer_challenge(response)) return;
        provisional_ = status < 200;
        if (provisional_ && cancelled_) return cancel();
        const bool success = status >= 200 && status < 300;
        if (success && upstream_->answered()) {
            // RFC 3261 13.2.2.4: the 2xx of a re-INVITE came again. Its ACK was lost; or ours of it, when none came.
            if (const auto& ack = pair_.ack(other(from_))) return dialogs_->send_ack(*ack);
            if (success_) upstream_->respond(*success_, "RFC 3261 13.3.1.4 2xx repeated");
            return;
        }
        if (answered_for_the_peer(status)) return;
        response.pop_first(HeaderId::via);
        const auto to = other(from_);
        if (success && (method_ == Method::invite || method_ == Method::update)) pair_.leg(to).learn_target(response);
        if (from_ == Side::ue)
            interworking::filter_from_internet(response, dialogs_->border_);
        else
            interworking::filter_to_internet(response, dialogs_->border_, interworking::Role::b2bua);
        pass_back(response);
        // RFC 3261 12.2.1.2: the far end knows the dialog no more.
        if (status >= 200 && (method_ == Method::bye || status == 481 || (status == 408 && method_ != Method::invite)))
            dialogs_->finish(pair_);
        if (status >= 200 && !success) onward_.reset();
    }
    void on_timeout(std::uint16_t) override { give_up(408); }
    void on_transport_error(std::uint16_t) override { give_up(500); }
    void give_up(int status) {
        if (status == 408 && answered_for_the_peer(408)) return;
        if (!upstream_->answered())
            upstream_->reply(method_ == Method::bye ? 200 : status, "IW-RET-09 the other leg is silent");
        if (method_ == Method::bye || status == 408) dialogs_->finish(pair_);
    }

  private:
    /// T20: once, with the credentials of the row that led there.
    bool answer_challenge(const Message& refusal) {
        if (!kept_) return false;
        auto request = std::move(*kept_);
        kept_.reset();
        const auto& ours = *pair_.net_credentials;
        if (!interworking::answer_challenges(request, refusal, ours.username, ours.password,
                                             dialogs_->core_.random_text()))
            return false;
        const auto cseq = ++pair_.net.local_cseq;
        request.set(HeaderId::cseq, std::to_string(cseq) + " " + std::string(sip::method_name(method_)));
        if (method_ == Method::invite) pair_.net_invite = cseq;
        dialogs_->send(std::move(request), shared_from_this(),
                       "T20 with the credentials for this hop; " + dialogs_->decision_);
        return true;
    }
    /// T13, T14: the early dialog is given up, and the UE need not hear why.
    bool answered_for_the_peer(int status) {
        const bool early = from_ == Side::ue && !pair_.answered && !pair_.ended && !upstream_->answered();
        if (!early || status < 300 || (method_ != Method::prack && method_ != Method::update)) return false;
        const auto instead = dialogs_->early_refused_(pair_.net.remote_tag, method_, status);
        if (!instead) return false;
        upstream_->reply(*instead, "IW-RET-06 the next attempt follows");
        pair_.ended = true;
        onward_.reset();
        return true;
    }
    void cancel() {
        cancelled_ = true;
        if (provisional_ && onward_) onward_->cancel({}, "IW-RET-09");
    }
    void pass_back(const Message& response) {
        auto& own = pair_.leg(from_);
        interworking::ResponseIdentity shown;
        shown.to_tag = own.local_tag;
        if (method_ == Method::invite || method_ == Method::update) shown.contact = own.contact;
        if (const auto rseq = sip::RSeq::parse(response.value(HeaderId::rseq))) shown.rseq = rseq;
        auto made = interworking::translated_response(response, upstream_->request(), shown);
        upstream_->respond(made, dialogs_->decision_);
        if (method_ == Method::invite && made.status() >= 200 && made.status() < 300) success_.emplace(std::move(made));
    }

    std::shared_ptr<TranslatedDialogs> dialogs_;
    DialogPair& pair_;
    Side from_;
    std::shared_ptr<runtime::ServerTransaction> upstream_;
    std::shared_ptr<runtime::Delivery> onward_;
    Method method_;
    std::optional<Message> success_;  // as it went upstream
    std::optional<Message> kept_;
    bool provisional_ = false;
    bool cancelled_ = false;
};

DialogPair* TranslatedDialogs::find(std::string_view ue_local_tag, std::string_view net_remote_tag) {
    const auto found = std::find_if(pairs_.begin(), pairs_.end(), [&](const DialogPair& pair) {
        return pair.ue.local_tag == ue_local_tag && pair.net.remote_tag == net_remote_tag;
    });
    return found == pairs_.end() ? nullptr : &*found;
}

DialogPair& TranslatedDialogs::add(DialogPair pair) {
    return pairs_.emplace_back(std::move(pair));
}

DialogPair* TranslatedDialogs::by_request(const Message& request, Side from) {
    // The newest first: a UE tag that stood for a failed attempt stands for the next one (IW-RET-06).
    for (auto pair = pairs_.rbegin(); pair != pairs_.rend(); ++pair) {
        const auto& leg = pair->leg(from);
        if (!pair->ended && leg.local_tag == request.to_tag() && leg.remote_tag == request.from_tag() &&
            leg.call_id == request.call_id())
            return &*pair;
    }
    return nullptr;
}

void TranslatedDialogs::on_request(const std::shared_ptr<runtime::ServerTransaction>& transaction, Side from) {
    Message& request = transaction->request();
    auto* pair = by_request(request, from);
    if (pair == nullptr) return transaction->reply(481, "IW-BRG-24 no such dialog");
    auto& received_on = pair->leg(from);
    if (!received_on.accept(request)) return transaction->reply(500, "RFC 3261 12.2.2 CSeq is not higher");
    const auto to = other(from);
    auto& onward = pair->leg(to);
    const auto method = request.method();
    if (method == Method::invite || method == Method::update) received_on.learn_target(request);
    if (from == Side::net) interworking::filter_from_internet(request, border_);

    interworking::RequestChanges changes;
    if (method == Method::prack) {
        if (auto rack = sip::RAck::parse(request.value(HeaderId::rack))) {
            rack->cseq = to == Side::net ? pair->net_invite : pair->ue_invite;
            changes.rack = rack;
        }
    }
    ++onward.local_cseq;
    auto made = interworking::dialog_request(request, identity(onward, onward.local_cseq), changes);
    if (method == Method::invite) {
        (from == Side::ue ? pair->ue_invite : pair->net_invite) = request.cseq();
        (to == Side::ue ? pair->ue_invite : pair->net_invite) = onward.local_cseq;
        if (to == Side::net) pair->net_invite_tags = sip::OptionTags::of(made, HeaderId::require);
        pair->ack(to).reset();
    }
    if (to == Side::net) interworking::filter_to_internet(made, border_, interworking::Role::b2bua);
    auto relay = std::make_shared<Relay>(shared_from_this(), *pair, from, transaction);
    if (to == Side::net && pair->net_credentials) relay->keep(made.copy());
    send(std::move(made), relay,
         "IW-RET-09 " + std::string(sip::method_name(method)) + " carried to the other leg; " + decision_);
}

void TranslatedDialogs::on_ack(const Message& ack, Side from) {
    auto* pair = by_request(ack, from);
    if (pair == nullptr) return;
    const auto to = other(from);
    const auto cseq = to == Side::net ? pair->net_invite : pair->ue_invite;
    interworking::RequestChanges changes;
    if (to == Side::net) changes.invite_tags = pair->net_invite_tags;
    auto made = interworking::dialog_request(ack, identity(pair->leg(to), cseq), changes);
    made.remove(HeaderId::contact);
    if (to == Side::net) interworking::filter_to_internet(made, border_, interworking::Role::b2bua);
    pair->ack(to).emplace(made.copy());
    send(std::move(made), nullptr, "IW-RET-09 ACK carried to the other leg; " + decision_);
}

bool TranslatedDialogs::repeat_ack(std::string_view net_remote_tag) {
    for (auto& pair : pairs_) {
        if (pair.net.remote_tag != net_remote_tag || !pair.net_ack) continue;
        send_ack(*pair.net_ack);
        return true;
    }
    return false;
}

bool TranslatedDialogs::over() const {
    return std::all_of(pairs_.begin(), pairs_.end(), [](const DialogPair& one) { return one.ended || !one.answered; });
}

std::uint32_t TranslatedDialogs::newest_cseq(std::string_view net_remote_tag) const {
    std::uint32_t newest = 0;
    for (const auto& pair : pairs_)
        if (pair.net.remote_tag == net_remote_tag) newest = std::max(newest, pair.net.local_cseq);
    return newest;
}

std::uint32_t TranslatedDialogs::newest_cseq() const {
    std::uint32_t newest = 0;
    for (const auto& pair : pairs_) newest = std::max(newest, pair.net.local_cseq);
    return newest;
}

void TranslatedDialogs::send(Message request, const std::shared_ptr<Relay>& relay, std::string decision) {
    if (relay) {
        runtime::DeliveryOptions options;
        options.decision = std::move(decision);
        return relay->started(runtime::Delivery::start(core_, std::move(request), relay, std::move(options)));
    }
    const auto hop = proxy::next_hop(request);
    if (!hop) return;
    auto kept = std::make_shared<Message>(std::move(request));
    core_.locate(*hop, [&core = core_, kept, decision = std::move(decision)](std::optional<transport::Peer> peer) {
        if (peer) core.send_stateless(std::move(*kept), *peer, 0, decision);
    });
}

void TranslatedDialogs::finish(DialogPair& pair) {
    if (pair.ended) return;
    pair.ended = true;
    if (over()) ended_();
}

}  // namespace isthmus::scscf
