#include "common/runtime/diagnose.hpp"

#include <future>
#include <ostream>
#include <random>

#include "common/transport/failover.hpp"

namespace isthmus::runtime {

namespace {

void answer_questions(transport::Resolver& resolver, transport::ServerLocation& location) {
    const auto questions = location.questions();
    std::vector<std::promise<transport::AnswerPtr>> promises(questions.size());
    for (std::size_t i = 0; i < questions.size(); ++i)
        resolver.ask(questions[i],
                     [&promise = promises[i]](transport::AnswerPtr answer) { promise.set_value(std::move(answer)); });
    for (std::size_t i = 0; i < questions.size(); ++i) location.answer(i, promises[i].get_future().get());
}

std::string servers_in_words(const transport::ResolverOptions& options) {
    std::string text;
    for (const auto& server : options.servers) text += (text.empty() ? "" : ", ") + server.text();
    return text.empty() ? "those of /etc/resolv.conf" : text;
}

}  // namespace

int diagnose_dns(const Node& node, const std::string& text, std::ostream& out, std::ostream& problems) {
    const auto uri = sip::Uri::parse(text);
    if (!uri || !uri->is_sip()) {
        problems << "expected a SIP URI, such as sip:isp.example or sips:dave@isp.example:5061, found \"" << text
                 << "\"\n";
        return 2;
    }
    transport::LocationFacts facts;
    facts.host = uri->host;
    facts.port = uri->port;
    facts.transport = uri->param("transport").value_or(std::string_view{});
    facts.sips = uri->scheme == sip::Uri::Scheme::sips;
    std::random_device random;
    std::vector<std::string> trail;
    transport::ServerLocation location(facts, location_policy(node, transport::Security::open), random());
    location.tell(&trail);
    out << text << ", asked of " << servers_in_words(node.dns) << "\n";
    transport::Resolver resolver(node.dns);
    location.start();
    while (!location.done()) answer_questions(resolver, location);
    for (const auto& step : trail) out << "  " << step << "\n";
    const auto& found = location.result();
    if (found.targets.empty()) {
        out << "a call there is answered with " << transport::verdict(found.failure).status << "\n";
        return 1;
    }
    out << "a call goes to " << found.targets.front().text();
    if (found.targets.size() > 1) out << ", then in this order to the others";
    out << "\n";
    return 0;
}

}  // namespace isthmus::runtime
