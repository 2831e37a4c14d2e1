#include "common/runtime/trace_sink.hpp"

#include "common/runtime/dispatch.hpp"
#include "common/runtime/session_keys.hpp"
#include "common/sip/text.hpp"

namespace isthmus::runtime {
namespace {

/// Two or more groups of capitals or digits joined by dashes, digits last: PREFIX-AREA-nn, ER-SES-04, RFC ids not.
bool is_rule(std::string_view word) {
    const auto dash = word.find('-');
    if (dash == std::string_view::npos || dash < 2 || !sip::is_digit(word.back())) return false;
    for (char c : word)
        if (!sip::is_digit(c) && c != '-' && (c < 'A' || c > 'Z')) return false;
    return true;
}

bool is_table_row(std::string_view word) {
    return word.size() == 3 && (word[0] == 'T' || word[0] == 'E') && sip::is_digit(word[1]) && sip::is_digit(word[2]);
}

}  // namespace

std::vector<std::string> rules_in(std::string_view decision) {
    std::vector<std::string> found;
    std::string_view previous;
    std::size_t at = 0;
    while (at < decision.size()) {
        const auto end = std::min(decision.find_first_of(" ,;:()", at), decision.size());
        const auto word = decision.substr(at, end - at);
        if (!word.empty() && (is_rule(word) || is_table_row(word)))
            found.emplace_back(word);
        else if (previous == "row" && !word.empty() && sip::is_digit(word.front()))
            found.push_back("row " + std::string(word));
        if (!word.empty()) previous = word;
        at = end + 1;
    }
    return found;
}

namespace {

void write(observability::Trace& trace, const Traced& traced, std::string_view call_id,
           std::chrono::system_clock::time_point now) {
    // The decision stands before the message it caused, so that a ladder reads in the order of events.
    if (!traced.decision.empty())
        trace.write(observability::TracedDecision{now, call_id, traced.decision, rules_in(traced.decision)});
    const auto local = traced.local.text();
    const auto remote = traced.peer.address.text();
    observability::TracedMessage message;
    message.time = now;
    message.direction = traced.sent ? observability::Direction::sent : observability::Direction::received;
    message.transport = transport::scheme(traced.peer.protocol);
    message.local = local;
    message.remote = remote;
    message.call_id = call_id;
    message.bytes = traced.octets;
    trace.write(message);
}

observability::HepAddress hep_address(const transport::Address& address) {
    return {address.octets, address.port, address.v6};
}

void send(observability::HepExporter& hep, const Traced& traced, std::string_view call_id,
          std::chrono::system_clock::time_point now) {
    observability::HepPacket packet;
    packet.time = now;
    packet.source = hep_address(traced.sent ? traced.local : traced.peer.address);
    packet.destination = hep_address(traced.sent ? traced.peer.address : traced.local);
    packet.tcp = transport::is_stream(traced.peer.protocol);
    packet.call_id = call_id;
    packet.payload = traced.octets;
    hep.send(packet);
}

}  // namespace

TraceSink trace_sink(observability::Trace& trace, observability::HepExporter& hep) {
    if (!trace.on() && !hep.on()) return {};
    return [&trace, &hep](const Traced& traced) {
        const auto now = std::chrono::system_clock::now();
        const auto hidden = without_session_keys(traced.octets);
        Traced shown = traced;
        if (hidden) shown.octets = *hidden;
        const auto call_id = call_id_of(shown.octets);
        if (trace.on()) write(trace, shown, call_id, now);
        if (hep.on()) send(hep, shown, call_id, now);
    };
}

}  // namespace isthmus::runtime
