#include "common/runtime/naming.hpp"

#include "common/observability/catalogue.hpp"
#include "common/observability/metric_catalogue.hpp"

namespace isthmus::runtime {

transport::ResolverOptions resolver_options(const Configuration& configuration) {
    transport::ResolverOptions options;
    for (const auto& endpoint : configuration.endpoints("dns.servers"))
        if (const auto address = transport::Address::parse(endpoint.address, endpoint.port))
            options.servers.push_back(*address);
    options.patience = configuration.milliseconds("dns.patience_ms");
    options.cached = static_cast<std::size_t>(configuration.integer("dns.cache_entries"));
    return options;
}

void report(observability::Log& log, const transport::ResolverEvent& event) {
    if (event.answering) return log.write(observability::messages::dns_answers);
    log.write(observability::messages::dns_silent,
              {{"type", name(event.question.type)},
               {"name", std::string_view(event.question.name.data(), event.question.name.size())},
               {"reason", event.words}});
}

void watch_dns(observability::Metrics& metrics, const Server& server) {
    const auto watch = [&](const observability::Metric& metric, auto read) {
        metrics.watch(metric, {}, [&server, read] { return static_cast<double>(read(server.dns())); });
    };
    using Counts = const transport::ResolverCounts&;
    watch(observability::measures::dns_queries, [](Counts c) { return c.queries; });
    watch(observability::measures::dns_cache_hits, [](Counts c) { return c.cache_hits; });
    watch(observability::measures::dns_timeouts, [](Counts c) { return c.timeouts; });
    watch(observability::measures::dns_negative, [](Counts c) { return c.negative; });
    watch(observability::measures::dns_failures, [](Counts c) { return c.failures; });
    watch(observability::measures::dns_cache_entries, [](Counts c) { return c.cache_entries; });
    metrics.watch(observability::measures::sip_failovers, {},
                  [&server] { return static_cast<double>(server.totals().counters.failovers); });
    metrics.watch(observability::measures::quarantined_targets, {},
                  [&server] { return static_cast<double>(server.quarantine().size()); });
}

}  // namespace isthmus::runtime
