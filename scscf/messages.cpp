#include "scscf/messages.hpp"

namespace isthmus::scscf {

void report(observability::Log& log, const PolicyEvent& event) {
    using Kind = PolicyEvent::Kind;
    switch (event.kind) {
        case Kind::waiting:
            return log.write(messages::policy_waiting, {{"reason", event.text}});
        case Kind::loaded:
        case Kind::changed:
            return log.write(messages::policy_loaded, {{"version", event.version}, {"rows", event.rows}});
        case Kind::rejected:
            return log.write(messages::policy_row_rejected, {{"pattern", event.text}});
        case Kind::lost:
            return log.write(messages::policy_database_lost, {{"reason", event.text}, {"version", event.version}});
        case Kind::regained:
            return log.write(messages::policy_database_back, {{"version", event.version}});
    }
}

void report(observability::Log& log, const RestorationEvent& event) {
    using Kind = RestorationEvent::Kind;
    switch (event.kind) {
        case Kind::taken_over:
            return log.write(messages::user_taken_over, {{"identity", event.identity}, {"server", event.server}});
        case Kind::lost:
            return log.write(messages::user_lost, {{"identity", event.identity}});
        case Kind::circle:
            return log.write(messages::assignment_circle, {{"identity", event.identity}, {"server", event.server}});
    }
}

}  // namespace isthmus::scscf
