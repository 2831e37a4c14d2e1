#include "icscf/options.hpp"

namespace isthmus::icscf {

using runtime::Form;
using runtime::Option;

std::vector<Option> options() {
    std::vector<Option> options = runtime::database_options();
    options.push_back({.section = "icscf",
                       .key = "trusted",
                       .form = Form::network_list,
                       .min = 1,
                       .max = 64,
                       .help = "Addresses of P-, I- and S-CSCFs: a REGISTER from elsewhere gets 403."});  // IR-REG-01
    options.push_back(
        {.section = "icscf",
         .key = "location_cache_size",
         .form = Form::integer,
         .fallback = 1'000'000,
         .unit = "entries",
         .min = 0,
         .max = 100'000'000,
         .help = "Who serves whom, remembered for calls while the directory is unreachable."});  // IC-SES-10
    return options;
}

}  // namespace isthmus::icscf
