// Answers of the name servers for as long as they may be believed (RFC 1035 7.4, RFC 2308 5). Bounded, shared by all
// workers in shards; the clock is an argument. Finding what is there allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "common/transport/dns.hpp"

namespace isthmus::transport {

/// The bounds of every time to live, seconds. A TTL of 0 is believed for a second, so that a burst of calls to one
/// domain asks once; a failure is remembered briefly, so that a dead name server does not hold up each call anew.
constexpr std::uint32_t longest_ttl_s = 3600;
constexpr std::uint32_t longest_negative_ttl_s = 300;
constexpr std::uint32_t failure_ttl_s = 5;
/// How long `answer` may be believed, by its outcome and its ttl_s.
std::uint32_t believed_s(const DnsAnswer& answer);

class DnsCache {
  public:
    /// Beyond `entries` the oldest ones go.
    explicit DnsCache(std::size_t entries);
    ~DnsCache();

    /// Null when nothing is known (any more).
    [[nodiscard]] AnswerPtr find(RecordType type, std::string_view name, std::uint64_t now_ms) const;
    void store(const Question& question, AnswerPtr answer, std::uint64_t now_ms);
    [[nodiscard]] std::size_t size() const;

    struct Counts {
        std::uint64_t hits = 0;
        std::uint64_t misses = 0;
    };
    [[nodiscard]] Counts counts() const;

  private:
    struct Shard;
    static constexpr std::size_t shards = 16;
    Shard& shard_of(std::size_t hash) const;
    std::unique_ptr<Shard[]> shards_;
};

}  // namespace isthmus::transport
