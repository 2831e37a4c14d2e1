// Asks name servers (c-ares) on a thread of its own, and remembers what they said. No worker ever waits: it looks into
// the cache, and what is not there it asks for and is told later.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/transport/dns_cache.hpp"

namespace isthmus::transport {

/// Name servers fell silent, or answer again: told once each, on the resolver's thread.
struct ResolverEvent {
    bool answering = false;
    Question question;  ///< of which it was noticed
    std::string words;
};

struct ResolverOptions {
    std::vector<Address> servers;              ///< empty: the system's (/etc/resolv.conf)
    std::chrono::milliseconds patience{1900};  ///< for one question, whatever it takes: all servers, tries and aliases
    std::size_t cached = 50'000;               ///< answers kept
    std::size_t at_once = 4'096;               ///< questions under way; a further one fails at once
    std::function<void(const ResolverEvent&)> event = {};
};

struct ResolverCounts {
    std::uint64_t queries = 0;  ///< put to name servers
    std::uint64_t cache_hits = 0;
    std::uint64_t timeouts = 0;
    std::uint64_t negative = 0;  ///< no such name, no such record
    std::uint64_t failures = 0;  ///< answers of no use
    std::size_t cache_entries = 0;
};

class Resolver {
  public:
    /// Throws std::runtime_error when c-ares cannot start. `now_ms` may be given for tests; it is called on any thread.
    explicit Resolver(ResolverOptions options, std::function<std::uint64_t()> now_ms = {});
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// What is remembered, or null. From any thread; allocates nothing.
    [[nodiscard]] AnswerPtr known(const Question& question) const;
    /// `done` is called on the resolver's thread, once, within `patience`; never inside this call. Nobody is called any
    /// more once the resolver ends. Equal questions under way share one query.
    void ask(const Question& question, std::function<void(AnswerPtr)> done);
    [[nodiscard]] ResolverCounts counts() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::transport
