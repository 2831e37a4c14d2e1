#include "scscf/options.hpp"

namespace isthmus::scscf {

using runtime::Form;
using runtime::Option;

namespace {

Option expiry(std::string_view key, std::int64_t fallback, std::string_view help) {
    return {.section = "registrar",
            .key = key,
            .form = Form::integer,
            .fallback = fallback,
            .unit = "s",
            .min = 1,
            .max = 31'536'000,
            .help = help};
}

}  // namespace

std::vector<Option> options() {
    std::vector<Option> options = runtime::database_options();
    options.push_back({.section = "scscf",
                       .key = "uri",
                       .form = Form::sip_uri,
                       .help = "This S-CSCF's name: the one the database knows it by, and where I-CSCFs reach it."});
    options.push_back({.section = "scscf",
                       .key = "icscf",
                       .form = Form::sip_uri,
                       .help = "I-CSCF of the home network: where calls to a home domain go."});
    options.push_back({.section = "scscf",
                       .key = "trusted",
                       .form = Form::network_list,
                       .min = 1,
                       .max = 64,
                       .help = "Addresses of P-, I- and S-CSCFs; every other neighbour is outside."});
    options.push_back({.section = "scscf",
                       .key = "redirect_term",
                       .form = Form::choice,
                       .fallback = "pass",
                       .choices = {"pass", "recurse"},
                       .help = "A 3xx of a callee is passed to the caller, or its contacts that are users of the home "
                               "domains are tried instead."});  // ST-SES-11
    // SR-REG-20
    options.push_back(expiry("min_expires_s", 60, "A shorter registration is answered with 423."));
    options.push_back(expiry("default_expires_s", 3600, "Granted when the UE asks for none."));
    options.push_back(expiry("max_expires_s", 604'800, "A longer registration is shortened to this."));
    // SR-REG-06
    options.push_back(expiry("nonce_unused_s", 60, "How long a challenge may be answered."));
    options.push_back(expiry("nonce_used_s", 3600, "How long a nonce that was answered once may be used again."));
    options.push_back({.section = "registrar",
                       .key = "aka_without_ipsec",
                       .form = Form::boolean,
                       .fallback = false,
                       .help = "Lets phones with a card register without a security agreement (IPsec)."});  // SR-REG-14
    options.push_back({.section = "registrar",
                       .key = "aka_qop",
                       .form = Form::boolean,
                       .fallback = false,
                       .help = "Offers qop=\"auth\" in challenges to cards."});  // SR-REG-05
    return options;
}

}  // namespace isthmus::scscf
