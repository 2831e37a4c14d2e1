// The pages of the handbook that are written from the catalogues in the code: docs/metrics.md and docs/messages.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isthmus::docs {

inline constexpr std::string_view renew = "tests/docs/run --write";

struct Page {
    std::string file;  ///< from the root of the project
    std::string text;
};

std::vector<Page> pages();

/// What the catalogues hold, for the test that compares them with the sources.
std::vector<std::string_view> names_of_metrics();
std::vector<std::string_view> ids_of_messages();

}  // namespace isthmus::docs
