#include "common/runtime/program.hpp"
#include "pcscf/metrics.hpp"
#include "pcscf/options.hpp"
#include "pcscf/pipeline.hpp"

namespace {

using namespace isthmus;

/// What the P-CSCF's workers share.
struct Shared {
    pcscf::Settings settings;
    pcscf::BindingTable bindings;
};

pcscf::Settings settings_from(const runtime::Configuration& configuration) {
    pcscf::Settings settings;
    settings.visited_network = configuration.text("pcscf.visited_network");
    settings.icscf = configuration.text("pcscf.icscf");
    settings.trusted = runtime::address_ranges(configuration.list("pcscf.trusted"));
    settings.route_check =
        configuration.text("pcscf.route_check") == "reject" ? pcscf::RouteCheck::reject : pcscf::RouteCheck::replace;
    settings.restoration = configuration.flag("pcscf.restoration");
    settings.restoration_504 = configuration.flag("pcscf.restoration_504");
    settings.strict_contact = configuration.text("pcscf.contact_check") == "strict";
    settings.access_timing = {static_cast<std::uint32_t>(configuration.integer("access.t1_ms")),
                              static_cast<std::uint32_t>(configuration.integer("access.t2_ms")),
                              static_cast<std::uint32_t>(configuration.integer("access.t4_ms"))};
    return settings;
}

runtime::Assembly assemble(const runtime::Parts& parts) {
    auto shared = std::make_shared<Shared>();
    shared->settings = settings_from(parts.configuration);
    parts.metrics.watch(pcscf::measures::access_bindings, {},
                        [shared] { return static_cast<double>(shared->bindings.size()); });
    runtime::Assembly assembly;
    assembly.make_role = [shared](runtime::Core& core) {
        return pcscf::make_role(core, shared->settings, shared->bindings);
    };
    return assembly;
}

}  // namespace

int main(int argc, char** argv) {
    return runtime::run_program(argc, argv,
                                {"pcscf", "P-CSCF: where phones reach the IM core", pcscf::options(), assemble});
}
