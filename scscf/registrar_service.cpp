#include "scscf/registrar_service.hpp"

#include <openssl/rand.h>

#include <algorithm>

#include "common/runtime/hand_back.hpp"
#include "common/runtime/timer_wheel.hpp"

namespace isthmus::scscf {

using registrar::Accepted;
using registrar::NeedVector;
using registrar::Rejected;
using subscriber::AssignmentType;
using subscriber::AuthenticationScheme;
using subscriber::Request;
using subscriber::Result;

namespace {

constexpr std::size_t waiting_at_most = 16;
constexpr std::uint64_t longest_wait_ms = 5'000;  // SR-REG-50

RegisterAnswer plain(int status, std::string decision) {
    RegisterAnswer answer;
    answer.status = status;
    answer.decision = std::move(decision);
    return answer;
}

template <class Octets>
std::string text(const Octets& octets) {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

registrar::AkaKeys keys_of(const subscriber::AkaVector& vector) {
    return {text(vector.rand), text(vector.autn), text(vector.xres), text(vector.ck), text(vector.ik)};
}

RegisterAnswer refused_by(Result result, Request request, bool server_named) {
    const auto effect = subscriber::sip_effect(result, request, true, server_named);
    RegisterAnswer answer;
    answer.result = result;
    answer.status = effect.kind == subscriber::SipEffect::Kind::answer ? effect.status : 500;
    answer.elsewhere = effect.kind == subscriber::SipEffect::Kind::reroute;
    answer.refusal = effect;
    answer.decision = "CX-20 directory says " + std::string(subscriber::name(result));
    return answer;
}

}  // namespace

/// What is kept of a private identity while it is registered or being authenticated.
struct RegistrarService::User final : runtime::TimerTarget, std::enable_shared_from_this<User> {
    User(RegistrarService& owner, std::string private_identity)
        : service(owner),
          name(std::move(private_identity)),
          authentication(owner.settings_.authentication),
          expiry(*this, 0) {}
    void on_timer(std::uint8_t) override { service.expire(shared_from_this()); }

