// A directory in memory for flow tests: users with a password, answers that come later, an off switch.
#pragma once

#include <map>
#include <string>

#include "common/sip/digest.hpp"
#include "common/subscriber/aka.hpp"
#include "common/subscriber/directory.hpp"
#include "tests/flow/net.hpp"

namespace isthmus::flow {

class FakeDirectory final : public subscriber::Directory {
  public:
    explicit FakeDirectory(Net& net) : net_(net) {}

    struct User {
        ims::Profile profile;
        std::map<std::string, std::string> ha1;  ///< by private identity
        std::map<std::string, std::string> ha1_sha256;
        std::map<std::string, subscriber::aka::Secret> cards;
        subscriber::aka::Number sqn = 0;
        std::string server_name;
        bool reassignable = false;
        subscriber::ServerCapabilities wanted = {};
        std::vector<ims::Binding> bindings;
    };
    /// Tells S-CSCFs that another one serves a set (SR-REG-56); as a notification that is on its way.
    std::function<void(std::int64_t set, const std::string& from, const std::string& to)> on_taken_over;
    bool notifies = true;
    std::vector<User> users;
    std::vector<subscriber::ServerEntry> servers;
    bool reachable = true;
    bool slow = false;                                      ///< answers wait for wake()
    std::vector<subscriber::ServerAssignment> assignments;  ///< every SAR, in order
    std::vector<subscriber::AuthenticationQuery> asked;     ///< every MAR
    std::vector<subscriber::LocationQuery> located;         ///< every LIR
    std::vector<subscriber::UserAuthorization> authorised;  ///< every UAR
    std::vector<std::string> read;                          ///< every user who was read

    void wake() {
        slow = false;
        for (auto& task : held_) net_.later(std::move(task));
        held_.clear();
    }

    void add(const std::string& name, const std::string& domain, const std::string& password,
             const std::vector<ims::PublicIdentity>& more = {}) {
        User user;
        user.profile.set_id = static_cast<std::int64_t>(users.size() + 1);
        user.profile.identities.push_back({"sip:" + name + "@" + domain, false});
        user.profile.identities.insert(user.profile.identities.end(), more.begin(), more.end());
        const auto impi = name + "@" + domain;
        user.profile.private_identities.push_back({impi, std::nullopt});
        user.ha1[impi] = sip::digest_ha1(impi, domain, password);
        realm_ = domain;
        users.push_back(std::move(user));
    }

