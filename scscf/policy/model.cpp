#include "scscf/policy/model.hpp"

namespace isthmus::policy {

std::string_view name(Access access) {
    return access == Access::allow ? "allow" : "deny";
}

std::string_view name(Mode mode) {
    switch (mode) {
        case Mode::strict:
            return "STRICT";
        case Mode::pass:
            return "PASS";
        case Mode::retry:
            return "RETRY";
    }
    return "PASS";
}

}  // namespace isthmus::policy
