#include "scscf/user_reader.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "common/proxy/forward.hpp"
#include "common/runtime/hand_back.hpp"
#include "common/sip/headers.hpp"
#include "common/sip/text.hpp"
#include "scscf/pipeline.hpp"
#include "scscf/session/standing.hpp"

namespace isthmus::scscf {

using session::Standing;
using sip::HeaderId;
using subscriber::Result;
using Kind = FoundUser::Kind;

void UserReader::tell(RestorationEvent::Kind kind, const std::string& identity, const std::string& server) const {
    if (shared_.report) shared_.report({kind, identity, server});
}

void UserReader::read(const std::string& identity, std::optional<std::int64_t> sent_with, Done done) {
    ask({identity, sent_with, std::move(done)});
}

void UserReader::ask(Asked asked) {
    auto identity = asked.identity;
    shared_.directory->read_user(std::move(identity),
                                 runtime::hand_back<subscriber::UserAnswer>(
                                     core_.outside(), core_.index(),
                                     [this, asked = std::move(asked)](const subscriber::UserAnswer& answer) mutable {
                                         answered(std::move(asked), answer);
                                     }));
}

void UserReader::answered(Asked asked, const subscriber::UserAnswer& answer) {
    if (answer.result != Result::success)
        return asked.done({answer.result == Result::unreachable ? Kind::unreachable : Kind::unknown, {}, {}, 0});
    const auto& user = answer.user;
    const auto generation = user.profile.generation;
    const bool reassignable = user.reassignable && !asked.lost_race;
    switch (session::standing({user.server_name, generation, reassignable}, shared_.settings.registrar.server_name,
                              asked.sent_with)) {
        case Standing::ours:
            return serve(asked, user.profile, user.bindings);
        case Standing::nobody:
            return asked.done({Kind::nobody, {}, {}, 0});
        case Standing::take_over:
            return take_over(std::move(asked), user.server_name);
        case Standing::elsewhere:
            return asked.done({Kind::elsewhere, {}, user.server_name, generation});
        case Standing::circle:
            tell(RestorationEvent::Kind::circle, asked.identity, user.server_name);
            return asked.done({Kind::circle, {}, {}, 0});
    }
}

/// One transaction: assignment, generation and what is durable (SR-REG-54).
void UserReader::take_over(Asked asked, const std::string& from) {
    subscriber::ServerAssignment query;
    query.type = subscriber::AssignmentType::re_registration;
    query.public_identity = asked.identity;
    query.server_name = shared_.settings.registrar.server_name;
    shared_.directory->assign(
        std::move(query),
        runtime::hand_back<subscriber::AssignmentAnswer>(
            core_.outside(), core_.index(),
            [this, from, asked = std::move(asked)](const subscriber::AssignmentAnswer& answer) mutable {
                taken_over(std::move(asked), from, answer);
            }));
}

void UserReader::taken_over(Asked asked, const std::string& from, const subscriber::AssignmentAnswer& answer) {
    if (answer.result == Result::identity_already_registered) {  // SR-REG-55: somebody was faster
        asked.lost_race = true;
        return ask(std::move(asked));
    }
    if (answer.result != Result::success || !answer.profile)
        return asked.done({answer.result == Result::unreachable ? Kind::unreachable : Kind::unknown, {}, {}, 0});
    tell(RestorationEvent::Kind::taken_over, asked.identity, from);
    serve(asked, *answer.profile, answer.bindings);
}

void UserReader::serve(const Asked& asked, const ims::Profile& profile, const std::vector<ims::Binding>& bindings) {
    if (bindings.empty()) return asked.done({Kind::nobody, {}, {}, 0});
    std::unordered_map<std::string, std::vector<ims::Binding>> by_private_identity;
    for (const auto& binding : bindings) by_private_identity[binding.private_identity].push_back(binding);
    for (auto& [name, own] : by_private_identity) {
        const auto owner = registration_owner(core_, name);
        core_.outside().post(
            owner, [registrar = shared_.registrars.at(owner), profile, key = name, own = std::move(own)]() mutable {
                registrar->adopt(profile, key, std::move(own));
            });
    }
    // Published or not yet: what was read is what there is.
    asked.done({Kind::served, std::make_shared<Registration>(Registration{profile, bindings}), {}, 0});
}

std::optional<std::int64_t> generation_in(std::string_view uri_params) {
    const auto text = sip::find_param(uri_params, "gen");
    if (!text) return std::nullopt;
    std::int64_t generation = 0;
    const auto* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, generation);
    if (error != std::errc() || stop != end) return std::nullopt;
    return generation;
}

sip::Message rerouted(const sip::Message& request, const FoundUser& found, const std::string& identity,
                      bool originating) {
    auto onward = request.copy();
    const auto gen = ";gen=" + std::to_string(found.generation);
    if (onward.method() == sip::Method::register_) {
        onward.set_request_uri(found.server + gen);
    } else {
        onward.prepend(HeaderId::route, "<" + found.server + ";lr" + gen + (originating ? ";orig>" : ">"));
        if (originating) onward.set(HeaderId::p_served_user, "<" + identity + ">;sescase=orig;regstate=reg");
    }
    proxy::count_hop(onward);
    return onward;
}

void drop_set(Shared& shared, const runtime::Core& core, std::int64_t set_id, std::int64_t generation,
              const std::function<void(std::size_t, std::function<void()>)>& post) {
    const auto held = shared.registrations.find(set_id);
    if (!held || held->profile.generation >= generation) return;
    if (shared.report && !held->profile.identities.empty())
        shared.report({RestorationEvent::Kind::lost, held->profile.identities.front().uri, {}});
    std::vector<std::string> names;
    for (const auto& binding : held->bindings)
        if (std::find(names.begin(), names.end(), binding.private_identity) == names.end())
            names.push_back(binding.private_identity);
    for (const auto& name : names) {
        const auto owner = registration_owner(core, name);
        post(owner, [registrar = shared.registrars.at(owner), held, name, generation] {
            registrar->drop(held->profile, name, generation);
        });
    }
}

}  // namespace isthmus::scscf
