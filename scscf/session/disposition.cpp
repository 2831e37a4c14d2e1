#include "scscf/session/disposition.hpp"

#include "common/sip/lexis.hpp"

namespace isthmus::session {

Disposition Disposition::of(const sip::Message& request) {
    Disposition wanted;
    for (const auto directive : request.values(sip::HeaderId::request_disposition)) {
        if (sip::iequals(directive, "no-fork")) wanted.fork = false;
        if (sip::iequals(directive, "parallel")) wanted.order = Order::parallel;
        if (sip::iequals(directive, "sequential")) wanted.order = Order::sequential;
    }
    return wanted;
}

}  // namespace isthmus::session
