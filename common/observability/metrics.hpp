// Counters, gauges and histograms in the Prometheus text format. Each worker writes to a cell of its own; the cells
// are summed when somebody scrapes, so counting costs one uncontended atomic addition.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/observability/metric.hpp"

namespace isthmus::observability {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// One number per worker, each in its own cache line. Threads that are no worker use the cell `shared`.
template <class Number>
class Cells {
  public:
    explicit Cells(std::size_t workers) : cells_(workers + 1) {}

    void add(std::size_t worker, Number n) noexcept {
        cells_[worker < cells_.size() ? worker : cells_.size() - 1].number.fetch_add(n, std::memory_order_relaxed);
    }
    [[nodiscard]] Number sum() const noexcept {
        Number total = 0;
        for (const auto& cell : cells_) total += cell.number.load(std::memory_order_relaxed);
        return total;
    }

  private:
    struct alignas(64) Cell {
        std::atomic<Number> number = 0;
    };
    std::vector<Cell> cells_;
};

/// The cell for threads that are no worker: database, log, HTTP.
inline constexpr std::size_t shared_cell = SIZE_MAX;

class Counter {
  public:
    explicit Counter(std::size_t workers) : cells_(workers) {}
    void add(std::size_t worker, std::uint64_t n = 1) noexcept { cells_.add(worker, n); }
    [[nodiscard]] std::uint64_t value() const noexcept { return cells_.sum(); }

  private:
    Cells<std::uint64_t> cells_;
};

/// Workers add and subtract; what one adds another may subtract.
class Gauge {
  public:
    explicit Gauge(std::size_t workers) : cells_(workers) {}
    void add(std::size_t worker, std::int64_t n) noexcept { cells_.add(worker, n); }
    [[nodiscard]] std::int64_t value() const noexcept { return cells_.sum(); }

  private:
    Cells<std::int64_t> cells_;
};

class Histogram {
  public:
    Histogram(std::size_t workers, std::vector<double> bounds);
    void observe(std::size_t worker, double value) noexcept;
    [[nodiscard]] const std::vector<double>& bounds() const noexcept { return bounds_; }
    /// How many values fell into each bucket, not cumulated; the last has no upper bound.
    [[nodiscard]] std::vector<std::uint64_t> counts() const;
    [[nodiscard]] double sum() const noexcept { return sum_.sum(); }

  private:
    std::vector<double> bounds_;
    std::vector<std::unique_ptr<Cells<std::uint64_t>>> buckets_;
    Cells<double> sum_;
};

/// Owner of all metrics of a node. Look a metric up once and keep the reference: it lives as long as this.
/// Asking again for the same metric and labels gives the same object. Throws std::logic_error for a metric of another
/// kind, or labels that are not those of its catalogue.
class Metrics {
  public:
    explicit Metrics(std::size_t workers);
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    Counter& counter(const Metric& metric, const Labels& labels = {});
    Gauge& gauge(const Metric& metric, const Labels& labels = {});
    Histogram& histogram(const Metric& metric, const std::vector<double>& bounds, const Labels& labels = {});
    /// A counter or gauge whose value is read when somebody scrapes, on the scraper's thread.
    void watch(const Metric& metric, const Labels& labels, std::function<double()> read);

    /// The page of /metrics.
    [[nodiscard]] std::string serialise() const;

  private:
    class Collector;
    std::unique_ptr<Collector> collector_;
};

/// Bucket bounds for what lasts between a tenth of a millisecond and ten seconds.
std::vector<double> latency_bounds_seconds();

}  // namespace isthmus::observability
