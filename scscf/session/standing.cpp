#include "scscf/session/standing.hpp"

namespace isthmus::session {

Standing standing(const AssignmentFacts& facts, std::string_view own, std::optional<std::int64_t> sent_with) {
    if (facts.named.empty()) return Standing::nobody;
    if (facts.named == own) return Standing::ours;
    if (facts.reassignable) return Standing::take_over;
    // The generation grows with each further hop, so a request cannot go round.
    if (sent_with && facts.generation <= *sent_with) return Standing::circle;
    return Standing::elsewhere;
}

}  // namespace isthmus::session
