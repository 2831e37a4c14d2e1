// The I-CSCF: the way into the home network. It asks who serves a user and passes the request on; it keeps nothing
// of a call (IR-REG, IC-SES).
#pragma once

#include <memory>
#include <vector>

#include "common/runtime/address_range.hpp"
#include "common/runtime/core.hpp"
#include "common/subscriber/directory.hpp"
#include "common/transport/silent_hops.hpp"
#include "icscf/location_cache.hpp"
#include "icscf/network.hpp"

namespace isthmus::icscf {

/// What the workers of an I-CSCF share; it outlives them.
struct Shared {
    explicit Shared(std::size_t location_cache_size) : locations(location_cache_size) {}

    std::vector<runtime::AddressRange> trusted;
    subscriber::Directory* directory = nullptr;
    Network network;
    LocationCache locations;
    transport::SilentHops silent;  ///< S-CSCFs
    bool restoration = true;       ///< another S-CSCF takes over the users of one that does not answer
    std::uint64_t scscf_timeout_ms = 4'000;
};

std::unique_ptr<runtime::Role> make_role(runtime::Core& core, Shared& shared);

}  // namespace isthmus::icscf
