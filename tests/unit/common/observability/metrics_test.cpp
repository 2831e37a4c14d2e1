#include "common/observability/metrics.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace isthmus::observability {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Metrics, cells_of_all_workers_are_summed_at_the_scrape) {
    Metrics metrics(4);
    auto& counter = metrics.counter("isthmus_requests_total", "Requests.", {{"method", "INVITE"}});
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
    auto& gauge = metrics.gauge("isthmus_transactions", "Open transactions.");
    gauge.add(0, 5);
    gauge.add(1, -2);
    EXPECT_THAT(metrics.serialise(), HasSubstr("isthmus_transactions 3\n"));
}

TEST(Metrics, histogram_buckets_are_cumulated_and_bounds_inclusive) {
    Metrics metrics(1);
    auto& histogram = metrics.histogram("isthmus_setup_seconds", "Set-up.", {0.1, 1});
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
    auto& first = metrics.counter("isthmus_a_total", "A.", {{"x", "1"}});
    EXPECT_EQ(&first, &metrics.counter("isthmus_a_total", "A.", {{"x", "1"}}));
    EXPECT_NE(&first, &metrics.counter("isthmus_a_total", "A.", {{"x", "2"}}));
}

TEST(Metrics, a_watched_value_is_read_at_each_scrape) {
    Metrics metrics(1);
    double value = 1;
    metrics.watch("isthmus_queue_messages", "Waiting.", {}, [&] { return value; });
    EXPECT_THAT(metrics.serialise(), HasSubstr("isthmus_queue_messages 1\n"));
    metrics.watch("isthmus_dropped_total", "Dropped.", {}, [&] { return value; });
    EXPECT_THAT(metrics.serialise(), HasSubstr("# TYPE isthmus_queue_messages gauge\n"));
    EXPECT_THAT(metrics.serialise(), HasSubstr("# TYPE isthmus_dropped_total counter\nisthmus_dropped_total 1\n"));
    value = 7;
    EXPECT_THAT(metrics.serialise(), HasSubstr("isthmus_queue_messages 7\n"));
}

TEST(Metrics, names_without_prefix_or_unit_and_mixed_kinds_are_refused) {
    Metrics metrics(1);
    EXPECT_THROW(metrics.counter("requests_total", "x"), std::logic_error);
    EXPECT_THROW(metrics.counter("isthmus_requests", "x"), std::logic_error);
    EXPECT_THROW(metrics.histogram("isthmus_setup", "x", {1}), std::logic_error);
    EXPECT_THROW(metrics.histogram("isthmus_setup_seconds", "x", {2, 1}), std::logic_error);
    metrics.gauge("isthmus_open", "x");
    EXPECT_THROW(metrics.watch("isthmus_open", "x", {}, [] { return 0.0; }), std::logic_error);
}

TEST(Metrics, a_label_cannot_break_the_page) {
    Metrics metrics(1);
    metrics.counter("isthmus_a_total", "A.", {{"peer", "a\"\n} 1"}}).add(0);
    EXPECT_THAT(metrics.serialise(), HasSubstr("isthmus_a_total{peer=\"a\\\"\\n} 1\"} 1\n"));
}

}  // namespace
}  // namespace isthmus::observability