    RegistrarService& service;
    std::string name;
    registrar::Authentication authentication;
    std::string asked_identity;  ///< the To of the last REGISTER
    std::optional<ims::Profile> profile;
    std::vector<ims::Binding> bindings;
    bool busy = false;
    std::deque<Waiting> waiting;
    runtime::Timer expiry;
};

RegistrarService::RegistrarService(runtime::Core& core, const RegistrarSettings& settings,
                                   subscriber::Directory& directory, RegistrationTable& table)
    : core_(core), settings_(settings), directory_(directory), table_(table) {}

RegistrarService::~RegistrarService() {
    *alive_ = false;
}

template <class Answer, class Handler>
std::function<void(Answer)> RegistrarService::here(Handler handler) {
    return runtime::hand_back<Answer>(core_.outside(), core_.index(),
                                      [alive = alive_, handler = std::move(handler)](const Answer& answer) {
                                          if (*alive) handler(answer);
                                      });
}

void RegistrarService::handle(RegisterWork work, Done done) {
    auto& place = users_[work.request.private_identity];
    if (!place) place = std::make_shared<User>(*this, work.request.private_identity);
    const auto user = place;  // the table may let go of it before this ends
    if (!user->busy) return run(user, std::move(work), std::move(done));
    if (user->waiting.size() >= waiting_at_most) return done(plain(500, "SR-REG-50 too many REGISTERs at once"));
    user->waiting.push_back({std::move(work), std::move(done), core_.outside().now_ms()});
}

void RegistrarService::run(const Handle& user, RegisterWork work, Done done) {
    user->busy = true;
    registrar::drop_expired(user->bindings, core_.outside().time_of_day());
    work.attempt.registered = !user->bindings.empty();
    user->asked_identity = work.request.public_identity;
    auto verdict = user->authentication.on_register(work.attempt, core_.outside().now_ms());
    if (const auto* accepted = std::get_if<Accepted>(&verdict))
        return bind(user, work, std::move(done), accepted->info);
    if (const auto* rejected = std::get_if<Rejected>(&verdict)) return reject(user, *rejected, done);
    ask_vector(user, std::move(work), std::move(done), std::move(std::get<NeedVector>(verdict)));
}

void RegistrarService::ask_vector(const Handle& user, RegisterWork work, Done done, NeedVector need) {
    subscriber::AuthenticationQuery query;
    query.public_identity = work.request.public_identity;
    query.private_identity = work.request.private_identity;
    query.server_name = settings_.server_name;
    if (need.aka) query.scheme = AuthenticationScheme::digest_aka_v1_md5;
    if (need.resynchronise) {
        auto& said = query.resynchronisation.emplace();
        std::copy_n(need.resynchronise->rand.begin(), said.rand.size(), said.rand.begin());
        std::copy_n(need.resynchronise->auts.begin(), said.auts.size(), said.auts.begin());
    }
    directory_.authenticate(
        std::move(query), here<subscriber::AuthenticationAnswer>(
                              [this, user, work = std::move(work), done = std::move(done), rule = std::move(need.rule)](
                                  const auto& answer) { challenge(user, work, done, answer, rule); }));
}

void RegistrarService::challenge(const Handle& user, const RegisterWork& work, const Done& done,
                                 const subscriber::AuthenticationAnswer& answer, const std::string& rule) {
    if (subscriber::sip_effect(answer.result, Request::authenticate, true, !answer.server_name.empty()).kind !=
        subscriber::SipEffect::Kind::proceed) {
        done(refused_by(answer.result, Request::authenticate, !answer.server_name.empty()));
        return finish(user);
    }
    if (answer.registered && user->bindings.empty() && !table_.find(work.request.public_identity)) {
        // SR-REG-54: with the challenge the user became ours, or was so before a restart.
        auto now = answer;
        now.registered = false;
        return load(user, work.request.public_identity,
                    [this, user, work, done, now = std::move(now), rule] { challenge(user, work, done, now, rule); });
    }
    const auto now_ms = core_.outside().now_ms();
    auto outcome = answer.scheme == AuthenticationScheme::digest_aka_v1_md5
                       ? user->authentication.challenge(work.attempt, keys_of(answer.aka), now_ms)
                       : user->authentication.challenge(work.attempt,
                                                        registrar::DigestKeys{answer.digest.realm, answer.digest.ha1,
                                                                              answer.digest.ha1_sha256, nonce()},
                                                        now_ms);
    if (const auto* rejected = std::get_if<Rejected>(&outcome)) return reject(user, *rejected, done);
    auto reply = plain(401, rule);
    reply.challenges = std::move(std::get<registrar::Challenges>(outcome));
    done(std::move(reply));
    finish(user);
}

/// What is durable of the set, as another S-CSCF or an earlier life of this one left it.
void RegistrarService::load(const Handle& user, const std::string& identity, std::function<void()> then) {
    directory_.read_user(identity,
                         here<subscriber::UserAnswer>([this, user, then = std::move(then)](const auto& answer) {
                             const auto& read = answer.user;
                             if (answer.result == Result::success && read.server_name == settings_.server_name) {
                                 user->profile = read.profile;
                                 for (const auto& binding : read.bindings)
                                     if (binding.private_identity == user->name) user->bindings.push_back(binding);
                                 publish(*user);
                                 publish_others(read.profile, user->name, read.bindings);
                             }
                             then();
                         }));
}

/// Contacts of other private identities of the set that are not known here yet.
void RegistrarService::publish_others(const ims::Profile& profile, const std::string& name,
                                      const std::vector<ims::Binding>& bindings) {
    std::unordered_map<std::string, std::vector<ims::Binding>> others;
    for (const auto& binding : bindings)
        if (binding.private_identity != name) others[binding.private_identity].push_back(binding);
    for (auto& group : others) {
        const auto& other = group.first;
        const auto set = table_.find(profile.set_id);
        if (set && std::any_of(set->bindings.begin(), set->bindings.end(),
                               [&](const ims::Binding& known) { return known.private_identity == other; }))
            continue;
        table_.publish(profile, other, std::move(group.second));
    }
}

void RegistrarService::reject(const Handle& user, const Rejected& rejected, const Done& done) {
    auto reply = plain(rejected.status, rejected.rule);
    reply.warning = rejected.warning;
    done(std::move(reply));
    if (!rejected.failed || !user->bindings.empty()) return finish(user);
    authentication_over(user, AssignmentType::authentication_failure);
}

/// SR-REG-09, SR-REG-12: a first registration came to nothing. The user's next REGISTER waits until the directory has
/// heard of it, else it might undo what that one notes there.
void RegistrarService::authentication_over(const Handle& user, AssignmentType type) {
    subscriber::ServerAssignment query;
    query.type = type;
    query.public_identity = user->asked_identity;
    query.private_identity = user->name;
    query.server_name = settings_.server_name;
    directory_.assign(std::move(query), here<subscriber::AssignmentAnswer>(
                                            [this, user](const subscriber::AssignmentAnswer&) { finish(user); }));
}

void RegistrarService::bind(const Handle& user, const RegisterWork& work, Done done,
                            std::optional<sip::AuthenticationInfo> info) {
    const auto outcome =
        registrar::apply(work.request, user->bindings, settings_.expiry, core_.outside().time_of_day());
    if (const auto* refused = std::get_if<registrar::Refused>(&outcome)) {
        auto reply = plain(refused->status, refused->rule);
        reply.min_expires_s = refused->min_expires_s;
        done(std::move(reply));
        return finish(user);
    }
    const auto& change = std::get<registrar::Change>(outcome);
    if (change.nothing() && user->profile) {  // a query, or what is not bound is to be unbound
        done(granted(*user, std::move(info), "SR-REG-21 nothing changes"));
        return finish(user);
    }
    const bool others = user->profile && [&] {
        const auto set = table_.find(user->profile->set_id);
        return set && std::any_of(set->bindings.begin(), set->bindings.end(),
                                  [&](const ims::Binding& binding) { return binding.private_identity != user->name; });
    }();
    subscriber::ServerAssignment query;
    const bool ends = change.result.empty() && !others;
    query.type = ends                      ? AssignmentType::user_deregistration
                 : !user->bindings.empty() ? AssignmentType::re_registration
                                           : AssignmentType::registration;
    query.public_identity = work.request.public_identity;
    query.private_identity = work.request.private_identity;
    query.server_name = settings_.server_name;
    query.user_data_already_available = user->profile && !user->bindings.empty();
    query.generation = query.user_data_already_available ? user->profile->generation : 0;
    query.store = change.store;
    query.remove = change.remove;
    RegisterAnswer reply = plain(200, ends ? "SR-REG-30" : "SR-REG-23");
    reply.info = std::move(info);
    reply.bindings = change.result;  // of this private identity; bound() adds the others
    directory_.assign(std::move(query),
                      here<subscriber::AssignmentAnswer>(
                          [this, user, reply = std::move(reply), done = std::move(done)](const auto& answer) {
                              bound(user, answer, reply, done);
                              finish(user);
                          }));
}

void RegistrarService::bound(const Handle& user, const subscriber::AssignmentAnswer& answer, RegisterAnswer reply,
                             const Done& done) {
    if (subscriber::sip_effect(answer.result, Request::assign, true, !answer.server_name.empty()).kind !=
        subscriber::SipEffect::Kind::proceed) {
        auto refused = refused_by(answer.result, Request::assign, !answer.server_name.empty());
        if (refused.elsewhere) lose(*user);  // SR-REG-55, SR-REG-56
        return done(std::move(refused));
    }
    if (answer.profile) user->profile = answer.profile;
    if (!user->profile) return done(plain(500, "ER-REG-15 the directory gave no profile"));
    // Only now is it durable; only now may anybody see it (SR-REG-51).
    user->bindings = std::move(reply.bindings);
    // What other private identities of the set had here before a restart comes with the first answer.
    if (answer.profile) publish_others(*user->profile, user->name, answer.bindings);
    publish(*user);
    if (user->profile->default_identity() == nullptr) return done(plain(403, "SR-REG-25 all identities are barred"));
    done(granted(*user, std::move(reply.info), std::move(reply.decision)));
}

RegisterAnswer RegistrarService::granted(const User& user, std::optional<sip::AuthenticationInfo> info,
                                         std::string decision) {
    auto answer = plain(200, std::move(decision));
    answer.info = std::move(info);
    answer.profile = *user.profile;
    if (const auto set = table_.find(user.profile->set_id)) answer.bindings = set->bindings;
    if (!answer.bindings.empty())
        answer.service_route =
            core_.token(proxy::Position::service_route, static_cast<std::uint64_t>(user.profile->set_id));
    return answer;
}

void RegistrarService::publish(User& user) {
    table_.publish(*user.profile, user.name, user.bindings);
    watch_expiry(user);
}

void RegistrarService::watch_expiry(User& user) {
    user.expiry.disarm();
    if (user.bindings.empty()) return;
    const auto first = std::min_element(user.bindings.begin(), user.bindings.end(),
                                        [](const auto& a, const auto& b) { return a.expires < b.expires; });
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(first->expires - core_.outside().time_of_day()).count();
    core_.arm(user.expiry, static_cast<std::uint64_t>(std::max<std::int64_t>(left, 0)));
}

/// SR-REG-31. The contact ends whether the directory hears of it or not: a row past its expiry counts for nothing.
void RegistrarService::expire(const Handle& user) {
    if (user->busy) return core_.arm(user->expiry, 1000);
    if (user->bindings.empty() && user->authentication.take_timeout(core_.outside().now_ms())) {
        user->busy = true;
        return authentication_over(user, AssignmentType::authentication_timeout);
    }
    if (user->bindings.empty()) return forget_if_idle(user);
    const auto identity = user->bindings.front().registered_identity;
    const auto gone = registrar::drop_expired(user->bindings, core_.outside().time_of_day());
    if (gone.empty()) return watch_expiry(*user);
    publish(*user);
    subscriber::ServerAssignment query;
    query.type =
        table_.find(user->profile->set_id) ? AssignmentType::re_registration : AssignmentType::timeout_deregistration;
    query.public_identity = identity;
    query.private_identity = user->name;
    query.server_name = settings_.server_name;
    query.user_data_already_available = true;
    query.generation = user->profile->generation;
    query.remove = gone;
    directory_.assign(std::move(query),
                      here<subscriber::AssignmentAnswer>([this, user](const subscriber::AssignmentAnswer& answer) {
                          // SR-REG-56: at the latest a refused write tells that somebody else serves the user.
                          if (answer.result == Result::identity_already_registered) lose(*user);
                      }));
    forget_if_idle(user);
}

void RegistrarService::adopt(const ims::Profile& profile, const std::string& private_identity,
                             std::vector<ims::Binding> bindings) {
    auto& user = users_[private_identity];
    if (!user) user = std::make_shared<User>(*this, private_identity);
    // What is here is newer, unless its generation says otherwise.
    if (user->busy || (!user->bindings.empty() && user->profile->generation >= profile.generation)) return;
    user->profile = profile;
    user->bindings = std::move(bindings);
    registrar::drop_expired(user->bindings, core_.outside().time_of_day());
    publish(*user);
}

void RegistrarService::drop(const ims::Profile& profile, const std::string& private_identity, std::int64_t generation) {
    const auto found = users_.find(private_identity);
    if (found == users_.end()) {
        // Published without its owner, as another private identity's answer brought it.
        const auto set = table_.find(profile.set_id);
        if (set && set->profile.generation < generation) table_.publish(profile, private_identity, {});
        return;
    }
    const auto user = found->second;
    if (!user->profile || user->profile->generation >= generation) return;
    lose(*user);
    forget_if_idle(user);
}

/// The copy goes; what the directory holds is not ours to touch.
void RegistrarService::lose(User& user) {
    if (!user.profile) return;
    table_.publish(*user.profile, user.name, {});
    user.bindings.clear();
    user.profile.reset();
    user.expiry.disarm();
}

void RegistrarService::finish(const Handle& user) {
    user->busy = false;
    while (!user->waiting.empty() && !user->busy) {
        auto next = std::move(user->waiting.front());
        user->waiting.pop_front();
        if (core_.outside().now_ms() - next.since_ms > longest_wait_ms)
            next.done(plain(500, "SR-REG-50 waited too long behind another REGISTER"));
        else
            run(user, std::move(next.work), std::move(next.done));
    }
    forget_if_idle(user);
}

/// Whoever is neither registered nor being authenticated costs nothing.
void RegistrarService::forget_if_idle(const Handle& user) {
    if (user->busy || !user->bindings.empty()) return;
    if (user->authentication.idle(core_.outside().now_ms())) {
        const auto name = user->name;
        users_.erase(name);
        return;
    }
    const auto now_ms = core_.outside().now_ms();
    const auto end = user->authentication.next_end().value_or(now_ms);
    core_.arm(user->expiry, end > now_ms ? end - now_ms : 0);
}

/// 128 bits of the system's randomness: nobody foresees a challenge (SR-REG-06).
std::string RegistrarService::nonce() {
    std::array<unsigned char, 16> octets{};
    if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1)
        throw std::runtime_error("no randomness for a nonce");
    static constexpr std::string_view hex = "0123456789abcdef";
    std::string text;
    text.reserve(32);
    for (const auto octet : octets) {
        text.push_back(hex[octet >> 4]);
        text.push_back(hex[octet & 15]);
    }
    return text;
}

}  // namespace isthmus::scscf
