#include "tests/support/memory_directory.hpp"

#include <algorithm>

#include "common/sip/digest.hpp"

namespace isthmus::support {

using subscriber::Result;

void MemoryDirectory::add(const std::string& name, const std::string& domain, const std::string& password) {
    User user;
    const auto impi = name + "@" + domain;
    user.profile.set_id = static_cast<std::int64_t>(users_.size() + 1);
    user.profile.identities.push_back({"sip:" + impi, false});
    user.profile.private_identities.push_back({impi, std::nullopt});
    user.realm = domain;
    user.ha1 = sip::digest_ha1(impi, domain, password);
    users_["sip:" + impi] = std::move(user);
}

void MemoryDirectory::later(std::function<void()> task) {
    {
        const std::lock_guard lock(lock_);
        if (stopping_) return;
        tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
}

void MemoryDirectory::run() {
    std::unique_lock lock(lock_);
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        const auto task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        lock.lock();
    }
}

void MemoryDirectory::stop() {
    {
        const std::lock_guard lock(lock_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

MemoryDirectory::User* MemoryDirectory::find(const std::string& identity) {
    const auto found = users_.find(identity);
    return found != users_.end() ? &found->second : nullptr;
}

bool MemoryDirectory::somebody(const std::string& identity) const {
    return !everybody_else_.empty() && (identity.rfind("sip:", 0) == 0 || identity.rfind("tel:", 0) == 0);
}

void MemoryDirectory::authorise(subscriber::UserAuthorization query,
                                std::function<void(subscriber::ServerAnswer)> done) {
    later([this, query = std::move(query), done = std::move(done)] {
        subscriber::ServerAnswer answer;
        answer.result = Result::user_unknown;
        if (const User* user = find(query.public_identity)) {
            answer.server_name = user->server_name;
            answer.result = user->server_name.empty() ? Result::first_registration : Result::subsequent_registration;
            if (user->profile.private_identities.front().name != query.private_identity)
                answer.result = Result::identities_dont_match;
        } else if (somebody(query.public_identity)) {
            answer.result = Result::subsequent_registration;
            answer.server_name = everybody_else_;
        }
        done(answer);
    });
}

void MemoryDirectory::locate(subscriber::LocationQuery query, std::function<void(subscriber::ServerAnswer)> done) {
    later([this, query = std::move(query), done = std::move(done)] {
        subscriber::ServerAnswer answer;
        answer.result = Result::user_unknown;
        if (const User* user = find(query.public_identity)) {
            answer.server_name = user->server_name;
            answer.result = user->server_name.empty() ? Result::identity_not_registered : Result::success;
        } else if (somebody(query.public_identity)) {
            answer.result = Result::success;
            answer.server_name = everybody_else_;
        }
        done(answer);
    });
}

void MemoryDirectory::authenticate(subscriber::AuthenticationQuery query,
                                   std::function<void(subscriber::AuthenticationAnswer)> done) {
    later([this, query = std::move(query), done = std::move(done)] {
        subscriber::AuthenticationAnswer answer;
        answer.result = Result::user_unknown;
        if (const User* user = find(query.public_identity)) {
            answer.result = Result::success;
            answer.scheme = subscriber::AuthenticationScheme::sip_digest;
            answer.digest = {user->realm, user->ha1};
        }
        done(answer);
    });
}

void MemoryDirectory::assign(subscriber::ServerAssignment query,
                             std::function<void(subscriber::AssignmentAnswer)> done) {
    later([this, query = std::move(query), done = std::move(done)] {
        subscriber::AssignmentAnswer answer;
        answer.result = Result::user_unknown;
        if (User* user = find(query.public_identity)) {
            const auto forget = [user](const std::string& contact) {
                std::erase_if(user->bindings, [&](const ims::Binding& one) { return one.contact == contact; });
            };
            for (const auto& key : query.remove) forget(key.contact);
            for (const auto& binding : query.store) {
                forget(binding.contact);
                user->bindings.push_back(binding);
            }
            user->server_name = user->bindings.empty() ? "" : query.server_name;
            answer.result = Result::success;
            answer.profile = user->profile;
            answer.bindings = user->bindings;
        }
        done(answer);
    });
}

void MemoryDirectory::read_user(std::string public_identity, std::function<void(subscriber::UserAnswer)> done) {
    later([this, identity = std::move(public_identity), done = std::move(done)] {
        subscriber::UserAnswer answer;
        answer.result = Result::user_unknown;
        if (const User* user = find(identity)) {
            answer.result = Result::success;
            answer.user = {user->profile, user->server_name, false, user->bindings};
        }
        done(answer);
    });
}

void MemoryDirectory::load_bindings(std::string, std::optional<std::int64_t>, std::size_t,
                                    std::function<void(subscriber::UserPage)> done) {
    later([done = std::move(done)] { done({Result::success, {}, std::nullopt}); });
}

void MemoryDirectory::read_network(std::function<void(subscriber::NetworkAnswer)> done) {
    later([this, done = std::move(done)] { done({Result::success, servers_, {}}); });
}

}  // namespace isthmus::support
