// The registrations a worker owns: it runs the registrar's decisions, asks the directory, and publishes what became
// durable (registration.md 5-7). Work for a private identity comes from any worker and is done here in turn
// (SR-REG-50).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/runtime/core.hpp"
#include "common/subscriber/directory.hpp"
#include "scscf/registrar/authentication.hpp"
#include "scscf/registrar/bindings.hpp"
#include "scscf/registration_table.hpp"

namespace isthmus::scscf {

struct RegistrarSettings {
    std::string server_name;  ///< SIP URI of this S-CSCF, as the directory knows it
    registrar::ExpiryLimits expiry;
    registrar::AuthenticationRules authentication;
};

/// A REGISTER as the registrar takes it, whatever worker it came to.
struct RegisterWork {
    registrar::RegisterRequest request;
    registrar::Attempt attempt;
};

/// What the worker that holds the transaction answers.
struct RegisterAnswer {
    int status = 500;
    std::string decision;
    registrar::Challenges challenges;              ///< with 401
    std::string warning;                           ///< text of a Warning 399
    std::optional<subscriber::SipEffect> refusal;  ///< what the directory's result means; `status` follows it
    subscriber::Result result = subscriber::Result::success;
    std::uint32_t min_expires_s = 0;  ///< with 423
    bool elsewhere = false;           ///< another S-CSCF serves the user: not answered but sent there (SR-REG-57)
    // with 200
    std::optional<sip::AuthenticationInfo> info;
    ims::Profile profile;
    std::vector<ims::Binding> bindings;  ///< every contact of the set
    std::string service_route;           ///< empty when nothing is registered any more (SR-REG-42)
};

class RegistrarService {
  public:
    using Done = std::function<void(RegisterAnswer)>;

    RegistrarService(runtime::Core& core, const RegistrarSettings& settings, subscriber::Directory& directory,
                     RegistrationTable& table);
    ~RegistrarService();

    /// On the owner's worker. `done` is called there too.
    void handle(RegisterWork work, Done done);
    /// Takes over what is durable: after a restart, or read for a call (SR-REG-58). On the owner's worker.
    void adopt(const ims::Profile& profile, const std::string& private_identity, std::vector<ims::Binding> bindings);
    /// SR-REG-56: since `generation` another S-CSCF serves the set; an older copy goes, and nobody is told. On the
    /// owner's worker.
    void drop(const ims::Profile& profile, const std::string& private_identity, std::int64_t generation);

  private:
    struct User;
    struct Waiting {
        RegisterWork work;
        Done done;
        std::uint64_t since_ms;
    };
    using Handle = std::shared_ptr<User>;

    void run(const Handle& user, RegisterWork work, Done done);
    void ask_vector(const Handle& user, RegisterWork work, Done done, registrar::NeedVector need);
    void challenge(const Handle& user, const RegisterWork& work, const Done& done,
                   const subscriber::AuthenticationAnswer& answer, const std::string& rule);
    void load(const Handle& user, const std::string& identity, std::function<void()> then);
    void publish_others(const ims::Profile& profile, const std::string& name,
                        const std::vector<ims::Binding>& bindings);
    void lose(User& user);
    void reject(const Handle& user, const registrar::Rejected& rejected, const Done& done);
    void authentication_over(const Handle& user, subscriber::AssignmentType type);
    void bind(const Handle& user, const RegisterWork& work, Done done, std::optional<sip::AuthenticationInfo> info);
    void bound(const Handle& user, const subscriber::AssignmentAnswer& answer, RegisterAnswer reply, const Done& done);
    void finish(const Handle& user);
    void expire(const Handle& user);
    void watch_expiry(User& user);
    void forget_if_idle(const Handle& user);
    void publish(User& user);
    [[nodiscard]] RegisterAnswer granted(const User& user, std::optional<sip::AuthenticationInfo> info,
                                         std::string decision);
    [[nodiscard]] std::string nonce();
    /// Wraps a handler so that the directory's answer comes back to this worker.
    template <class Answer, class Handler>
    std::function<void(Answer)> here(Handler handler);

    runtime::Core& core_;
    const RegistrarSettings& settings_;
    subscriber::Directory& directory_;
    RegistrationTable& table_;
    std::unordered_map<std::string, Handle> users_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace isthmus::scscf
