#include "common/runtime/core.hpp"

#include <algorithm>

#include "common/proxy/forward.hpp"
#include "common/sip/text.hpp"
#include "common/sip/validity.hpp"
#include "common/sip/via.hpp"

namespace isthmus::runtime {

using sip::HeaderId;
using sip::Message;
using sip::Method;
using transport::Peer;
using transport::Protocol;

namespace {

std::uint64_t reference_of(std::uint64_t number, bool cancel) {
    return number * 2 + (cancel ? 1 : 0);
}

}  // namespace

Core::Core(const Node& node, std::uint8_t index, Outside& outside)
    : node_(node),
      outside_(outside),
      index_(index),
      wheel_(outside.now_ms()),
      next_branch_(outside.random() & 0xffffffff) {}

Core::~Core() {
    // Transactions disarm their timers, so they go before the wheel; users may hold each other through the role.
    for (auto& [key, transaction] : servers_) transaction->abandon();
    for (auto& [reference, transaction] : clients_) transaction->abandon();
    clients_.clear();
    servers_.clear();
    role_.reset();
}

void Core::receive(std::string octets, const Arrival& arrival) {
    ++counters_.received;
    if (outside_.tracing())
        outside_.trace(
            {false, arrival.peer, node_.udp.empty() ? transport::Address{} : local_for(arrival.peer), octets, {}});
    auto scanned = Message::from_wire(std::move(octets));
    if (!scanned) {
        ++counters_.malformed;
        return;
    }
    Message message = std::move(*scanned);
    if (const auto finding = sip::check(message)) {
        ++counters_.malformed;
        if (finding->status != 0 && message.method() != Method::ack)
            answer_stateless(message, arrival, finding->status, reason_phrase(finding->status), finding->detail);
        return;
    }
    if (message.is_request())
        on_request(std::move(message), arrival);
    else
        on_response(std::move(message));
}

void Core::advance() {
    wheel_.advance(outside_.now_ms());
}

void Core::record_source(Message& request, const Arrival& arrival) {
    if (const auto via =
            sip::with_source(request.first(HeaderId::via), arrival.peer.address.ip(), arrival.peer.address.port))
        request.replace_first(HeaderId::via, *via);
}

void Core::on_request(Message request, const Arrival& arrival) {
    record_source(request, arrival);
    if (request.method() == Method::cancel) return on_cancel(std::move(request), arrival);
    const auto key = transaction::server_key(node_.seed, request);
    if (const auto found = servers_.find(key); found != servers_.end()) {
        const auto transaction = found->second;
        if (request.method() == Method::ack)
            transaction->ack(std::move(request), arrival);
        else
            transaction->request_again();
        return;
    }
    if (request.method() == Method::ack) return role_->on_ack(std::move(request), arrival);
    auto transaction =
        std::make_shared<ServerTransaction>(*this, key, std::move(request), arrival, role_->timing(arrival.peer));
    servers_.emplace(key, transaction);
    ++unanswered_;
    if (draining_ && transaction->request().to_tag().empty()) return role_->refuse_new_work(*transaction);
    if (transaction->invite())
        transaction->reply(100);  // IW-ORG-12: within 200 ms, so at once
    else
        transaction->say_alive_later();
    try {
        role_->on_request(transaction);
    } catch (...) {
        // The caller gets its answer and the transaction its end, whatever went wrong.
        if (!transaction->answered()) transaction->reply(500, "ISTHMUS-RT-004 an exception");
        throw;
    }
}

void Role::refuse_new_work(ServerTransaction& transaction) {
    transaction.reply(503, "stopping", [](Message& response) { response.append(HeaderId::retry_after, "5"); });
}

void Core::on_cancel(Message cancel, const Arrival& arrival) {
    // RFC 3261 9.2: answered hop by hop; the CANCEL is a transaction of its own for its retransmissions.
    const auto key = transaction::server_key(node_.seed, cancel);
    if (const auto again = servers_.find(key); again != servers_.end()) return again->second->request_again();
    const auto invite = servers_.find(transaction::cancelled_key(node_.seed, cancel));
    const auto target = invite != servers_.end() ? invite->second : nullptr;
    auto own = std::make_shared<ServerTransaction>(*this, key, std::move(cancel), arrival, role_->timing(arrival.peer));
    servers_.emplace(key, own);
    ++unanswered_;
    Message kept = own->request().copy();
    own->reply(target ? 200 : 481, target ? "DG-SES-04" : "DG-SES-04 no transaction to cancel");
    if (target) target->take_cancel(kept);
}

void Core::on_response(Message response) {
    const auto branch = proxy::decode_branch(response.branch());
    if (branch && branch->worker == index_ && branch->epoch == node_.epoch) {
        const auto found = clients_.find(reference_of(branch->number, response.method() == Method::cancel));
        if (found != clients_.end()) {
            const auto transaction = found->second;
            return transaction->response(std::move(response));
        }
    }
    ++counters_.stray_responses;  // RFC 6026 8: a proxy drops what matches nothing
}

void Core::send_failed(std::uint64_t reference) {
    const auto found = clients_.find(reference);
    if (found == clients_.end()) return;
    const auto transaction = found->second;
    transaction->transport_failed();
}

void Core::unreachable(const transport::Address& to, const proxy::Branch& branch, bool cancel) {
    if (branch.worker != index_ || branch.epoch != node_.epoch) return;
    const auto found = clients_.find(reference_of(branch.number, cancel));
    if (found == clients_.end()) return;
    const auto transaction = found->second;
    transaction->unreachable(to);
}

void Core::answer_stateless(const Message& request, const Arrival& arrival, int status, std::string_view reason,
                            std::string_view detail) {
    auto copy = Message::response(request, status, reason, random_text());
    if (copy.first(HeaderId::via).empty()) return;  // nowhere to send it
    if (const auto via =
            sip::with_source(copy.first(HeaderId::via), arrival.peer.address.ip(), arrival.peer.address.port))
        copy.replace_first(HeaderId::via, *via);
    if (!detail.empty()) copy.append(HeaderId::warning, "399 " + node_.name + " \"" + std::string(detail) + "\"");
    send_response(reply_path(copy, arrival.peer), arrival.listener, std::make_shared<std::string>(copy.print()),
                  "RFC 3261 16.3 " + std::string(detail));
}

void Core::forget(const transaction::Key& key) {
    servers_.erase(key);
}
void Core::forget(std::uint64_t reference) {
    clients_.erase(reference);
}

std::string Core::random_text() {
    static constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    std::string text;
    text.reserve(16);
    auto bits = outside_.random();
    for (int i = 0; i < 16; ++i) {
        if (i == 12) bits = outside_.random();
        text.push_back(alphabet[bits & 31]);
        bits >>= 5;
    }
    return text;
}

std::string Core::token(proxy::Position position, std::uint64_t id) const {
    return proxy::encode({position, index_, node_.epoch, id}, node_.secret);
}

const transport::Address& Core::local_for(const Peer& peer) const {
    const auto& own = peer.protocol == Protocol::tcp && !node_.tcp.empty()   ? node_.tcp
                      : peer.protocol == Protocol::tls && !node_.tls.empty() ? node_.tls
                                                                             : node_.udp;
    const auto fits =
        std::find_if(own.begin(), own.end(), [&](const auto& local) { return local.v6 == peer.address.v6; });
    return fits != own.end() ? *fits : own.front();
}

bool Core::is_own(const sip::Uri& uri) const {
    if (!uri.is_sip()) return false;
    if (uri.host == node_.name) return true;
    const auto port = uri.port != 0 ? uri.port : default_port(uri.demands_tls() ? Protocol::tls : Protocol::udp);
    const auto address = transport::Address::parse(uri.host, port);
    if (!address) return false;
    return std::find(node_.udp.begin(), node_.udp.end(), *address) != node_.udp.end() ||
           std::find(node_.tcp.begin(), node_.tcp.end(), *address) != node_.tcp.end() ||
           std::find(node_.tls.begin(), node_.tls.end(), *address) != node_.tls.end();
}

std::shared_ptr<ClientTransaction> Core::send_request(Message request, const Peer& to, std::shared_ptr<ClientUser> user,
                                                      std::uint16_t branch, std::uint64_t loop,
                                                      std::string_view decision) {
    const auto number = next_branch_++ & 0xffffffffffffULL;
    Peer peer = to;
    constexpr std::size_t via_size = 96;
    const bool by_size =
        peer.protocol == Protocol::udp && !node_.tcp.empty() && request.size_estimate() + via_size > node_.largest_udp;
    if (by_size) peer.protocol = Protocol::tcp;
    std::string via = "SIP/2.0/";
    via.append(name(peer.protocol)).append(" ").append(local_for(peer).text()).append(";branch=");
    via.append(proxy::encode(proxy::Branch{index_, node_.epoch, number, loop}));
    request.prepend(HeaderId::via, via);
    const auto reference = reference_of(number, false);
    auto transaction = std::make_shared<ClientTransaction>(*this, reference, request.method() == Method::invite, peer,
                                                           std::move(user), branch, role_->timing(peer));
    transaction->by_size_ = by_size;
    clients_.emplace(reference, transaction);
    transaction->start(std::make_shared<std::string>(request.print()), decision);
    return transaction;
}

void Core::send_stateless(Message request, const Peer& peer, std::uint64_t loop, std::string_view decision) {
    const auto number = next_branch_++ & 0xffffffffffffULL;
    std::string via = "SIP/2.0/";
    via.append(name(peer.protocol)).append(" ").append(local_for(peer).text()).append(";branch=");
    via.append(proxy::encode(proxy::Branch{index_, node_.epoch, number, loop}));
    request.prepend(HeaderId::via, via);
    send_octets(peer, std::make_shared<std::string>(request.print()), 0, decision);
}

void Core::send_octets(const Peer& peer, transport::Octets octets, std::uint64_t reference, std::string_view decision) {
    ++counters_.sent;
    if (outside_.tracing()) outside_.trace({true, peer, local_for(peer), *octets, decision});
    std::uint8_t listener = 0;
    if (peer.protocol == Protocol::udp) {
        const auto& local = local_for(peer);
        listener = static_cast<std::uint8_t>(std::find(node_.udp.begin(), node_.udp.end(), local) - node_.udp.begin());
    }
    outside_.send({peer, listener, std::move(octets), reference});
}

void Core::send_response(const ReplyPath& path, std::uint8_t listener, transport::Octets octets,
                         std::string_view decision) {
    ++counters_.sent;
    if (outside_.tracing()) outside_.trace({true, path.to, local_for(path.to), *octets, decision});
    Outgoing outgoing{path.to, listener, std::move(octets), 0, true};
    if (path.otherwise) outgoing.otherwise = *path.otherwise;
    outside_.send(std::move(outgoing));
}

}  // namespace isthmus::runtime
