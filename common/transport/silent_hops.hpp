// Next hops by name that did not answer of late (IR-REG-12): asked last for a while, by all workers of a node. The
// clock is an argument. Unlike the quarantine of addresses it knows silence and broken connections only: somebody who
// is overloaded keeps his users.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace isthmus::transport {

class SilentHops {
  public:
    static constexpr std::uint64_t usual_ms = 30'000;

    void put(std::string_view name, std::uint64_t now_ms);
    [[nodiscard]] bool is_silent(std::string_view name, std::uint64_t now_ms);
    /// False: all answer, and nobody need make a name to ask by.
    [[nodiscard]] bool any() const { return held_.load(std::memory_order_relaxed) > 0; }
    void answered(std::string_view name);

    /// More hops than any network has S-CSCFs; a further one is not noted.
    static constexpr std::size_t most = 1024;

  private:
    std::mutex lock_;
    std::map<std::string, std::uint64_t, std::less<>> until_ms_;
    std::atomic<std::size_t> held_ = 0;  // so that nobody takes the lock while all answer
};

}  // namespace isthmus::transport
