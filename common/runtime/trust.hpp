// Which neighbours are of the IM core (TD-SES-01): by address, as configured.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "common/runtime/address_range.hpp"
#include "common/transport/address.hpp"

namespace isthmus::runtime {

/// One per worker: remembers what it was asked, for the neighbours are few.
class Trust {
  public:
    explicit Trust(std::vector<AddressRange> ranges) : ranges_(std::move(ranges)) {}
    [[nodiscard]] bool trusted(const transport::Address& address);

  private:
    std::vector<AddressRange> ranges_;
    std::unordered_map<transport::Address, bool, transport::AddressHash> known_;
};

}  // namespace isthmus::runtime
