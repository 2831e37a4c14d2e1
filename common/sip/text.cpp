#include "common/sip/text.hpp"

namespace isthmus::sip {

std::size_t find_outside(std::string_view value, std::string_view wanted, std::size_t start) {
    bool quoted = false;
    int angles = 0;
    for (std::size_t i = start; i < value.size(); ++i) {
        const char c = value[i];
        if (quoted) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                quoted = false;
            continue;
        }
        if (angles == 0 && wanted.find(c) != std::string_view::npos) return i;
        if (c == '"')
            quoted = true;
        else if (c == '<')
            ++angles;
        else if (c == '>' && angles > 0)
            --angles;
    }
    return std::string_view::npos;
}

}  // namespace isthmus::sip
