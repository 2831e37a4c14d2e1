#include "common/observability/metrics.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace isthmus::observability {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Metric requests = MetricText{.name = "isthmus_requests_total",
                                       .kind = MetricKind::counter,
                                       .unit = "requests",
                                       .labels = {"method"},
                                       .help = "Requests."};
constexpr Metric transactions =
    MetricText{.name = "isthmus_transactions", .unit = "transactions", .help = "Open transactions."};
constexpr Metric setup =
    MetricText{.name = "isthmus_setup_seconds", .kind = MetricKind::histogram, .unit = "seconds", .help = "Set-up."};
constexpr Metric queue = MetricText{.name = "isthmus_queue_messages", .unit = "messages", .help = "Waiting."};
constexpr Metric dropped =
    MetricText{.name = "isthmus_dropped_total", .kind = MetricKind::counter, .unit = "messages", .help = "Dropped."};

TEST(Metrics, cells_of_all_workers_are_summed_at_the_scrape) {
    Metrics metrics(4);
    auto& counter = metrics.counter(requests, {{"method", "INVITE"}});
    std::vector<std::thread> workers;
    for (std::size_t worker = 0; worker < 4; ++worker) {
        workers.emplace_back([&counter, worker] {
            for (int i = 0; i < 10'000; ++i) counter.add(worker);
        });
    }
    for (auto& worker : workers) worker.join();
    counter.add(shared_cell, 2);
    EXPECT_EQ(counter.value(), 40'002U);
    EXPECT_THAT(metrics.serialise(), HasSubstr("# HELP isthmus_requests_total Requests.\n"
                                               "# TYPE isthmus_requests_total counter\n"
                                               "isthmus_requests_total{method=\"INVITE\"} 40002\n"));
}

TEST(Metrics, a_worker_number_beyond_the_cells_counts_as_shared) {
    Counter counter(1);
    counter.add(7);
    EXPECT_EQ(counter.value(), 1U);
}

TEST(Metrics, what_one_worker_adds_another_may_take) {
    Metrics metrics(2);
    auto& gauge = metrics.gauge(transactions);
    gauge.add(0, 5);
    gauge.add(1, -2);
    EXPECT_THAT(metrics.serialise(), HasSubstr("isthmus_transactions 3\n"));
}

TEST(Metrics, histogram_buckets_are_cumulated_and_bounds_inclusive) {
    Metrics metrics(1);
    auto& histogram = metrics.histogram(setup, {0.1, 1});
    for (const double value : {0.1, 0.5, 3.0}) histogram.observe(0, value);
    EXPECT_THAT(histogram.counts(), ElementsAre(1U, 1U, 1U));
    const auto page = metrics.serialise();
    EXPECT_THAT(page, HasSubstr("isthmus_setup_seconds_count 3\n"));
    EXPECT_THAT(page, HasSubstr("isthmus_setup_seconds_bucket{le=\"0.1\"} 1\n"));
    EXPECT_THAT(page, HasSubstr("isthmus_setup_seconds_bucket{le=\"1\"} 2\n"));
    EXPECT_THAT(page, HasSubstr("isthmus_setup_seconds_bucket{le=\"+Inf\"} 3\n"));
    EXPECT_NEAR(histogram.sum(), 3.6, 1e-9);
}

TEST(Metrics, same_name_and_labels_give_the_same_object) {
    Metrics metrics(1);
    auto& first = metrics.counter(requests, {{"method", "1"}});
    EXPECT_EQ(&first, &metrics.counter(requests, {{"method", "1"}}));
    EXPECT_NE(&first, &metrics.counter(requests, {{"method", "2"}}));
}

TEST(Metrics, a_watched_value_is_read_at_each_scrape) {
    Metrics metrics(1);
    double value = 1;
    metrics.watch(queue, {}, [&] { return value; });
    EXPECT_THAT(metrics.serialise(), HasSubstr("isthmus_queue_messages 1\n"));
    metrics.watch(dropped, {}, [&] { return value; });
    EXPECT_THAT(metrics.serialise(), HasSubstr("# TYPE isthmus_queue_messages gauge\n"));
    EXPECT_THAT(metrics.serialise(), HasSubstr("# TYPE isthmus_dropped_total counter\nisthmus_dropped_total 1\n"));
    value = 7;
    EXPECT_THAT(metrics.serialise(), HasSubstr("isthmus_queue_messages 7\n"));
}

TEST(Metrics, names_without_prefix_or_unit_do_not_compile) {
    const auto named = [](std::string_view name, MetricKind kind) { return well_named({.name = name, .kind = kind}); };
    EXPECT_TRUE(named("isthmus_requests_total", MetricKind::counter));
    EXPECT_FALSE(named("requests_total", MetricKind::counter));
    EXPECT_FALSE(named("isthmus_requests", MetricKind::counter));
    EXPECT_FALSE(named("isthmus_open_total", MetricKind::gauge));
    EXPECT_FALSE(named("isthmus_setup", MetricKind::histogram));
}

TEST(Metrics, another_kind_and_labels_of_no_catalogue_are_refused) {
    Metrics metrics(1);
    EXPECT_THROW(metrics.histogram(setup, {2, 1}), std::logic_error);
    EXPECT_THROW(metrics.gauge(dropped), std::logic_error);
    EXPECT_THROW(metrics.watch(setup, {}, [] { return 0.0; }), std::logic_error);
    EXPECT_THROW(metrics.counter(requests), std::logic_error);
    EXPECT_THROW(metrics.counter(requests, {{"status", "200"}}), std::logic_error);
    EXPECT_THROW(metrics.counter(dropped, {{"method", "INVITE"}}), std::logic_error);
    metrics.gauge(transactions);
    EXPECT_THROW(metrics.watch(transactions, {}, [] { return 0.0; }), std::logic_error);
}

TEST(Metrics, a_label_cannot_break_the_page) {
    Metrics metrics(1);
    metrics.counter(requests, {{"method", "a\"\n} 1"}}).add(0);
    EXPECT_THAT(metrics.serialise(), HasSubstr("isthmus_requests_total{method=\"a\\\"\\n} 1\"} 1\n"));
}

TEST(Metrics, the_page_of_the_handbook_has_a_row_for_each) {
    constexpr std::array catalogue = {&requests, &queue};
    const auto page = describe(catalogue);
    EXPECT_THAT(page, HasSubstr("| `isthmus_requests_total` | counter | requests | `method` | Requests. |\n"));
    EXPECT_THAT(page, HasSubstr("| `isthmus_queue_messages` | gauge | messages |  | Waiting. |\n"));
}

}  // namespace
}  // namespace isthmus::observability
