#include "common/transport/server_location.hpp"

#include <algorithm>
#include <array>

#include "common/sip/text.hpp"

namespace isthmus::transport {

using Outcome = DnsAnswer::Outcome;

namespace {

constexpr std::array by_preference = {Protocol::udp, Protocol::tcp, Protocol::tls};
constexpr std::array secure_first = {Protocol::tls, Protocol::udp, Protocol::tcp};
constexpr std::size_t looked_at = 64;  // records of one answer

std::string_view label(Protocol protocol) {
    switch (protocol) {
        case Protocol::udp:
            return "_sip._udp.";
        case Protocol::tcp:
            return "_sip._tcp.";
        case Protocol::tls:
            break;
    }
    return "_sips._tcp.";
}

std::optional<Protocol> service_of(std::string_view text) {
    if (sip::iequals(text, "SIP+D2U")) return Protocol::udp;
    if (sip::iequals(text, "SIP+D2T")) return Protocol::tcp;
    if (sip::iequals(text, "SIPS+D2T")) return Protocol::tls;
    return std::nullopt;
}

/// Not "." (RFC 2782), and a port that somebody can listen on.
bool leads_somewhere(const Srv& record) {
    return !record.target.empty() && record.port != 0;
}

std::string_view view(const DnsName& name) {
    return {name.data(), name.size()};
}

void put(std::string& text, std::string_view part) {
    text += part;
}
void put(std::string& text, std::uint16_t number) {
    text += std::to_string(number);
}

}  // namespace

std::string_view words(LocationFailure failure) {
    switch (failure) {
        case LocationFailure::none:
            return "located";
        case LocationFailure::no_such_domain:
            return "No such domain";
        case LocationFailure::no_address:
            return "Domain has no address that can be reached";
        case LocationFailure::not_offered:
            return "Domain offers no SIP service";
        case LocationFailure::not_supported:
            return "Transport not supported";
        case LocationFailure::not_secure:
            return "Secure transport unavailable";
        case LocationFailure::dns_timed_out:
            return "Name server does not answer";
        case LocationFailure::dns_failed:
            break;
    }
    return "Name server gives no usable answer";
}

/// Costs nothing unless somebody listens.
template <class... Parts>
void ServerLocation::say(const Parts&... parts) {
    if (trail_ == nullptr) return;
    std::string text;
    (put(text, parts), ...);
    trail_->push_back(std::move(text));
}

ServerLocation::ServerLocation(const LocationFacts& facts, const LocationPolicy& policy, std::uint64_t seed)
    : host_(dns_name(facts.host)), port_(facts.port), policy_(policy), random_(seed) {
    if (facts.sips) policy_.security = Security::required;
    if (facts.transport.empty()) return;
    if (sip::iequals(facts.transport, "udp"))
        transport_ = Protocol::udp;
    else if (sip::iequals(facts.transport, "tcp"))
        transport_ = required() ? Protocol::tls : Protocol::tcp;  // RFC 3261 26.2.2: sips over TCP is TLS
    else if (sip::iequals(facts.transport, "tls"))
        transport_ = Protocol::tls;
    else
        unknown_transport_ = true;
}

std::uint64_t ServerLocation::random() {  // splitmix64
    std::uint64_t z = random_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

bool ServerLocation::usable(Protocol protocol) const {
    return policy_.supported.has(protocol) && (!required() || protocol == Protocol::tls);
}

void ServerLocation::fail(LocationFailure failure) {
    say("no target: ", words(failure));
    questions_.clear();
    result_.failure = failure;
    step_ = Step::done;
}

/// IW-RTE-04: `transport=` given -> that; TLS where it is demanded; else UDP.
std::optional<Protocol> ServerLocation::given_protocol() {
    const auto protocol = transport_.value_or(required() ? Protocol::tls : Protocol::udp);
    if (usable(protocol)) return protocol;
    // No UDP listener of ours: TCP is the other transport every element must have (RFC 3261 18).
    if (!transport_ && protocol == Protocol::udp && usable(Protocol::tcp)) return Protocol::tcp;
    fail(required() ? LocationFailure::not_secure : LocationFailure::not_supported);
    return std::nullopt;
}

void ServerLocation::start() {
    if (unknown_transport_) return fail(LocationFailure::not_supported);
    if (host_.empty()) return fail(LocationFailure::no_such_domain);
    if (const auto address = Address::parse(view(host_), port_)) return literal(*address);
    if (port_ != 0) {
        const auto protocol = given_protocol();
        if (!protocol) return;
        say("port ", port_, " is given: addresses of ", view(host_), ", ", name(*protocol));
        return ask_host(*protocol, port_);
    }
    if (transport_) {
        const auto protocol = given_protocol();
        if (!protocol) return;
        say("transport ", name(*protocol), " is given: SRV records");
        ask_service(*protocol, dns_name(label(*protocol), view(host_)));
        return next_step(Step::srv);
    }
    say("neither port nor transport is given: NAPTR records of ", view(host_));
    add_question(RecordType::naptr, host_);
    next_step(Step::naptr);
}

void ServerLocation::literal(const Address& address) {
    const auto protocol = given_protocol();
    if (!protocol) return;
    say("the host is numeric: ", name(*protocol));
    auto complete = address;
    if (complete.port == 0) complete.port = default_port(*protocol);
    add_target(*protocol, complete);
    if (result_.targets.empty()) return fail(LocationFailure::no_address);
    step_ = Step::done;
}

void ServerLocation::add_target(Protocol protocol, const Address& address) {
    if (address.v6 ? !policy_.ipv6 : !policy_.ipv4) {
        if (trail_ != nullptr) say(address.text(), " is left out: we do not send by ", address.v6 ? "IPv6" : "IPv4");
        family_mismatch_ = true;
        return;
    }
    if (result_.targets.size() == result_.targets.capacity()) return;
    Peer peer{protocol, address, {}};
    if (protocol == Protocol::tls) peer.domain = view(host_);  // RFC 5922: what was looked up, not what was found
    if (std::find(result_.targets.begin(), result_.targets.end(), peer) != result_.targets.end()) return;
    if (trail_ != nullptr) say("target ", std::to_string(result_.targets.size() + 1), ": ", peer.text());
    result_.targets.push_back(std::move(peer));
}

std::uint8_t ServerLocation::add_question(RecordType type, const DnsName& name) {
    for (std::size_t i = 0; i < pending_.size(); ++i)
        if (pending_[i].type == type && pending_[i].name == name) return static_cast<std::uint8_t>(i);
    if (pending_.size() == pending_.capacity()) return none;
    pending_.push_back({type, name});
    return static_cast<std::uint8_t>(pending_.size() - 1);
}

void ServerLocation::next_step(Step step) {
    step_ = step;
    questions_ = pending_;
    pending_.clear();
    answers_.assign(questions_.size(), nullptr);
}

void ServerLocation::ask_service(Protocol protocol, const DnsName& name) {
    if (services_.size() == services_.capacity() || name.empty()) return;
    const auto question = add_question(RecordType::srv, name);
    if (question != none) services_.push_back({protocol, question});
}

void ServerLocation::ask_services() {
    for (const auto protocol : policy_.security == Security::preferred ? secure_first : by_preference)
        if (usable(protocol)) ask_service(protocol, dns_name(label(protocol), view(host_)));
    if (services_.empty()) return fail(required() ? LocationFailure::not_secure : LocationFailure::not_supported);
    next_step(Step::srv);
}

void ServerLocation::ask_host(Protocol protocol, std::uint16_t port) {
    servers_.clear();
    add_server(protocol, view(host_), port);
    next_step(Step::address);
}

void ServerLocation::add_server(Protocol protocol, std::string_view host, std::uint16_t port) {
    if (servers_.size() == servers_.capacity()) return;
    Server server{protocol, port, none, none};
    const auto asked = dns_name(host);
    if (asked.empty()) return;
    if (policy_.ipv6) server.v6_question = add_question(RecordType::aaaa, asked);
    if (policy_.ipv4) server.v4_question = add_question(RecordType::a, asked);
    servers_.push_back(server);
}

void ServerLocation::answer(std::size_t question, AnswerPtr answer) {
    if (question >= answers_.size() || answers_[question] != nullptr) return;
    if (trail_ != nullptr) {
        const auto& asked = questions_[question];
        say(name(asked.type), " ", view(asked.name), ": ", name(answer->outcome), answer->words.empty() ? "" : ", ",
            answer->words);
    }
    answers_[question] = std::move(answer);
    if (std::all_of(answers_.begin(), answers_.end(), [](const auto& one) { return one != nullptr; })) advance();
}

void ServerLocation::advance() {
    switch (step_) {
        case Step::naptr:
            return after_naptr();
        case Step::srv:
            return after_srv();
        case Step::address:
            return after_addresses();
        case Step::done:
            return;
    }
}

bool ServerLocation::any_timed_out() const {
    return std::any_of(answers_.begin(), answers_.end(),
                       [](const auto& one) { return one->outcome == Outcome::timed_out; });
}

/// RFC 3263 4.1: services that we support, by order and then preference.
void ServerLocation::after_naptr() {
    const auto answer = answers_.front();
    // Asking a dead name server on would only cost the caller more time.
    if (answer->outcome == Outcome::timed_out) return fail(LocationFailure::dns_timed_out);
    boost::container::static_vector<const Naptr*, looked_at> usable_records;
    bool any_service = false;
    for (const auto& record : answer->naptr) {
        const auto protocol = service_of(record.services);
        any_service = any_service || protocol;
        if (!protocol || !sip::iequals(record.flags, "s") || record.replacement.empty()) continue;
        if (!usable(*protocol)) {
            say("left out, we do not use it: ", record.services, " ", record.replacement);
            continue;
        }
        if (usable_records.size() < usable_records.capacity()) usable_records.push_back(&record);
    }
    if (usable_records.empty()) {
        if (any_service && required()) return fail(LocationFailure::not_secure);
        if (any_service) return fail(LocationFailure::not_supported);
        say("no NAPTR record for SIP: SRV records of the transports we use");
        return ask_services();
    }
    const bool tls_first = policy_.security == Security::preferred;
    // No std::stable_sort: it would take memory.
    std::sort(usable_records.begin(), usable_records.end(), [&](const Naptr* a, const Naptr* b) {
        const bool a_tls = tls_first && service_of(a->services) == Protocol::tls;
        const bool b_tls = tls_first && service_of(b->services) == Protocol::tls;
        if (a_tls != b_tls) return a_tls;
        if (a->order != b->order) return a->order < b->order;
        return a->preference != b->preference ? a->preference < b->preference : a < b;
    });
    for (const auto* record : usable_records) {
        say("NAPTR ", record->order, " ", record->preference, " ", record->services, " ", record->replacement);
        ask_service(*service_of(record->services), dns_name(record->replacement));
    }
    next_step(Step::srv);
}

void ServerLocation::after_srv() {
    bool refused = false;
    bool found = false;
    for (const auto& service : services_) {
        const auto& answer = *answers_[service.question];
        for (const auto& record : answer.srv) (leads_somewhere(record) ? found : refused) = true;
        take_servers(answer, service.protocol);
    }
    if (!servers_.empty()) return next_step(Step::address);
    if (found || refused) return fail(LocationFailure::not_offered);
    if (any_timed_out()) return fail(LocationFailure::dns_timed_out);
    const auto protocol = given_protocol();
    if (!protocol) return;
    say("no SRV record: addresses of ", view(host_), ", ", name(*protocol), " port ", default_port(*protocol));
    ask_host(*protocol, default_port(*protocol));
}

/// RFC 2782: the lowest priority first; within one, drawn by weight.
void ServerLocation::take_servers(const DnsAnswer& answer, Protocol protocol) {
    boost::container::static_vector<const Srv*, looked_at> left;
    for (const auto& record : answer.srv)
        if (leads_somewhere(record) && left.size() < left.capacity()) left.push_back(&record);
    while (!left.empty() && servers_.size() < servers_.capacity()) {
        std::uint16_t priority = left.front()->priority;
        for (const auto* record : left) priority = std::min(priority, record->priority);
        std::uint64_t sum = 0;
        std::uint64_t count = 0;
        for (const auto* record : left) {
            if (record->priority != priority) continue;
            sum += record->weight;
            ++count;
        }
        auto equal = sum == 0 ? random() % count : 0;  // no weights at all: each as likely as the other
        // A draw of 0 takes the first record without weight, as the RFC's small chance for these.
        auto draw = random() % (sum + 1);
        auto chosen = left.end();
        for (const bool weighted : {false, true}) {
            for (auto at = left.begin(); at != left.end() && chosen == left.end(); ++at) {
                if ((*at)->priority != priority || ((*at)->weight != 0) != weighted || (sum == 0 && equal-- > 0))
                    continue;
                if ((*at)->weight >= draw) chosen = at;
                draw -= std::min<std::uint64_t>(draw, (*at)->weight);
            }
        }
        const auto& record = **chosen;
        say("SRV ", record.priority, " ", record.weight, " ", record.target, " port ", record.port, ", ",
            name(protocol));
        add_server(protocol, record.target, record.port);
        left.erase(chosen);
    }
}

void ServerLocation::after_addresses() {
    bool all_unknown = true;
    for (const auto& answer : answers_) all_unknown = all_unknown && answer->outcome == Outcome::no_name;
    for (const auto& server : servers_)
        for (const auto question : {server.v6_question, server.v4_question}) {
            if (question == none) continue;
            const auto& found = answers_[question]->addresses;
            for (std::size_t i = 0; i < found.size() && i < max_located; ++i) {
                auto address = found[i];
                address.port = server.port;
                add_target(server.protocol, address);
            }
        }
    if (!result_.targets.empty()) {
        questions_.clear();
        step_ = Step::done;
        return;
    }
    if (any_timed_out()) return fail(LocationFailure::dns_timed_out);
    const bool own_name = questions_.front().name == host_;
    if (all_unknown && own_name) return fail(LocationFailure::no_such_domain);
    for (const auto& answer : answers_)
        if (answer->outcome == Outcome::failed) return fail(LocationFailure::dns_failed);
    fail(LocationFailure::no_address);
}

}  // namespace isthmus::transport
