// The options only a I-CSCF has; its main passes them to the configuration beside the shared ones.
#pragma once

#include <vector>

#include "common/runtime/configuration.hpp"

namespace isthmus::icscf {

std::vector<runtime::Option> options();

}  // namespace isthmus::icscf
