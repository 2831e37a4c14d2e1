#include "common/sip/text.hpp"

namespace isthmus::sip {

std::size_t find_outside(std::string_view value, char wanted, std::size_t start) {
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

}  // namespace isthmus::sip
