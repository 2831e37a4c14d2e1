#include "tests/flow/net.hpp"

#include <gtest/gtest.h>

#include "common/runtime/dispatch.hpp"

namespace isthmus::flow {

using transport::Address;
using transport::Peer;
using transport::Protocol;

namespace {

std::string first_word(const std::string& octets) {
    if (octets.rfind("SIP/2.0 ", 0) == 0) return octets.substr(8, octets.find("\r\n") - 8);
    return octets.substr(0, octets.find(' '));
}

std::string crlf(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
        out += text[i];
    }
    return out;
}

}  // namespace

Host::Host(Net& net, std::string name, const std::string& address)
    : net_(net), name_(std::move(name)), address_(Address::parse_with_port(address, 5060).value()) {
    net_.add(*this);
}

void Net::send(Host& from, const Peer& to, const std::string& octets) {
    const auto found = hosts_.find(to.address.text());
    const std::string target = found == hosts_.end() ? to.address.text() : found->second->name();
    const auto what = first_word(octets);
    if (what.rfind("100", 0) != 0) ladder_.push_back(from.name() + " -> " + target + " " + what);
    if (to.protocol == Protocol::udp && closed_[to.address.text()])
        return later([&from, address = to.address, octets] { from.undeliverable(address, octets.substr(0, 548)); });
    if (found == hosts_.end() || silent_[to.address.text()]) return;
    later(
        [host = found->second, source = Peer{to.protocol, from.address()}, octets] { host->deliver(source, octets); });
}

void Net::settle() {
    constexpr int bound = 100'000;  // a loop between nodes must not hang the test
    for (int i = 0; i < bound && !tasks_.empty(); ++i) {
        auto task = std::move(tasks_.front());
        tasks_.pop_front();
        task();
    }
    ASSERT_TRUE(tasks_.empty()) << "messages go round for ever";
}

void Net::advance(std::uint64_t ms) {
    const auto until = now_ + ms;
    while (now_ < until) {
        now_ += std::min<std::uint64_t>(10, until - now_);
        answer_silent_questions();
        for (const auto& tick : ticks_) tick();
        settle();
    }
}

void Net::ask(const transport::Question& question, std::function<void(transport::AnswerPtr)> done) {
    const auto text = std::string(name(question.type)) + " " + std::string(question.name.data(), question.name.size());
    dns_queries.push_back(text);
    if (name_server_silent) {
        const auto due = now_ + 1'900;
        return silent_questions_.push_back({due, question, std::move(done)});
    }
    const auto row = zone_.find(text);
    auto answer = row != zone_.end() ? row->second : transport::DnsAnswer{};
    if (row == zone_.end()) {
        const std::string host(question.name.data(), question.name.size());
        answer.outcome = zone_names_.count(host) != 0 ? transport::DnsAnswer::Outcome::no_data
                                                      : transport::DnsAnswer::Outcome::no_name;
        answer.ttl_s = 60;
    }
    later([this, question, done = std::move(done), made = std::make_shared<const transport::DnsAnswer>(answer)] {
        names.store(question, made, now_);
        done(made);
    });
}

transport::DnsAnswer& Net::record(transport::RecordType type, const std::string& host) {
    zone_names_.insert(host);
    auto& answer = zone_[std::string(name(type)) + " " + host];
    answer.outcome = transport::DnsAnswer::Outcome::found;
    answer.ttl_s = 60;
    return answer;
}

void Net::srv(const std::string& service, std::uint16_t priority, const std::string& host, std::uint16_t port) {
    record(transport::RecordType::srv, service).srv.push_back({priority, 1, port, host});
}

void Net::a(const std::string& host, const std::string& address) {
    record(transport::RecordType::a, host).addresses.push_back(Address::parse(address, 0).value());
}

void Net::aaaa(const std::string& host, const std::string& address) {
    record(transport::RecordType::aaaa, host).addresses.push_back(Address::parse(address, 0).value());
}

void Net::answer_silent_questions() {
    while (!silent_questions_.empty() && silent_questions_.front().due <= now_) {
        auto waiting = std::move(silent_questions_.front());
        silent_questions_.pop_front();
        transport::DnsAnswer silence;
        silence.outcome = transport::DnsAnswer::Outcome::timed_out;
        auto made = std::make_shared<const transport::DnsAnswer>(silence);
        names.store(waiting.question, made, now_);
        waiting.done(made);
    }
}

std::string Net::ladder() {
    std::string text = "\n";
    for (const auto& line : ladder_) text += line + "\n";
    ladder_.clear();
    return text;
}

class NodeHost::Outside final : public runtime::Outside {
  public:
    Outside(NodeHost& host, Net& net) : host_(host), net_(net) {}
    void send(runtime::Outgoing outgoing) override {
        if (outgoing.to.protocol == Protocol::tls) net_.by_tls.push_back(outgoing.to.text() + " " + outgoing.to.domain);
        // As a connection that does not come about: told later, never inside the call.
        if (net_.refuses_tls(outgoing.to) && outgoing.reference != 0)
            return net_.later([this, reference = outgoing.reference] { host_.send_failed(*this, reference); });
        net_.send(host_, outgoing.to, *outgoing.octets);
    }
    void post(std::size_t worker, std::function<void()> task) override {
        (void)worker;  // one thread plays them all; each task touches its own core only
        net_.later(std::move(task));
    }
    transport::AnswerPtr known(const transport::Question& question) override {
        return net_.names.find(question.type, {question.name.data(), question.name.size()}, net_.now());
    }
    void ask(const transport::Question& question, std::function<void(transport::AnswerPtr)> done) override {
        net_.ask(question, std::move(done));
    }
    transport::Quarantine& quarantine() override { return host_.quarantine(); }
    [[nodiscard]] std::uint64_t now_ms() const override { return net_.now(); }
    [[nodiscard]] std::chrono::system_clock::time_point time_of_day() const override {
        return std::chrono::system_clock::time_point(std::chrono::milliseconds(net_.now()));
    }
    std::uint64_t random() override { return net_.random(); }
    [[nodiscard]] bool tracing() const override { return true; }
    void trace(const runtime::Traced& traced) override {
        if (traced.sent && !traced.decision.empty()) net_.decisions.emplace_back(traced.decision);
    }

