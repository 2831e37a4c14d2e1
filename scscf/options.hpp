// The options only a S-CSCF has; its main passes them to the configuration beside the shared ones.
#pragma once

#include <vector>

#include "common/runtime/configuration.hpp"

namespace isthmus::scscf {

std::vector<runtime::Option> options();

}  // namespace isthmus::scscf