    void authorise(subscriber::UserAuthorization query, std::function<void(subscriber::ServerAnswer)> done) override {
        authorised.push_back(query);
        subscriber::ServerAnswer answer;
        if (User* user = find(query.public_identity, answer.result)) {
            if (user->server_name == query.failed_server && !query.failed_server.empty()) user->reassignable = true;
            if (!user->ha1.contains(query.private_identity) && !user->cards.contains(query.private_identity)) {
                answer.result = subscriber::Result::identities_dont_match;
            } else {
                answer.server_name = user->server_name;
                answer.capabilities = user->wanted;
                answer.result = user->server_name.empty() ? subscriber::Result::first_registration
                                                          : subscriber::Result::subsequent_registration;
            }
        }
        reply(std::move(done), std::move(answer));
    }
    void locate(subscriber::LocationQuery query, std::function<void(subscriber::ServerAnswer)> done) override {
        located.push_back(query);
        subscriber::ServerAnswer answer;
        if (User* user = find(query.public_identity, answer.result)) {
            if (user->server_name == query.failed_server && !query.failed_server.empty()) user->reassignable = true;
            answer.server_name = user->server_name;
            answer.capabilities = user->wanted;
            if (user->server_name.empty()) answer.result = subscriber::Result::identity_not_registered;
        }
        reply(std::move(done), std::move(answer));
    }
    void authenticate(subscriber::AuthenticationQuery query,
                      std::function<void(subscriber::AuthenticationAnswer)> done) override {
        using subscriber::AuthenticationScheme;
        asked.push_back(query);
        subscriber::AuthenticationAnswer answer;
        if (User* user = find(query.public_identity, answer.result)) {
            const auto secret = user->ha1.find(query.private_identity);
            const auto card = user->cards.find(query.private_identity);
            answer.scheme =
                card != user->cards.end() ? AuthenticationScheme::digest_aka_v1_md5 : AuthenticationScheme::sip_digest;
            answer.registered = !user->bindings.empty();
            const bool others = answer.registered && user->server_name != query.server_name;
            if (others && !user->reassignable) {
                answer.result = subscriber::Result::identity_already_registered;
                answer.server_name = user->server_name;
            } else if (secret == user->ha1.end() && card == user->cards.end())
                answer.result = subscriber::Result::identities_dont_match;
            else if (query.scheme != AuthenticationScheme::unknown && query.scheme != answer.scheme)
                answer.result = subscriber::Result::auth_scheme_not_supported;
            else if (card != user->cards.end())
                issue(*user, card->second, query, answer);
            else
                answer.digest = {realm_, secret->second, user->ha1_sha256[query.private_identity]};
            if (others && answer.result == subscriber::Result::success) now_serves(*user, query.server_name);
        }
        reply(std::move(done), std::move(answer));
    }
    void assign(subscriber::ServerAssignment query, std::function<void(subscriber::AssignmentAnswer)> done) override {
        assignments.push_back(query);
        subscriber::AssignmentAnswer answer;
        User* user = find(query.public_identity, answer.result);
        if (user != nullptr && may_not_write(*user, query)) {
            answer.result = subscriber::Result::identity_already_registered;
            answer.server_name = user->server_name;
        } else if (user != nullptr) {
            for (const auto& key : query.remove)
                std::erase_if(user->bindings, [&](const ims::Binding& one) {
                    return one.private_identity == key.private_identity && one.contact == key.contact;
                });
            for (const auto& binding : query.store) {
                std::erase_if(user->bindings, [&](const ims::Binding& one) {
                    return one.private_identity == binding.private_identity && one.contact == binding.contact;
                });
                user->bindings.push_back(binding);
            }
            now_serves(*user, user->bindings.empty() ? "" : query.server_name);
            answer.profile = user->profile;
            answer.bindings = user->bindings;
        }
        reply(std::move(done), std::move(answer));
    }
    void read_user(std::string public_identity, std::function<void(subscriber::UserAnswer)> done) override {
        read.push_back(public_identity);
        subscriber::UserAnswer answer;
        if (User* user = find(public_identity, answer.result))
            answer.user = {user->profile, user->server_name, user->reassignable, user->bindings};
        reply(std::move(done), std::move(answer));
    }
    void load_bindings(std::string, std::optional<std::int64_t>, std::size_t,
                       std::function<void(subscriber::UserPage)> done) override {
        reply(std::move(done), subscriber::UserPage{subscriber::Result::success, {}, std::nullopt});
    }
    void read_network(std::function<void(subscriber::NetworkAnswer)> done) override {
        reply(std::move(done), subscriber::NetworkAnswer{subscriber::Result::success, servers, {realm_}});
    }

  private:
    /// SR-REG-55, CX-38
    static bool may_not_write(const User& user, const subscriber::ServerAssignment& query) {
        if (user.server_name.empty() || user.bindings.empty()) return false;
        const bool registers = query.type == subscriber::AssignmentType::registration ||
                               query.type == subscriber::AssignmentType::re_registration;
        if (query.generation != 0 && query.generation != user.profile.generation) return true;
        return user.server_name != query.server_name && (!registers || query.generation != 0 || !user.reassignable);
    }
    void now_serves(User& user, const std::string& server) {
        user.reassignable = false;
        const auto before = std::exchange(user.server_name, server);
        if (server.empty() || before == server) return;
        ++user.profile.generation;
        if (before.empty() || !notifies || !on_taken_over) return;
        net_.later([this, set = user.profile.set_id, before, server] { on_taken_over(set, before, server); });
    }
    void issue(User& user, const subscriber::aka::Secret& secret, const subscriber::AuthenticationQuery& query,
               subscriber::AuthenticationAnswer& answer) {
        if (query.resynchronisation) {
            const auto sqn = subscriber::aka::open_auts(secret, *query.resynchronisation);
            if (!sqn) {
                answer.result = subscriber::Result::authorization_rejected;
                return;
            }
            user.sqn = *sqn;
        }
        user.sqn += 32;
        subscriber::aka::Block rand{};
        for (auto& octet : rand) octet = static_cast<std::uint8_t>(net_.random() >> 32U);
        answer.aka = subscriber::aka::make_vector(secret, user.sqn, rand);
    }
    User* find(const std::string& identity, subscriber::Result& result) {
        result = reachable ? subscriber::Result::user_unknown : subscriber::Result::unreachable;
        if (!reachable) return nullptr;
        for (auto& user : users)
            for (const auto& one : user.profile.identities)
                if (one.uri == identity) {
                    result = subscriber::Result::success;
                    return &user;
                }
        return nullptr;
    }
    template <class Answer>
    void reply(std::function<void(Answer)> done, Answer answer) {
        std::function<void()> task = [done = std::move(done), answer = std::move(answer)] { done(answer); };
        if (slow)
            held_.push_back(std::move(task));
        else
            net_.later(std::move(task));
    }

    std::vector<std::function<void()>> held_;
    Net& net_;
    std::string realm_;
};

}  // namespace isthmus::flow
