#include "common/database/reachability.hpp"

namespace isthmus::database {

void Reachability::answered() {
    failures_ = 0;
    down_ = false;
}

void Reachability::unanswered(Clock::time_point now) {
    if (++failures_ >= failures_to_down_) go_down(now);
}

void Reachability::not_connected(Clock::time_point now) {
    ++failures_;
    go_down(now);
}

void Reachability::go_down(Clock::time_point now) {
    if (!down_) next_probe_ = now + probe_interval_;
    down_ = true;
}

}  // namespace isthmus::database
