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

}  // namespace isthmus::scscf
