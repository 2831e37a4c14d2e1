// Who the network says is calling, and called (PO-SES-03, PT-SES-04), pure.
#pragma once

#include <string>
#include <vector>

#include "common/sip/message.hpp"
#include "pcscf/access_binding.hpp"

namespace isthmus::pcscf {

/// True when P-Preferred-Identity holds more than one sip and one tel identity: 400 (HX-SES-01).
bool too_many_preferred(const sip::Message& request);

/// Of several users behind one address the one who is meant: by P-Preferred-Identity, else by From, else the newest.
Binding user_behind(const std::vector<Binding>& bindings, const sip::Message& request);

/// The same, but only a user whom the request names; nobody by default (a new connection, PR-REG-01).
Binding user_named(const std::vector<Binding>& bindings, const sip::Message& request);

/// The identity `message` is given: its P-Preferred-Identity where it is registered, else `fallback`.
std::string asserted_identity(const sip::Message& message, const AccessBinding& binding, std::string_view fallback);

/// Takes off what the UE claims and writes what we assert.
void assert_identity(sip::Message& message, const std::string& identity);

}  // namespace isthmus::pcscf
