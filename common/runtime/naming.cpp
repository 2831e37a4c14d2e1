#include "common/runtime/naming.hpp"

#include "common/observability/catalogue.hpp"

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
    const auto watch = [&](const char* name, const char* help, auto read) {
        metrics.watch(name, help, {}, [&server, read] { return static_cast<double>(read(server.dns())); });
    };
    using Counts = const transport::ResolverCounts&;
    watch("isthmus_dns_queries_total", "Questions put to name servers", [](Counts c) { return c.queries; });
    watch("isthmus_dns_cache_hits_total", "Questions answered from memory", [](Counts c) { return c.cache_hits; });
    watch("isthmus_dns_timeouts_total", "Questions that no name server answered", [](Counts c) { return c.timeouts; });
    watch("isthmus_dns_negative_total", "Answers: no such name or no such record", [](Counts c) { return c.negative; });
    watch("isthmus_dns_failures_total", "Answers of no use: errors, lame servers, loops of aliases",
          [](Counts c) { return c.failures; });
    watch("isthmus_dns_cache_entries", "Answers remembered", [](Counts c) { return c.cache_entries; });
    metrics.watch("isthmus_sip_failovers_total", "Requests that went to a further target", {},
                  [&server] { return static_cast<double>(server.totals().counters.failovers); });
    metrics.watch("isthmus_quarantined_targets", "Next hops that were put in quarantine and not asked since", {},
                  [&server] { return static_cast<double>(server.quarantine().size()); });
}

}  // namespace isthmus::runtime
