// Next hops that are left alone for a while (IW-RTE-08, IR-REG-12, OV-SES-03): one small table for all workers of a
// node, in shards. The clock is an argument.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "common/transport/address.hpp"

namespace isthmus::transport {

enum class Quarantined : std::uint8_t {
    no,
    avoided,  ///< it was silent, or overloaded without saying for how long: only where nothing else is left
    asked     ///< it asked to be left alone (Retry-After): nothing new goes there
};

class Quarantine {
  public:
    /// Until `now_ms + duration_ms`. Of two for the same reason the longer one stays.
    void put(const Peer& peer, Quarantined why, std::uint64_t now_ms, std::uint64_t duration_ms);
    [[nodiscard]] Quarantined of(const Peer& peer, std::uint64_t now_ms);
    /// It answered, so it is avoided no longer; what it asked for stays.
    void answered(const Peer& peer);
    [[nodiscard]] std::size_t size() const { return held_.load(std::memory_order_relaxed); }

    /// Per shard; when it is full of live entries, a further one is not noted.
    static constexpr std::size_t shard_entries = 1024;

  private:
    struct Entry {
        std::uint64_t avoided_until_ms = 0;
        std::uint64_t asked_until_ms = 0;
    };
    static Quarantined state(const Entry& entry, std::uint64_t now_ms);
    /// By TLS a target is an address under a domain: the certificate it shows for one says nothing of another.
    struct PeerHash {
        std::size_t operator()(const Peer& peer) const {
            return AddressHash{}(peer.address) + static_cast<std::size_t>(peer.protocol) +
                   (peer.domain.empty() ? 0 : std::hash<std::string>{}(peer.domain));
        }
    };
    struct Shard {
        mutable std::mutex lock;
        std::unordered_map<Peer, Entry, PeerHash> entries;
    };
    [[nodiscard]] Shard& shard_of(const Peer& peer) { return shards_[PeerHash{}(peer) % shards_.size()]; }

    std::array<Shard, 8> shards_;
    std::atomic<std::size_t> held_ = 0;  // so that a node with nobody in quarantine takes no lock
};

}  // namespace isthmus::transport
