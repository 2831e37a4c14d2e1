// A configuration file as anybody may write it, read with the table of the S-CSCF.
#include "common/runtime/configuration.hpp"
#include "scscf/options.hpp"
#include "tests/fuzz/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace isthmus;
    static const auto options = scscf::options();
    const auto read = runtime::Configuration::parse(std::string(fuzz::text(data, size)), "fuzz.toml", options);
    if (!read) {
        fuzz::require(!runtime::print(read.error()).empty(), "a refusal says something");
        return 0;
    }
    const auto printed = read.value().print();
    const auto again = runtime::Configuration::parse(printed, "again.toml", options);
    fuzz::require(again.has_value() && again.value().print() == printed, "the effective values read back the same");
    return 0;
}
