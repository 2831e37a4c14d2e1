// The I-CSCF: the way into the home network. It asks who serves a user and passes the request on; it keeps nothing
// of a call (IR-REG, IC-SES).
#pragma once

#include <memory>
#include <string>

#include "common/runtime/address_range.hpp"
#include "common/runtime/core.hpp"
#include "common/subscriber/directory.hpp"
#include "icscf/network.hpp"

namespace isthmus::icscf {

struct Settings {
    std::vector<runtime::AddressRange> trusted;
    std::vector<std::string> home_domains;
};

/// `directory` and `network` serve all workers and outlive them.
std::unique_ptr<runtime::Role> make_role(runtime::Core& core, const Settings& settings,
                                         subscriber::Directory& directory, const Network& network);

}  // namespace isthmus::icscf
