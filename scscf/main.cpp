#include "common/observability/catalogue.hpp"
#include "common/runtime/directory.hpp"
#include "common/runtime/program.hpp"
#include "scscf/messages.hpp"
#include "scscf/metrics.hpp"
#include "scscf/options.hpp"
#include "scscf/pipeline.hpp"
#include "scscf/restart.hpp"

namespace {

using namespace isthmus;

/// Everything of an S-CSCF that outlives its workers, in the order of its end.
struct Node {
    scscf::Shared shared;
    scscf::PolicyStore policy;
    std::unique_ptr<subscriber::PostgresDirectory> directory;
    std::unique_ptr<scscf::PolicyLoader> loader;
    std::unique_ptr<scscf::AssignmentWatch> assignments;
};

scscf::Settings settings_from(const runtime::Configuration& configuration) {
    scscf::Settings settings;
    const auto seconds = [&](std::string_view name) { return static_cast<std::uint32_t>(configuration.integer(name)); };
    settings.registrar.server_name = configuration.text("scscf.uri");
    settings.registrar.expiry = {seconds("registrar.min_expires_s"), seconds("registrar.default_expires_s"),
                                 seconds("registrar.max_expires_s")};
    settings.registrar.authentication = {
        seconds("registrar.nonce_unused_s") * 1000ULL, seconds("registrar.nonce_used_s") * 1000ULL,
        configuration.flag("registrar.aka_without_ipsec"), configuration.flag("registrar.aka_qop")};
    settings.icscf = configuration.text("scscf.icscf");
    settings.home_domains = configuration.list("node.domains");
    settings.trusted = runtime::address_ranges(configuration.list("scscf.trusted"));
    settings.follow_redirections = configuration.text("scscf.redirect_term") == "recurse";
    return settings;
}

void watch(const runtime::Parts& parts, const std::shared_ptr<Node>& node) {
    parts.metrics.watch(scscf::measures::registrations, {},
                        [node] { return static_cast<double>(node->shared.registrations.size()); });
    parts.metrics.watch(scscf::measures::policy_version, {},
                        [node] { return static_cast<double>(node->policy.status().version); });
    parts.metrics.watch(scscf::measures::policy_rows, {},
                        [node] { return static_cast<double>(node->policy.status().rows); });
    parts.metrics.watch(scscf::measures::policy_age, {}, [node] {
        return std::chrono::duration<double>(node->policy.status().age(scscf::PolicyStore::Clock::now())).count();
    });
}

runtime::Assembly assemble(const runtime::Parts& parts) {
    runtime::wait_for_database(parts, "scscf");
    auto node = std::make_shared<Node>();
    node->directory = runtime::make_directory(parts, "scscf");
    node->loader = std::make_unique<scscf::PolicyLoader>(
        runtime::database_connection(parts.configuration, "scscf policy"), node->policy,
        [&log = parts.log](const scscf::PolicyEvent& event) { scscf::report(log, event); });
    node->shared.settings = settings_from(parts.configuration);
    node->shared.directory = node->directory.get();
    node->shared.policy = &node->policy;
    node->shared.metrics = &parts.metrics;
    node->shared.report = [&log = parts.log](const scscf::RestorationEvent& event) { scscf::report(log, event); };
    watch(parts, node);

    runtime::Assembly assembly;
    assembly.make_role = [node](runtime::Core& core) { return scscf::make_role(core, node->shared); };
    assembly.bound = [node, connection = runtime::database_connection(parts.configuration, "scscf assignments")](
                         runtime::Server& server) {
        scscf::restore(server, node->shared);
        node->assignments = scscf::watch_assignments(connection, server, node->shared);
    };
    assembly.ready = [node] { return node->policy.current() != nullptr; };
    assembly.health = [node] {
        return std::vector<std::pair<std::string, std::string>>{
            {"directory", node->directory->known_down() ? "unreachable" : "reachable"},
            {"policy",
             node->policy.current() ? "version " + std::to_string(node->policy.status().version) : "not loaded"}};
    };
    assembly.stopped = [node] {
        node->assignments.reset();
        node->loader.reset();
        node->directory.reset();
    };
    return assembly;
}

}  // namespace

int main(int argc, char** argv) {
    return runtime::run_program(
        argc, argv, {"scscf", "S-CSCF: registrar, calls, and the border to the Internet", scscf::options(), assemble});
}
