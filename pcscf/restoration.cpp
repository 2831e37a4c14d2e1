#include "pcscf/restoration.hpp"

namespace isthmus::pcscf {

void ask_to_register(sip::Message& response, const std::string& service_route) {
    response.set(sip::HeaderId::p_asserted_identity, service_route);
    response.set_body("application/3gpp-ims+xml",
                      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
                      "<ims-3gpp version=\"1\"><alternative-service><type>restoration</type>"
                      "<reason>No S-CSCF answers</reason><action>initial-registration</action>"
                      "</alternative-service></ims-3gpp>\r\n");
}

}  // namespace isthmus::pcscf
