// The committed pages are what the code says, and the catalogues hold what the code can say.
#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/docs/pages.hpp"

namespace isthmus::docs {
namespace {

namespace fs = std::filesystem;

const std::string root = ISTHMUS_SOURCE_DIR "/";

std::string read(const std::string& file) {
    const std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

/// Path to text of every source of the product.
const std::map<std::string, std::string>& sources() {
    static const auto found = [] {
        std::map<std::string, std::string> texts;
        for (const auto* folder : {"common", "pcscf", "icscf", "scscf"})
            for (const auto& entry : fs::recursive_directory_iterator(root + folder))
                if (entry.path().extension() == ".hpp" || entry.path().extension() == ".cpp")
                    texts[entry.path().string()] = read(entry.path().string());
        return texts;
    }();
    return found;
}

struct Entry {
    std::string variable;
    std::string name;  ///< what the operator sees
    std::string file;
};

/// Entries of catalogues as they are written down: `constexpr Metric x = MetricText{.name = "..."`.
std::vector<Entry> written(const std::string& kind, const std::string& member) {
    const std::regex entry("constexpr (?:observability::)?" + kind + " (\\w+) =\\s*(?:observability::)?" + kind +
                           "Text\\{\\s*\\." + member + " = \"([^\"]+)\"");
    std::vector<Entry> found;
    for (const auto& [file, text] : sources())
        for (std::sregex_iterator at(text.begin(), text.end(), entry), end; at != end; ++at)
            found.push_back({(*at)[1], (*at)[2], file});
    return found;
}

std::size_t times(const std::regex& what, const std::string& in) {
    return static_cast<std::size_t>(std::distance(std::sregex_iterator(in.begin(), in.end(), what), {}));
}

/// Whether `text` has `what` as a whole name.
bool names(const std::string& text, const std::string& what) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        const auto end = at + what.size();
        if (end == text.size() || (std::isalnum(static_cast<unsigned char>(text[end])) == 0 && text[end] != '_'))
            return true;
    }
    return false;
}

void expect_complete(const std::string& kind, const std::string& member, std::vector<std::string_view> listed) {
    const auto entries = written(kind, member);
    std::vector<std::string> found;
    for (const auto& entry : entries) found.push_back(entry.name);
    EXPECT_THAT(found, testing::UnorderedElementsAreArray(listed)) << "`all` of a catalogue lacks one, or has it twice";
    EXPECT_EQ(std::set<std::string_view>(listed.begin(), listed.end()).size(), listed.size()) << "a name used twice";
    const std::regex made("\\b" + kind + "Text\\s*\\{\\s*\\.");
    std::size_t all_made = 0;
    for (const auto& [file, text] : sources()) all_made += times(made, text);
    EXPECT_EQ(all_made, entries.size()) << "one was made outside a catalogue";
}

void expect_used(const std::string& kind, const std::string& member, const std::string& space) {
    for (const auto& entry : written(kind, member)) {
        const bool used = std::any_of(sources().begin(), sources().end(), [&](const auto& source) {
            return names(source.second, space + "::" + entry.variable);
        });
        EXPECT_TRUE(used) << entry.name << " is in the catalogue and nothing ever reports it";
    }
}

TEST(GeneratedPages, are_what_the_code_says) {
    for (const auto& page : pages())
        EXPECT_EQ(read(root + page.file), page.text) << page.file << " is stale: run " << renew;
}

TEST(GeneratedPages, hold_every_metric_of_the_sources) {
    expect_complete("Metric", "name", names_of_metrics());
}

TEST(GeneratedPages, hold_every_message_of_the_sources) {
    expect_complete("Message", "id", ids_of_messages());
}

TEST(GeneratedPages, hold_no_metric_that_nothing_counts) {
    expect_used("Metric", "name", "measures");
}

TEST(GeneratedPages, hold_no_message_that_nothing_logs) {
    expect_used("Message", "id", "messages");
}

}  // namespace
}  // namespace isthmus::docs
