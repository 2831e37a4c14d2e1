#include "common/runtime/directory.hpp"
#include "common/runtime/program.hpp"
#include "icscf/metrics.hpp"
#include "icscf/options.hpp"
#include "icscf/pipeline.hpp"

namespace {

using namespace isthmus;

/// Everything of an I-CSCF that outlives its workers.
struct Node {
    explicit Node(std::size_t locations) : shared(locations) {}
    icscf::Shared shared;
    std::unique_ptr<subscriber::PostgresDirectory> directory;
};

runtime::Assembly assemble(const runtime::Parts& parts) {
    runtime::wait_for_database(parts, "icscf");
    const auto locations = static_cast<std::size_t>(parts.configuration.integer("icscf.location_cache_size"));
    auto node = std::make_shared<Node>(locations);
    node->directory = runtime::make_directory(parts, "icscf");
    node->shared.trusted = runtime::address_ranges(parts.configuration.list("icscf.trusted"));
    node->shared.directory = node->directory.get();
    node->shared.restoration = parts.configuration.flag("icscf.restoration");
    node->shared.scscf_timeout_ms = static_cast<std::uint64_t>(parts.configuration.integer("icscf.scscf_timeout_ms"));
    node->shared.network.follow(*node->directory, std::chrono::seconds(2));
    // Who comes before the list is known would be told that no S-CSCF fits.
    node->shared.network.wait_until_read(std::chrono::seconds(10));
    parts.metrics.watch(icscf::measures::location_cache_entries, {},
                        [node] { return static_cast<double>(node->shared.locations.size()); });
    runtime::Assembly assembly;
    assembly.make_role = [node](runtime::Core& core) { return icscf::make_role(core, node->shared); };
    assembly.health = [node] {
        return std::vector<std::pair<std::string, std::string>>{
            {"directory", node->directory->known_down() ? "unreachable" : "reachable"}};
    };
    assembly.stopped = [node] {
        node->shared.network.stop();
        node->directory.reset();
    };
    return assembly;
}

}  // namespace

int main(int argc, char** argv) {
    return runtime::run_program(argc, argv,
                                {"icscf", "I-CSCF: the way into the home network", icscf::options(), assemble});
}
