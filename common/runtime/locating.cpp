// The part of a core that finds targets: it feeds the search of RFC 3263 from the cache and from the name servers.
#include <algorithm>

#include "common/runtime/core.hpp"

namespace isthmus::runtime {

using transport::AnswerPtr;
using transport::Located;
using transport::ServerLocation;

namespace {

bool any_of_family(const Node& node, bool v6) {
    const auto fits = [v6](const transport::Address& local) { return local.v6 == v6; };
    return std::any_of(node.udp.begin(), node.udp.end(), fits) || std::any_of(node.tcp.begin(), node.tcp.end(), fits) ||
           std::any_of(node.tls.begin(), node.tls.end(), fits);
}

/// A search that waits for name servers.
struct Search : std::enable_shared_from_this<Search> {
    Search(Core& core_in, ServerLocation location_in, std::function<void(Located&)> done_in)
        : core(core_in), location(std::move(location_in)), done(std::move(done_in)) {}

    void ask() {
        const auto keep = shared_from_this();
        const auto count = location.questions().size();
        for (std::size_t i = 0; i < count; ++i)
            if (!location.answered(i))
                core.outside().ask(location.questions()[i], [self = shared_from_this(), i](AnswerPtr answer) {
                    self->hear(i, std::move(answer));
                });
    }

    void hear(std::size_t question, AnswerPtr answer) {
        const auto step = location.step();
        location.answer(question, std::move(answer));
        if (location.step() == step) return;  // others are still out
        if (core.advance(location)) return done(location.result());
        ask();
    }

    Core& core;
    ServerLocation location;
    std::function<void(Located&)> done;
};

}  // namespace

ServerLocation Core::location_of(const sip::Uri& next_hop, transport::Security security) {
    transport::LocationFacts facts;
    facts.host = next_hop.host;
    facts.port = next_hop.port;
    facts.transport = next_hop.param("transport").value_or(std::string_view{});
    facts.sips = next_hop.scheme == sip::Uri::Scheme::sips;
    ServerLocation location(facts, location_policy(node_, security), outside_.random());
    location.start();
    return location;
}

transport::LocationPolicy location_policy(const Node& node, transport::Security security) {
    transport::LocationPolicy policy;
    policy.supported.udp = !node.udp.empty();
    policy.supported.tls = !node.tls.empty();
    policy.ipv4 = any_of_family(node, false);
    policy.ipv6 = any_of_family(node, true);
    policy.security = security;
    return policy;
}

bool Core::advance(ServerLocation& location) {
    while (!location.done()) {
        const auto step = location.step();
        const auto count = location.questions().size();
        for (std::size_t i = 0; i < count && location.step() == step; ++i) {
            if (location.answered(i)) continue;
            if (auto answer = outside_.known(location.questions()[i])) location.answer(i, std::move(answer));
        }
        if (location.step() == step) return false;
    }
    return true;
}

void Core::ask_for(ServerLocation location, std::function<void(Located&)> done) {
    std::make_shared<Search>(*this, std::move(location), std::move(done))->ask();
}

void Core::locate(const sip::Uri& next_hop, std::function<void(std::optional<transport::Peer>)> done) {
    auto location = location_of(next_hop);
    const auto tell = [](Located& found, const auto& hear) {
        if (found.targets.empty()) return hear(std::nullopt);
        hear(std::move(found.targets.front()));
    };
    if (advance(location)) return tell(location.result(), done);
    ask_for(std::move(location), [tell, done = std::move(done)](Located& found) { tell(found, done); });
}

}  // namespace isthmus::runtime
