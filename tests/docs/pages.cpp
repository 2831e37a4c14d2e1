#include "tests/docs/pages.hpp"

#include "common/observability/catalogue.hpp"
#include "common/observability/metric_catalogue.hpp"
#include "icscf/metrics.hpp"
#include "pcscf/metrics.hpp"
#include "scscf/messages.hpp"
#include "scscf/metrics.hpp"

namespace isthmus::docs {
namespace {

using observability::Message;
using observability::Metric;

template <class Entry>
struct Chapter {
    std::string_view title;
    std::span<const Entry* const> catalogue;
};

const std::vector<Chapter<Metric>>& metrics() {
    static const std::vector<Chapter<Metric>> chapters = {{"Every node", observability::measures::all},
                                                          {"P-CSCF", pcscf::measures::all},
                                                          {"I-CSCF", icscf::measures::all},
                                                          {"S-CSCF", scscf::measures::all}};
    return chapters;
}

const std::vector<Chapter<Message>>& messages() {
    static const std::vector<Chapter<Message>> chapters = {{"Every node", observability::messages::all},
                                                           {"S-CSCF", scscf::messages::all}};
    return chapters;
}

std::string made_by() {
    return "<!-- Written from the catalogues in the code by " + std::string(renew) + "; change them, not this. -->\n";
}

template <class Entry>
std::string chapters(const std::vector<Chapter<Entry>>& of) {
    std::string text;
    for (const auto& chapter : of)
        text.append("\n## ").append(chapter.title).append("\n\n").append(describe(chapter.catalogue));
    while (text.size() > 1 && text[text.size() - 1] == '\n' && text[text.size() - 2] == '\n') text.pop_back();
    return text;
}

}  // namespace

std::vector<Page> pages() {
    return {{"docs/metrics.md",
             "# Metrics\n\n" + made_by() +
                 "\nEach node serves them at `/metrics` of `[http] listen` in the text format of Prometheus. A metric "
                 "with labels\nappears with its first event.\n" +
                 chapters(metrics())},
            {"docs/messages.md",
             "# Log messages\n\n" + made_by() +
                 "\nEach line of the log names one of these by its id, which stays. The heading gives the level.\n" +
                 chapters(messages())}};
}

std::vector<std::string_view> names_of_metrics() {
    std::vector<std::string_view> names;
    for (const auto& chapter : metrics())
        for (const auto* metric : chapter.catalogue) names.push_back(metric->text().name);
    return names;
}

std::vector<std::string_view> ids_of_messages() {
    std::vector<std::string_view> ids;
    for (const auto& chapter : messages())
        for (const auto* message : chapter.catalogue) ids.push_back(message->text().id);
    return ids;
}

}  // namespace isthmus::docs