  private:
    NodeHost& host_;
    Net& net_;
};

NodeHost::NodeHost(Net& net, std::string name, const std::string& address, std::size_t workers)
    : Host(net, std::move(name), address) {
    node_.name = name_ + ".home1.net";
    node_.epoch = static_cast<std::uint16_t>(net.random() >> 32);
    node_.secret = {net.random(), 7};
    node_.seed = {net.random(), 8};
    node_.udp = {address_};
    node_.tls = {address_};
    node_.tls.front().port = transport::default_port(Protocol::tls);
    net_.add(*this, node_.tls.front());
    node_.workers = workers;
    node_.largest_udp = 65'000;
}

NodeHost::~NodeHost() = default;

void NodeHost::start(const std::function<std::unique_ptr<runtime::Role>(runtime::Core&)>& make_role) {
    for (std::size_t i = 0; i < node_.workers; ++i) {
        outsides_.push_back(std::make_unique<Outside>(*this, net_));
        cores_.push_back(std::make_unique<runtime::Core>(node_, static_cast<std::uint8_t>(i), *outsides_.back()));
    }
    for (auto& core : cores_) core->set_role(make_role(*core));
    net_.at_tick([this] {
        for (auto& core : cores_) core->advance();
    });
}

void NodeHost::send_failed(const Outside& outside, std::uint64_t reference) {
    for (std::size_t i = 0; i < outsides_.size(); ++i)
        if (outsides_[i].get() == &outside) cores_[i]->send_failed(reference);
}

void NodeHost::deliver(const Peer& from, const std::string& octets) {
    cores_[runtime::worker_of(octets, node_)]->receive(octets, {from, 0});
}

void NodeHost::undeliverable(const Address& to, const std::string& octets) {
    if (const auto returned = runtime::returned_request(octets, node_))
        cores_[returned->branch.worker]->unreachable(to, returned->branch, returned->cancel);
}

void Phone::deliver(const Peer& from, const std::string& octets) {
    if (octets.rfind("SIP/2.0 100", 0) == 0) return;
    inbox_.push_back({from, octets});
}

std::string Phone::send(const Host& to, std::string text) {
    const std::string branch = "z9hG4bK" + name_ + std::to_string(++branches_);
    if (const auto place = text.find("{via}"); place != std::string::npos)
        text.replace(place, 5,
                     "SIP/2.0/" + std::string(transport::name(protocol)) + " " + address_.text() + ";branch=" + branch);
    text = crlf(text);
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == std::string::npos) {
        text += "Content-Length: 0\r\n\r\n";
    } else if (text.find("Content-Length") == std::string::npos) {
        const auto body = text.size() - head_end - 4;
        text.insert(head_end + 2, "Content-Length: " + std::to_string(body) + "\r\n");
    }
    net_.send(*this, {protocol, to.address()}, text);
    net_.settle();
    return branch;
}

void Phone::send(const Host& to, const sip::Message& message) {
    net_.send(*this, {protocol, to.address()}, message.print());
    net_.settle();
}

void Phone::answer(const sip::Message& request, int status, const std::string& reason, const std::string& tag,
                   const std::string& more, const std::string& sdp) {
    auto response = sip::Message::response(request, status, reason, tag);
    for (const auto route : request.values(sip::HeaderId::record_route))
        response.append(sip::HeaderId::record_route, route);
    std::size_t at = 0;
    while (at < more.size()) {
        const auto end = std::min(more.find('\n', at), more.size());
        const auto line = more.substr(at, end - at);
        const auto colon = line.find(':');
        if (colon != std::string::npos) response.append(line.substr(0, colon), line.substr(colon + 2));
        at = end + 1;
    }
    if (!sdp.empty()) response.set_body("application/sdp", crlf(sdp));
    net_.send(*this, sources_.at(std::string(request.branch())), response.print());
    net_.settle();
}

sip::Message Phone::expect(const std::string& start) {
    for (auto received = inbox_.begin(); received != inbox_.end(); ++received) {
        if (received->octets.rfind(start, 0) != 0) continue;
        auto message = sip::Message::from_wire(received->octets).value();
        sources_[std::string(message.branch())] = received->from;
        inbox_.erase(received);
        return message;
    }
    std::string there;
    for (const auto& received : inbox_) there += "\n  " + received.octets.substr(0, received.octets.find("\r\n"));
    ADD_FAILURE() << name_ << " did not get " << start << "; it got:" << there;
    throw std::runtime_error(name_ + " did not get " + start);
}

bool Phone::has(const std::string& start) const {
    for (const auto& received : inbox_)
        if (received.octets.rfind(start, 0) == 0) return true;
    return false;
}

}  // namespace isthmus::flow
