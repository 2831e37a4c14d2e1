// Sends traced messages to a HEP collector by UDP. Workers only copy into a bounded queue; a thread of the exporter's
// own sends. What does not fit is dropped and counted: tracing never slows a call.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/observability/hep.hpp"

namespace isthmus::observability {

struct HepOptions {
    std::string address;  ///< of the collector, a literal; empty: off
    std::uint16_t port = 9060;
    std::uint32_t capture_id = 0;
    std::size_t queue_bytes = std::size_t{16} << 20U;
};

class HepExporter {
  public:
    /// Throws std::runtime_error when the address is none or no socket can be had.
    explicit HepExporter(const HepOptions& options);
    ~HepExporter();  ///< sends what waits
    HepExporter(const HepExporter&) = delete;
    HepExporter& operator=(const HepExporter&) = delete;

    [[nodiscard]] bool on() const noexcept { return impl_ != nullptr; }
    /// `packet.capture_id` is the exporter's.
    void send(HepPacket packet);
    [[nodiscard]] std::uint64_t sent() const noexcept;
    [[nodiscard]] std::uint64_t dropped() const noexcept;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::observability
