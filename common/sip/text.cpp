#include "common/sip/text.hpp"

namespace isthmus::sip {
namespace {

std::size_t walk_outside(std::string_view value, char wanted, std::size_t start) {
    static constexpr CharSet structure("\"<>");
    int angles = 0;
    for (std::size_t i = start; i < value.size(); ++i) {
        const char c = value[i];
        if (c != wanted && !structure.has(c)) continue;
        if (c == wanted && angles == 0) return i;
        if (c == '"') {
            for (++i; i < value.size() && value[i] != '"'; ++i)
                if (value[i] == '\\') ++i;
        } else if (c == '<') {
            ++angles;
        } else if (c == '>' && angles > 0) {
            --angles;
        }
    }
    return std::string_view::npos;
}

}  // namespace

std::size_t find_outside(std::string_view value, char wanted, std::size_t start) {
    // Most values, every Via among them, have neither quotes nor brackets: then the first one is it.
    const auto first = value.find(wanted, start);
    if (first == std::string_view::npos) return first;
    const auto before = value.substr(start, first - start);
    if (before.find('"') == std::string_view::npos && before.find('<') == std::string_view::npos) return first;
    return walk_outside(value, wanted, start);
}

}  // namespace isthmus::sip
