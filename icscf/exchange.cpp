#include "icscf/exchange.hpp"

#include "common/proxy/forward.hpp"
#include "common/runtime/hand_back.hpp"
#include "common/runtime/refusal.hpp"
#include "common/sip/headers.hpp"

namespace isthmus::icscf {

using sip::HeaderId;
using sip::Message;
using subscriber::LocationQuery;
using subscriber::Request;
using subscriber::Result;
using subscriber::ServerAnswer;
using subscriber::UserAuthorization;

void add_charging(runtime::Core& core, Message& request) {
    if (request.has(HeaderId::p_charging_vector)) return;
    sip::ChargingVector vector;
    vector.icid = core.random_text();
    vector.generated_at = core.node().name;
    request.append(HeaderId::p_charging_vector, vector.print());
}

void Exchange::start(runtime::Core& core, Shared& shared, const Transaction& transaction, Query query,
                     std::uint64_t loop) {
    const auto exchange = std::make_shared<Exchange>(core, shared, transaction, std::move(query), loop);
    exchange->ask_directory(&Exchange::first_answer);
}

Exchange::Exchange(runtime::Core& core, Shared& shared, Transaction transaction, Query query, std::uint64_t loop)
    : core_(core),
      shared_(shared),
      transaction_(std::move(transaction)),
      query_(std::move(query)),
      loop_(loop),
      search_(shared.restoration || (is_register() && starts_over(transaction_->request()))) {}

const std::string& Exchange::identity() const {
    return std::visit([](const auto& query) -> const std::string& { return query.public_identity; }, query_);
}

/// The directory answers on a thread of its own; the answer is handled on this worker.
void Exchange::ask_directory(Heard heard) {
    auto here = runtime::hand_back<ServerAnswer>(
        core_.outside(), core_.index(),
        [self = shared_from_this(), heard](const ServerAnswer& answer) { (self.get()->*heard)(answer); });
    if (const auto* query = std::get_if<UserAuthorization>(&query_))
        shared_.directory->authorise(*query, std::move(here));
    else
        shared_.directory->locate(std::get<LocationQuery>(query_), std::move(here));
}

bool Exchange::refused(const ServerAnswer& answer) {
    result_ = subscriber::name(answer.result).data();
    const auto effect = subscriber::sip_effect(answer.result, is_register() ? Request::authorise : Request::locate,
                                               is_register(), !answer.server_name.empty());
    if (effect.kind == subscriber::SipEffect::Kind::proceed) return false;
    runtime::refuse(*transaction_, effect, answer.result);
    return true;
}

void Exchange::first_answer(const ServerAnswer& answer) {
    const auto kept = is_register() ? answer : remembered(answer);
    if (refused(kept)) return;
    perform(choosing([&](const Choice& choice) { return search_.begin(kept, choice); }));
}

/// IC-SES-10: without the directory nobody is moved.
void Exchange::second_answer(const ServerAnswer& answer) {
    if (refused(answer)) return;
    perform(choosing([&](const Choice& choice) { return search_.again(answer, choice); }));
}

/// The answer, kept for worse times; or what was kept, when there is no answer (IC-SES-10).
ServerAnswer Exchange::remembered(ServerAnswer answer) {
    const auto now = core_.outside().now_ms();
    if (answer.result == Result::unreachable) {
        if (auto server = shared_.locations.find(identity(), now)) {
            answer.result = Result::success;
            answer.server_name = std::move(*server);
        }
    } else if (!answer.server_name.empty()) {
        shared_.locations.put(identity(), answer.server_name, now, LocationCache::longest_life_ms);
    } else {
        shared_.locations.remove(identity());
    }
    return answer;
}

template <class Use>
NextStep Exchange::choosing(Use use) {
    const auto servers = shared_.network.servers();
    const auto now = core_.outside().now_ms();
    const auto silent = [&](const std::string& name) { return shared_.silent.is_silent(name, now); };
    return use(Choice{*servers, silent, core_.outside().random()});
}

void Exchange::perform(const NextStep& step) {
    if (const auto* next = std::get_if<AskServer>(&step)) return ask(next->server);
    if (const auto* again = std::get_if<AskDirectory>(&step)) {
        if (auto* query = std::get_if<UserAuthorization>(&query_)) {
            query->type = subscriber::AuthorizationType::registration_and_capabilities;
            query->failed_server = again->failed;
        } else {
            auto& location = std::get<LocationQuery>(query_);
            location.with_capabilities = true;
            location.failed_server = again->failed;
        }
        return ask_directory(&Exchange::second_answer);
    }
    const auto& given_up = std::get<GiveUp>(step);
    runtime::refuse(*transaction_, given_up.status, given_up.warning, given_up.rule);
}

void Exchange::ask(const std::string& server) {
    const auto uri = sip::Uri::parse(server);
    if (uri && core_.is_own(*uri))
        return runtime::refuse(*transaction_, 482, "", "IR-REG-09 the S-CSCF name is this node");
    server_ = server;
    runtime::Target target{request_for(server), std::nullopt, 0, {}, shared_.scscf_timeout_ms};
    target.decision = is_register() ? "IR-REG-03 " : "IC-SES-03 ";
    target.decision.append(result_).append(", S-CSCF ").append(server);
    std::vector<runtime::Target> targets;
    targets.push_back(std::move(target));
    runtime::forward(transaction_, std::move(targets), shared_from_this(), loop_);
}

Message Exchange::request_for(const std::string& server) const {
    Message request = transaction_->request().copy();
    if (is_register()) {
        request.set_request_uri(server);  // IR-REG-05
    } else {
        const bool originating = std::get<LocationQuery>(query_).originating;
        request.prepend(HeaderId::route, "<" + server + (originating ? ";lr;orig>" : ";lr>"));
        add_charging(core_, request);
    }
    proxy::count_hop(request);
    return request;
}

bool Exchange::takes_back(const Message* response, const runtime::Undelivered& why) {
    if (response != nullptr ? !declines(*response) : !why.tried) return false;
    if (response == nullptr) shared_.silent.put(server_, core_.outside().now_ms());
    perform(choosing([&](const Choice& choice) { return search_.failed(choice); }));
    return true;
}

void Exchange::on_response(Message& response, std::uint16_t) {
    shared_.silent.answered(server_);
    if (is_register() && response.status() >= 200 && response.status() < 300) note_registered(response);
}

/// Who serves the identities of the set now (IC-SES-10).
void Exchange::note_registered(const Message& response) {
    const bool ended = !response.has(HeaderId::contact);
    const auto now = core_.outside().now_ms();
    for (const auto id : {HeaderId::to, HeaderId::p_associated_uri})
        for (const auto value : response.values(id)) {
            const auto address = sip::NameAddr::parse(value);
            if (!address) continue;
            const auto one = address->uri.canonical_identity();
            if (ended)
                shared_.locations.remove(one);
            else
                shared_.locations.put(one, server_, now, LocationCache::longest_life_ms);
        }
}

}  // namespace isthmus::icscf
