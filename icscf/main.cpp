#include "common/runtime/directory.hpp"
#include "common/runtime/program.hpp"
#include "icscf/network.hpp"
#include "icscf/options.hpp"
#include "icscf/pipeline.hpp"

namespace {

using namespace isthmus;

/// What the I-CSCF's workers share.
struct Shared {
    icscf::Settings settings;
    icscf::Network network;
    std::unique_ptr<subscriber::PostgresDirectory> directory;
};

runtime::Assembly assemble(const runtime::Parts& parts) {
    runtime::wait_for_database(parts, "icscf");
    auto shared = std::make_shared<Shared>();
    shared->settings.trusted = runtime::address_ranges(parts.configuration.list("icscf.trusted"));
    shared->directory = runtime::make_directory(parts, "icscf");
    shared->network.follow(*shared->directory, std::chrono::seconds(2));
    runtime::Assembly assembly;
    assembly.make_role = [shared](runtime::Core& core) {
        return icscf::make_role(core, shared->settings, *shared->directory, shared->network);
    };
    assembly.health = [shared] {
        return std::vector<std::pair<std::string, std::string>>{
            {"directory", shared->directory->known_down() ? "unreachable" : "reachable"}};
    };
    assembly.stopped = [shared] {
        shared->network.stop();
        shared->directory.reset();
    };
    return assembly;
}

}  // namespace

int main(int argc, char** argv) {
    return runtime::run_program(argc, argv,
                                {"icscf", "I-CSCF: the way into the home network", icscf::options(), assemble});
}
