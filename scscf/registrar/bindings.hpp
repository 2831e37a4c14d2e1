// What a REGISTER changes of a private identity's contacts (SR-REG-20..22, 26, 30), pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/ims/profile.hpp"
#include "common/sip/headers.hpp"

namespace isthmus::registrar {

using Time = std::chrono::system_clock::time_point;

struct ExpiryLimits {
    std::uint32_t shortest_s = 60;
    std::uint32_t usual_s = 3600;
    std::uint32_t longest_s = 604'800;
};

/// A REGISTER, as far as bindings go.
struct RegisterRequest {
    std::string private_identity;
    std::string public_identity;
    std::string call_id;
    std::uint32_t cseq = 0;
    std::vector<sip::Contact> contacts;  ///< empty: a query
    std::optional<std::uint32_t> expires;
    std::vector<std::string> path;
    std::string visited_network;
    std::string user_agent;
    std::string icid;
    std::string orig_ioi;
};

struct Refused {
    int status = 400;
    std::string rule;
    std::uint32_t min_expires_s = 0;  ///< with 423
};

/// The contacts of this private identity as they will be, and what that means for the store.
struct Change {
    std::vector<ims::Binding> store;
    std::vector<ims::BindingKey> remove;
    std::vector<ims::Binding> result;
    [[nodiscard]] bool nothing() const { return store.empty() && remove.empty(); }
};

/// `current`: the live bindings of this private identity.
std::variant<Change, Refused> apply(const RegisterRequest& request, const std::vector<ims::Binding>& current,
                                    const ExpiryLimits& limits, Time now);

/// Parts `bindings` into those that live at `now` and the keys of those that do not.
std::vector<ims::BindingKey> drop_expired(std::vector<ims::Binding>& bindings, Time now);

}  // namespace isthmus::registrar
