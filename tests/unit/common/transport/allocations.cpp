#include "tests/unit/common/transport/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<bool> counting = false;
std::atomic<std::size_t> allocations = 0;
}  // namespace

namespace isthmus::transport::tests {

void count_allocations() {
    allocations = 0;
    counting = true;
}

std::size_t counted_allocations() {
    counting = false;
    return allocations;
}

}  // namespace isthmus::transport::tests

// Every allocation of this program passes here. In a file of its own: the compiler must not look through it.
void* operator new(std::size_t size) {
    if (counting) ++allocations;
    if (void* place = std::malloc(size != 0 ? size : 1)) return place;
    throw std::bad_alloc();
}
void operator delete(void* place) noexcept {
    std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
    std::free(place);
}
