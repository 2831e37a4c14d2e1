// What a node may count and measure: entries of a catalogue, each with its name, kind, unit, labels and what it tells.
// Metrics takes nothing else, so docs/metrics.md, which is written from the catalogues, is whole.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace isthmus::observability {

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

std::string_view name_of(MetricKind kind);

struct MetricText {
    std::string_view name;  ///< isthmus_..., a counter ..._total, a histogram ..._seconds, _bytes or _messages
    MetricKind kind = MetricKind::gauge;
    std::string_view unit = {};                ///< "messages", "seconds"
    std::array<std::string_view, 3> labels{};  ///< in this order; empty: none
    std::string_view help = {};                ///< as /metrics says it
};

/// isthmus_, and the ending that its kind asks for (Prometheus naming).
constexpr bool well_named(const MetricText& text) {
    const auto& name = text.name;
    if (!name.starts_with("isthmus_")) return false;
    if ((text.kind == MetricKind::counter) != name.ends_with("_total")) return false;
    return text.kind != MetricKind::histogram || name.ends_with("_seconds") || name.ends_with("_bytes") ||
           name.ends_with("_messages");
}

/// Only made at compile time, so that no name can be put together at run time past the catalogue.
class Metric {
  public:
    consteval Metric(const MetricText& text) : text_(text) {  // NOLINT(google-explicit-constructor)
        if (!well_named(text)) throw "expected isthmus_... and the ending of its kind";
        if (text.unit.empty() || text.help.empty()) throw "unit and help must be given";
    }
    [[nodiscard]] constexpr const MetricText& text() const noexcept { return text_; }

  private:
    MetricText text_;
};

/// A catalogue as a Markdown table for the operator's handbook.
std::string describe(std::span<const Metric* const> catalogue);

}  // namespace isthmus::observability
