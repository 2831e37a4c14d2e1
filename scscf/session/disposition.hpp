// What the caller asks of a fork (RFC 3841 9.1, HX-SES-09, ST-SES-06), pure.
#pragma once

#include <cstdint>

#include "common/sip/message.hpp"

namespace isthmus::session {

struct Disposition {
    enum class Order : std::uint8_t { by_preference, parallel, sequential };
    bool fork = true;
    Order order = Order::by_preference;

    /// Request-Disposition; what is unknown is ignored.
    static Disposition of(const sip::Message& request);
};

}  // namespace isthmus::session
