// The call rates of all rows and subscribers, shared by the workers (IW-RES-07).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "scscf/policy/call_rate.hpp"
#include "scscf/policy/decide.hpp"

namespace isthmus::scscf {

class CallRates {
  public:
    struct Refusal {
        std::string_view whose;  ///< "destination" or "subscriber"
        std::uint32_t retry_after_s = 1;
    };
    /// Counts a new call of `subscriber` by this decision; a refusal where that is one too many.
    std::optional<Refusal> take(const policy::Decision& decision, std::string_view subscriber, std::uint64_t now_ms);
    [[nodiscard]] std::size_t size() const;

  private:
    struct Shard {
        mutable std::mutex mutex;
        std::unordered_map<std::string, policy::CallRate> rates;
        std::size_t sweep_at = 1024;
    };
    std::optional<std::uint32_t> refuse(const std::string& key, std::uint32_t per_second, std::uint64_t now_ms);

    std::array<Shard, 16> shards_;
};

}  // namespace isthmus::scscf
