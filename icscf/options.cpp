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
    options.push_back({.section = "icscf",
                       .key = "scscf_timeout_ms",
                       .form = Form::integer,
                       .fallback = 4'000,
                       .unit = "ms",
                       .min = 100,
                       .max = 32'000,
                       .help = "How long an S-CSCF may say nothing before another one is asked."});  // IR-REG-06
    options.push_back({.section = "icscf",
                       .key = "restoration",
                       .form = Form::boolean,
                       .fallback = true,
                       .help = "Another S-CSCF takes over the users of one that does not answer; if not, their "
                               "requests get 504."});  // IC-SES-05
    return options;
}

}  // namespace isthmus::icscf
