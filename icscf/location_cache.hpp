// Who serves whom, as last heard: read only while the directory is unreachable, so that calls go on (IC-SES-10).
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace isthmus::icscf {

/// Shared by the workers. Times are milliseconds of a steady clock.
class LocationCache {
  public:
    explicit LocationCache(std::size_t capacity) : capacity_(capacity) {}

    static constexpr std::uint64_t longest_life_ms = 3'600'000;

    /// `life_ms` is cut to an hour. The entry used longest ago makes room.
    void put(const std::string& public_identity, const std::string& server_name, std::uint64_t now_ms,
             std::uint64_t life_ms);
    void remove(const std::string& public_identity);
    [[nodiscard]] std::optional<std::string> find(const std::string& public_identity, std::uint64_t now_ms);
    [[nodiscard]] std::size_t size() const;

  private:
    struct Entry {
        std::string identity;
        std::string server_name;
        std::uint64_t until_ms;
    };
    mutable std::mutex lock_;
    std::size_t capacity_;
    std::list<Entry> entries_;  // newest first
    std::unordered_map<std::string, std::list<Entry>::iterator> index_;
};

}  // namespace isthmus::icscf
