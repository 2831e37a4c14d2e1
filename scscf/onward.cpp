#include "scscf/onward.hpp"

#include <algorithm>
#include <vector>

#include "common/proxy/forward.hpp"
#include "common/runtime/own_uri.hpp"
#include "common/sip/lexis.hpp"

namespace isthmus::scscf {

using sip::Message;
using sip::Method;

bool creates_dialog(Method method) {
    return method == Method::invite || method == Method::subscribe || method == Method::refer;
}

void record_route(Message& request, proxy::Position position, std::uint64_t id,
                  runtime::ServerTransaction& transaction) {
    const auto& core = transaction.core();
    runtime::record_route(core, request, core.token(position, id), transaction.arrival().peer);
}

void forward_one(const std::shared_ptr<runtime::ServerTransaction>& transaction, Message request,
                 std::shared_ptr<runtime::ForwardUser> user, std::uint64_t loop, std::string why) {
    proxy::count_hop(request);
    std::vector<runtime::Target> targets;
    targets.push_back({std::move(request), std::nullopt, 0, std::move(why)});
    runtime::forward(transaction, std::move(targets), std::move(user), loop);
}

session::Destination destination_of(const runtime::Core& core, const Settings& settings, const sip::Uri& uri) {
    const auto is_home = [&](std::string_view host) {
        return std::any_of(settings.home_domains.begin(), settings.home_domains.end(),
                           [=](const std::string& domain) { return sip::iequals(domain, host); });
    };
    return session::destination(uri, is_home, [&](const sip::Uri& one) { return core.is_own(one); });
}

}  // namespace isthmus::scscf
