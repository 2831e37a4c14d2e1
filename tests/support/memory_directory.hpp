// A subscriber directory in memory that answers on a thread of its own, as the real one does.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/subscriber/directory.hpp"

namespace isthmus::support {

class MemoryDirectory final : public subscriber::Directory {
  public:
    MemoryDirectory() : thread_([this] { run(); }) {}
    ~MemoryDirectory() override { stop(); }
    MemoryDirectory(const MemoryDirectory&) = delete;
    MemoryDirectory& operator=(const MemoryDirectory&) = delete;

    /// Before the nodes start. `name`@`domain` is public and private identity.
    void add(const std::string& name, const std::string& domain, const std::string& password);
    /// Every other SIP or tel identity is one that this S-CSCF serves.
    void everybody_else_at(std::string server_name) { everybody_else_ = std::move(server_name); }
    void list_server(const std::string& name) { servers_.push_back({name, {}, 0, 1}); }
    /// Answers what was asked and takes no more questions.
    void stop();

    void authorise(subscriber::UserAuthorization query, std::function<void(subscriber::ServerAnswer)> done) override;
    void locate(subscriber::LocationQuery query, std::function<void(subscriber::ServerAnswer)> done) override;
    void authenticate(subscriber::AuthenticationQuery query,
                      std::function<void(subscriber::AuthenticationAnswer)> done) override;
    void assign(subscriber::ServerAssignment query, std::function<void(subscriber::AssignmentAnswer)> done) override;
    void read_user(std::string public_identity, std::function<void(subscriber::UserAnswer)> done) override;
    void load_bindings(std::string server_name, std::optional<std::int64_t> after, std::size_t limit,
                       std::function<void(subscriber::UserPage)> done) override;
    void read_network(std::function<void(subscriber::NetworkAnswer)> done) override;

  private:
    struct User {
        ims::Profile profile;
        std::string realm;
        std::string ha1;
        std::string server_name;
        std::vector<ims::Binding> bindings;
    };
    User* find(const std::string& identity);
    [[nodiscard]] bool somebody(const std::string& identity) const;
    void later(std::function<void()> task);
    void run();

    std::map<std::string, User> users_;  // by public identity; only the thread touches it once nodes run
    std::string everybody_else_;
    std::vector<subscriber::ServerEntry> servers_;
    std::mutex lock_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> tasks_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace isthmus::support
