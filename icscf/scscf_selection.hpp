// Which S-CSCF serves a user nobody serves yet (IR-REG-04, IR-REG-07), pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/subscriber/directory.hpp"

namespace isthmus::icscf {

/// The best S-CSCF that has every mandatory capability: most optional ones, then lowest priority number, then by
/// weight with `draw`, a random number. Nothing when none has them: 600.
std::optional<std::string> select_scscf(const std::vector<subscriber::ServerEntry>& servers,
                                        const subscriber::ServerCapabilities& wanted, std::uint64_t draw);

}  // namespace isthmus::icscf
