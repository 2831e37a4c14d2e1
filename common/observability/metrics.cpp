#include "common/observability/metrics.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>
#include <variant>

namespace isthmus::observability {

Histogram::Histogram(std::size_t workers, std::vector<double> bounds) : bounds_(std::move(bounds)), sum_(workers) {
    if (!std::is_sorted(bounds_.begin(), bounds_.end())) throw std::logic_error("histogram bounds must rise");
    for (std::size_t i = 0; i <= bounds_.size(); ++i)
        buckets_.push_back(std::make_unique<Cells<std::uint64_t>>(workers));
}

void Histogram::observe(std::size_t worker, double value) noexcept {
    const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    buckets_[static_cast<std::size_t>(bound - bounds_.begin())]->add(worker, 1);
    sum_.add(worker, value);
}

std::vector<std::uint64_t> Histogram::counts() const {
    std::vector<std::uint64_t> out;
    out.reserve(buckets_.size());
    for (const auto& bucket : buckets_) out.push_back(bucket->sum());
    return out;
}

std::vector<double> latency_bounds_seconds() {
    return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

namespace {

using Watched = std::function<double()>;
using Instrument = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>, Watched>;

struct Family {
    std::string help;
    prometheus::MetricType type;
    std::map<Labels, Instrument> metrics;
};

void fill(prometheus::ClientMetric& to, const Histogram& histogram) {
    std::uint64_t cumulative = 0;
    const auto counts = histogram.counts();
    for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
        cumulative += counts[i];
        prometheus::ClientMetric::Bucket bucket;
        bucket.cumulative_count = cumulative;
        bucket.upper_bound = histogram.bounds()[i];
        to.histogram.bucket.push_back(bucket);
    }
    to.histogram.sample_count = cumulative + counts.back();
    to.histogram.sample_sum = histogram.sum();
}

prometheus::ClientMetric collect(const Labels& labels, const Instrument& instrument) {
    prometheus::ClientMetric out;
    for (const auto& [name, value] : labels) out.label.push_back({name, value});
    if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&instrument)) {
        out.counter.value = static_cast<double>((*counter)->value());
    } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&instrument)) {
        out.gauge.value = static_cast<double>((*gauge)->value());
    } else if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&instrument)) {
        fill(out, **histogram);
    } else {
        out.gauge.value = out.counter.value = std::get<Watched>(instrument)();  // the family's type chooses
    }
    return out;
}

prometheus::MetricType type_of(MetricKind kind) {
    if (kind == MetricKind::counter) return prometheus::MetricType::Counter;
    return kind == MetricKind::gauge ? prometheus::MetricType::Gauge : prometheus::MetricType::Histogram;
}

/// The labels the catalogue names, in its order.
bool has_its_labels(const MetricText& text, const Labels& labels) {
    if (labels.size() > text.labels.size()) return false;
    for (std::size_t i = 0; i < text.labels.size(); ++i)
        if ((i < labels.size() ? std::string_view(labels[i].first) : std::string_view()) != text.labels[i])
            return false;
    return true;
}

std::string labels_of(const MetricText& text) {
    std::string out;
    for (const auto label : text.labels)
        if (!label.empty()) out.append(out.empty() ? "`" : ", `").append(label).append("`");
    return out;
}

}  // namespace

class Metrics::Collector : public prometheus::Collectable {
  public:
    explicit Collector(std::size_t workers) : workers_(workers) {}

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
        const std::lock_guard lock(mutex_);
        std::vector<prometheus::MetricFamily> out;
        for (const auto& [name, family] : families_) {
            prometheus::MetricFamily to{.name = name, .help = family.help, .type = family.type, .metric = {}};
            for (const auto& [labels, instrument] : family.metrics) to.metric.push_back(collect(labels, instrument));
            out.push_back(std::move(to));
        }
        return out;
    }

    /// The instrument of that metric and those labels, made by `make` when there is none yet.
    template <class T, class Make>
    T& find(const MetricText& text, MetricKind kind, const Labels& labels, Make make) {
        const std::string name(text.name);
        if (text.kind != kind) throw std::logic_error("metric of another kind: " + name);
        if (!has_its_labels(text, labels)) throw std::logic_error("labels that are not of the catalogue: " + name);
        const std::lock_guard lock(mutex_);
        auto& family =
            families_.try_emplace(name, Family{.help = std::string(text.help), .type = type_of(kind), .metrics = {}})
                .first->second;
        auto place = family.metrics.find(labels);
        if (place == family.metrics.end()) place = family.metrics.emplace(labels, make()).first;
        auto* instrument = std::get_if<T>(&place->second);
        if (family.type != type_of(kind) || instrument == nullptr)
            throw std::logic_error("metric is of another kind already: " + name);
        return *instrument;
    }

    [[nodiscard]] std::size_t workers() const noexcept { return workers_; }

  private:
    const std::size_t workers_;
    mutable std::mutex mutex_;  ///< of the table, never of the cells
    std::map<std::string, Family> families_;
};

Metrics::Metrics(std::size_t workers) : collector_(std::make_unique<Collector>(workers)) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const Metric& metric, const Labels& labels) {
    return *collector_->find<std::unique_ptr<Counter>>(
        metric.text(), MetricKind::counter, labels, [&] { return std::make_unique<Counter>(collector_->workers()); });
}

Gauge& Metrics::gauge(const Metric& metric, const Labels& labels) {
    return *collector_->find<std::unique_ptr<Gauge>>(metric.text(), MetricKind::gauge, labels,
                                                     [&] { return std::make_unique<Gauge>(collector_->workers()); });
}

Histogram& Metrics::histogram(const Metric& metric, const std::vector<double>& bounds, const Labels& labels) {
    return *collector_->find<std::unique_ptr<Histogram>>(metric.text(), MetricKind::histogram, labels, [&] {
        return std::make_unique<Histogram>(collector_->workers(), bounds);
    });
}

void Metrics::watch(const Metric& metric, const Labels& labels, std::function<double()> read) {
    const auto& text = metric.text();
    if (text.kind == MetricKind::histogram)
        throw std::logic_error("a histogram is not read: " + std::string(text.name));
    collector_->find<Watched>(text, text.kind, labels, [&] { return read; });
}

std::string Metrics::serialise() const {
    return prometheus::TextSerializer().Serialize(collector_->Collect());
}

std::string_view name_of(MetricKind kind) {
    if (kind == MetricKind::counter) return "counter";
    return kind == MetricKind::gauge ? "gauge" : "histogram";
}

std::string describe(std::span<const Metric* const> catalogue) {
    std::string out = "| Name | Type | Unit | Labels | What it tells |\n|---|---|---|---|---|\n";
    for (const auto* metric : catalogue) {
        const auto& text = metric->text();
        out.append("| `").append(text.name).append("` | ").append(name_of(text.kind)).append(" | ");
        out.append(text.unit).append(" | ").append(labels_of(text)).append(" | ").append(text.help).append(" |\n");
    }
    return out;
}

}  // namespace isthmus::observability
