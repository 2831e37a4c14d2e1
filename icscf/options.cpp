#include "icscf/options.hpp"

namespace isthmus::icscf {

using runtime::Form;
using runtime::Option;

std::vector<Option> options() {
    std::vector<Option> options;
    options.push_back({.section = "icscf",
                       .key = "trusted",
                       .form = Form::network_list,
                       .min = 1,
                       .max = 64,
                       .help = "Addresses of P-, I- and S-CSCFs: a REGISTER from elsewhere gets 403."});  // IR-REG-01
    options.push_back({.section = "icscf",
                       .key = "scscf_timeout_s",
                       .form = Form::integer,
                       .fallback = 4,
                       .unit = "s",
                       .min = 1,
                       .max = 32,
                       .help = "An S-CSCF that gives no answer at all for so long is passed over."});  // IR-REG-06
    return options;
}

}  // namespace isthmus::icscf
