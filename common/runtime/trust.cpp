#include "common/runtime/trust.hpp"

namespace isthmus::runtime {

bool Trust::trusted(const transport::Address& address) {
    auto without_port = address;
    without_port.port = 0;
    if (const auto found = known_.find(without_port); found != known_.end()) return found->second;
    if (known_.size() > 4096) known_.clear();
    const bool verdict = any_contains(ranges_, without_port.ip());
    known_.emplace(without_port, verdict);
    return verdict;
}

}  // namespace isthmus::runtime
