#include "icscf/scscf_search.hpp"

#include <algorithm>

#include "common/sip/digest.hpp"
#include "common/sip/text.hpp"
#include "icscf/scscf_selection.hpp"

namespace isthmus::icscf {

using sip::HeaderId;
using subscriber::ServerEntry;

bool ScscfSearch::tried(const std::string& server) const {
    return std::find(tried_.begin(), tried_.end(), server) != tried_.end();
}

NextStep ScscfSearch::ask(std::string server) {
    tried_.push_back(std::move(server));
    return AskServer{tried_.back()};
}

NextStep ScscfSearch::begin(const subscriber::ServerAnswer& answer, const Choice& choice) {
    wanted_ = answer.capabilities;
    if (answer.server_name.empty()) return choose(choice);
    if (!may_move_ || !choice.silent(answer.server_name)) return ask(answer.server_name);
    asked_again_ = true;
    return AskDirectory{answer.server_name};
}

NextStep ScscfSearch::failed(const Choice& choice) {
    if (!may_move_) return GiveUp{504, "The S-CSCF does not answer", "IC-SES-05 restoration is off"};
    if (tried_.size() >= most) return GiveUp{504, "No S-CSCF answers", "IR-REG-07 asked three"};
    if (asked_again_) return choose(choice);
    asked_again_ = true;
    return AskDirectory{tried_.back()};
}

NextStep ScscfSearch::again(const subscriber::ServerAnswer& answer, const Choice& choice) {
    wanted_ = answer.capabilities;
    // Somebody else took the user over meanwhile.
    if (!answer.server_name.empty() && !tried(answer.server_name) && !choice.silent(answer.server_name))
        return ask(answer.server_name);
    return choose(choice);
}

NextStep ScscfSearch::choose(const Choice& choice) {
    for (const bool silent : {false, true}) {
        std::vector<ServerEntry> left;
        std::copy_if(choice.servers.begin(), choice.servers.end(), std::back_inserter(left),
                     [&](const ServerEntry& one) { return !tried(one.name) && choice.silent(one.name) == silent; });
        if (auto server = select_scscf(left, wanted_, choice.draw)) return ask(std::move(*server));
    }
    if (select_scscf(choice.servers, wanted_, choice.draw))
        return GiveUp{504, "No S-CSCF answers", "IR-REG-07 all that have the capabilities were asked"};
    return GiveUp{600, "No S-CSCF has the capabilities", "IR-REG-07"};
}

bool declines(const sip::Message& response) {
    const int status = response.status();
    if (response.method() == sip::Method::register_) return status == 480 || (status >= 300 && status < 400);
    return status == 480 &&
           response.value(HeaderId::warning).find(subscriber::scscf_draining) != std::string_view::npos;
}

bool starts_over(const sip::Message& request) {
    const auto credentials = sip::DigestCredentials::parse(request.value(HeaderId::authorization));
    const auto given = credentials ? credentials->other("integrity-protected").value_or("") : std::string_view();
    for (const std::string_view known : {"yes", "tls-yes", "ip-assoc-yes"})
        if (sip::iequals(given, known)) return false;
    return true;
}

}  // namespace isthmus::icscf
