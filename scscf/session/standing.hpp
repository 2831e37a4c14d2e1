// Who serves a user of whom no live copy is held (SR-REG-54, SR-REG-57, SR-REG-58), pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace isthmus::session {

enum class Standing : std::uint8_t {
    ours,       ///< we are named: loaded and served (SR-REG-58)
    nobody,     ///< nobody is named: the usual course
    take_over,  ///< the one that is named did not answer (SR-REG-54)
    elsewhere,  ///< another serves: the request goes there (SR-REG-57)
    circle      ///< it was sent here by one that knew as much: 500 and an alarm (SR-REG-57)
};

/// What the directory says of the user's assignment.
struct AssignmentFacts {
    std::string_view named;  ///< empty: nobody
    std::int64_t generation = 0;
    bool reassignable = false;
};

/// `sent_with`: the generation by which another S-CSCF of ours sent the request here, if one did.
Standing standing(const AssignmentFacts& facts, std::string_view own, std::optional<std::int64_t> sent_with);

}  // namespace isthmus::session
