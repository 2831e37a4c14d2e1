#include "scscf/restart.hpp"

#include "scscf/user_reader.hpp"

namespace isthmus::scscf {
namespace {

constexpr std::size_t page_size = 500;

void adopt(runtime::Server& server, Shared& shared, const subscriber::User& user) {
    std::unordered_map<std::string, std::vector<ims::Binding>> by_private_identity;
    for (const auto& binding : user.bindings) by_private_identity[binding.private_identity].push_back(binding);
    for (auto& [name, bindings] : by_private_identity) {
        const auto owner = registration_owner(server.core(0), name);
        server.post(owner, [registrar = shared.registrars.at(owner), profile = user.profile, key = name,
                            own = std::move(bindings)]() mutable { registrar->adopt(profile, key, std::move(own)); });
    }
}

void read_page(runtime::Server& server, Shared& shared, std::optional<std::int64_t> after) {
    shared.directory->load_bindings(shared.settings.registrar.server_name, after, page_size,
                                    [&server, &shared](const subscriber::UserPage& page) {
                                        for (const auto& user : page.users) adopt(server, shared, user);
                                        if (page.result == subscriber::Result::success && page.next)
                                            read_page(server, shared, page.next);
                                    });
}

}  // namespace

void restore(runtime::Server& server, Shared& shared) {
    read_page(server, shared, std::nullopt);
}

std::unique_ptr<AssignmentWatch> watch_assignments(const database::ConnectionOptions& connection,
                                                   runtime::Server& server, Shared& shared) {
    return std::make_unique<AssignmentWatch>(connection, shared.settings.registrar.server_name, shared.registrations,
                                             [&server, &shared](std::int64_t set_id, std::int64_t generation) {
                                                 drop_set(shared, server.core(0), set_id, generation,
                                                          [&server](std::size_t worker, std::function<void()> task) {
                                                              server.post(worker, std::move(task));
                                                          });
                                             });
}

}  // namespace isthmus::scscf
