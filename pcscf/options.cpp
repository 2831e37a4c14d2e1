#include "pcscf/options.hpp"

namespace isthmus::pcscf {

using runtime::Form;
using runtime::Option;

namespace {

/// TS 24.229 7.7: timers of the radio leg (PR-REG-14).
void append_access_timers(std::vector<Option>& to) {
    to.push_back({.section = "access",
                  .key = "t1_ms",
                  .form = Form::integer,
                  .fallback = 2000,
                  .unit = "ms",
                  .min = 10,
                  .max = 30000,
                  .help = "T1 towards the UEs."});
    to.push_back({.section = "access",
                  .key = "t2_ms",
                  .form = Form::integer,
                  .fallback = 16000,
                  .unit = "ms",
                  .min = 10,
                  .max = 60000,
                  .help = "T2 towards the UEs."});
    to.push_back({.section = "access",
                  .key = "t4_ms",
                  .form = Form::integer,
                  .fallback = 17000,
                  .unit = "ms",
                  .min = 0,
                  .max = 60000,
                  .help = "T4 towards the UEs."});
}

}  // namespace

std::vector<Option> options() {
    std::vector<Option> options;
    options.push_back({.section = "pcscf",
                       .key = "visited_network",
                       .form = Form::text,
                       .min = 1,
                       .max = 253,
                       .help = "Name of this network in P-Visited-Network-ID and in orig-ioi."});  // PR-REG-05, -06
    options.push_back({.section = "pcscf",
                       .key = "icscf",
                       .form = Form::sip_uri,
                       .help = "I-CSCF of the home network: where REGISTER goes."});
    options.push_back({.section = "pcscf",
                       .key = "trusted",
                       .form = Form::network_list,
                       .min = 1,
                       .max = 64,
                       .help = "Addresses of the core: what comes from elsewhere comes from a UE."});
    options.push_back({.section = "pcscf",
                       .key = "route_check",
                       .form = Form::choice,
                       .fallback = "replace",
                       .choices = {"reject", "replace"},
                       .help = "A Route other than the Service-Route is answered with 400, or replaced by it."});
    options.push_back({.section = "pcscf",
                       .key = "contact_check",
                       .form = Form::choice,
                       .fallback = "lenient",
                       .choices = {"strict", "lenient"},
                       .help = "A Contact that is not registered is answered with 403, or accepted."});
    options.push_back({.section = "pcscf",
                       .key = "restoration",
                       .form = Form::boolean,
                       .fallback = true,
                       .help = "A request of a user whose S-CSCF does not answer goes to the I-CSCF, which finds "
                               "another S-CSCF; if not, it gets 504."});  // PO-SES-15
    options.push_back({.section = "pcscf",
                       .key = "restoration_504",
                       .form = Form::boolean,
                       .fallback = true,
                       .help = "A 504 because no S-CSCF answers tells the UE to register anew."});  // PO-SES-15
    append_access_timers(options);
    return options;
}

}  // namespace isthmus::pcscf
