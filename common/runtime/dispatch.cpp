#include "common/runtime/dispatch.hpp"

#include "common/sip/header_id.hpp"
#include "common/sip/text.hpp"
#include "common/sip/uri.hpp"

namespace isthmus::runtime {
namespace {

struct Seen {
    std::string_view via;
    std::string_view route;
    std::string_view call_id;
};

Seen look(std::string_view octets, std::size_t at, bool response) {
    Seen seen;
    while (at < octets.size()) {
        const auto newline = octets.find('\n', at);
        const auto end = newline == std::string_view::npos ? octets.size() : newline;
        const auto line = octets.substr(at, end - at);
        if (line.empty() || line == "\r") break;
        // Only names that begin like the three we look for are worth a look-up.
        const char initial = sip::lower(line.front());
        if (initial == 'v' || initial == 'r' || initial == 'c' || initial == 'i') {
            const auto colon = line.find(':');
            const auto id = colon == std::string_view::npos ? sip::HeaderId::other
                                                            : sip::header_id(sip::trim(line.substr(0, colon)));
            const auto value = colon == std::string_view::npos ? line : sip::trim(line.substr(colon + 1));
            if (id == sip::HeaderId::via && seen.via.empty()) seen.via = value;
            if (id == sip::HeaderId::route && seen.route.empty()) seen.route = value;
            if (id == sip::HeaderId::call_id && seen.call_id.empty()) seen.call_id = value;
        }
        if (response && !seen.via.empty() && !seen.call_id.empty()) break;
        at = end + 1;
    }
    return seen;
}

std::optional<proxy::Branch> branch_of(std::string_view via) {
    const auto first = via.substr(0, sip::find_outside(via, ','));
    const auto params = first.substr(std::min(first.find(';'), first.size() - (first.empty() ? 0 : 1)));
    const auto text = sip::find_param(params.empty() ? params : params.substr(1), "branch");
    return text ? proxy::decode_branch(*text) : std::nullopt;
}

bool ours(const Node& node, std::uint16_t epoch, std::size_t worker) {
    return epoch == node.epoch && worker < node.workers;
}

}  // namespace

std::size_t worker_of(std::string_view octets, const Node& node) {
    if (node.workers == 1) return 0;
    while (!octets.empty() && (octets.front() == '\r' || octets.front() == '\n')) octets.remove_prefix(1);
    const bool response = octets.substr(0, 4) == "SIP/";
    const auto start_end = octets.find('\n');
    if (start_end == std::string_view::npos) return 0;
    const auto seen = look(octets, start_end + 1, response);
    if (response) {
        const auto branch = branch_of(seen.via);
        if (branch && ours(node, branch->epoch, branch->worker)) return branch->worker;
    } else {
        auto token = seen.route.empty() ? std::nullopt : proxy::token_of(seen.route, node.secret);
        if (!token) {
            const auto space = octets.find(' ');
            token = proxy::token_of(octets.substr(0, start_end).substr(std::min(space, start_end)), node.secret);
        }
        if (token && ours(node, token->epoch, token->worker)) return token->worker;
    }
    return transaction::keyed_hash(node.seed, seen.call_id) % node.workers;
}

std::optional<Returned> returned_request(std::string_view octets, const Node& node) {
    const auto start_end = octets.find('\n');
    if (start_end == std::string_view::npos) return std::nullopt;
    const auto method = octets.substr(0, std::min(octets.find(' '), start_end));
    if (method == "ACK" || method.substr(0, 4) == "SIP/") return std::nullopt;
    const auto whole_lines = octets.substr(0, octets.rfind('\n') + 1);
    const auto branch = branch_of(look(whole_lines, start_end + 1, false).via);
    if (!branch || !ours(node, branch->epoch, branch->worker)) return std::nullopt;
    return Returned{*branch, method == "CANCEL"};
}

std::string_view call_id_of(std::string_view octets) {
    const auto start_end = octets.find('\n');
    return start_end == std::string_view::npos ? std::string_view{} : look(octets, start_end + 1, false).call_id;
}

}  // namespace isthmus::runtime
