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
        std::vector<ims::Binding> bindings;
    };
    std::vector<User> users;
    std::vector<subscriber::ServerEntry> servers;
    bool reachable = true;
    bool slow = false;                                      ///< answers wait for wake()
    std::vector<subscriber::ServerAssignment> assignments;  ///< every SAR, in order
    std::vector<subscriber::AuthenticationQuery> asked;     ///< every MAR

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
        subscriber::ServerAnswer answer;
        if (User* user = find(query.public_identity, answer.result)) {
            if (!user->ha1.contains(query.private_identity) && !user->cards.contains(query.private_identity)) {
                answer.result = subscriber::Result::identities_dont_match;
            } else {
                answer.server_name = user->server_name;
                answer.result = user->server_name.empty() ? subscriber::Result::first_registration
                                                          : subscriber::Result::subsequent_registration;
            }
        }
        reply(std::move(done), std::move(answer));
    }
    void locate(subscriber::LocationQuery query, std::function<void(subscriber::ServerAnswer)> done) override {
        subscriber::ServerAnswer answer;
        if (User* user = find(query.public_identity, answer.result)) {
            answer.server_name = user->server_name;
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
            if (secret == user->ha1.end() && card == user->cards.end())
                answer.result = subscriber::Result::identities_dont_match;
            else if (query.scheme != AuthenticationScheme::unknown && query.scheme != answer.scheme)
                answer.result = subscriber::Result::auth_scheme_not_supported;
            else if (card != user->cards.end())
                issue(*user, card->second, query, answer);
            else
                answer.digest = {realm_, secret->second, user->ha1_sha256[query.private_identity]};
        }
        reply(std::move(done), std::move(answer));
    }
    void assign(subscriber::ServerAssignment query, std::function<void(subscriber::AssignmentAnswer)> done) override {
        assignments.push_back(query);
        subscriber::AssignmentAnswer answer;
        if (User* user = find(query.public_identity, answer.result)) {
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
            user->server_name = user->bindings.empty() ? "" : query.server_name;
            answer.profile = user->profile;
            answer.bindings = user->bindings;
        }
        reply(std::move(done), std::move(answer));
    }
    void read_user(std::string public_identity, std::function<void(subscriber::UserAnswer)> done) override {
        subscriber::UserAnswer answer;
        if (User* user = find(public_identity, answer.result))
            answer.user = {user->profile, user->server_name, user->bindings};
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
