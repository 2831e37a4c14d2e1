// Counts what this program allocates.
#pragma once

#include <cstddef>

namespace isthmus::transport::tests {

void count_allocations();           ///< from now on, from zero
std::size_t counted_allocations();  ///< since then; ends the counting

}  // namespace isthmus::transport::tests
