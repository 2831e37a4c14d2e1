// REGISTER between the wire and the registrar: what the request says, and what the answer looks like
// (SR-REG-01, 02, SR-REG-40..42), pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/sip/message.hpp"
#include "scscf/registrar_service.hpp"

namespace isthmus::scscf {

struct RegisterRefusal {
    int status = 400;
    std::string rule;
    std::string unsupported;  ///< tags for a 420
    std::string require;      ///< tags for a 421
};

/// `home_domains`: who we register. The request is one the P-CSCF prepared.
std::variant<RegisterWork, RegisterRefusal> read_register(const sip::Message& request,
                                                          const std::vector<std::string>& home_domains);

/// Adds to a response what the answer holds; `service_route` is our URI in it.
void write_answer(sip::Message& response, const sip::Message& request, const RegisterAnswer& answer,
                  const std::string& service_route, const std::string& home_domain, registrar::Time now);

}  // namespace isthmus::scscf
