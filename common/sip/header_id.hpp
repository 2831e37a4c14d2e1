// Header fields the core knows by name (RFC 3261 7.3, 20; RFC 7315 and the other IMS extensions).
// Every other field is `other`: kept to the byte, reachable by its name.
#pragma once

#include <cstdint>
#include <string_view>

namespace isthmus::sip {

enum class HeaderId : std::uint8_t {
    other,
    // RFC 3261 and what routing needs
    via,
    from,
    to,
    call_id,
    cseq,
    contact,
    max_forwards,
    route,
    record_route,
    path,
    service_route,
    content_length,
    content_type,
    content_disposition,
    content_encoding,
    require,
    proxy_require,
    supported,
    unsupported,
    allow,
    accept,
    expires,
    min_expires,
    date,
    authorization,
    www_authenticate,
    proxy_authorization,
    proxy_authenticate,
    authentication_info,
    warning,
    retry_after,
    reason,
    timestamp,
    user_agent,
    server,
    subject,
    organization,
    priority,
    in_reply_to,
    reply_to,
    mime_version,
    event,
    allow_events,
    subscription_state,
    session_expires,
    min_se,
    rseq,
    rack,
    replaces,
    join,
    target_dialog,
    refer_to,
    referred_by,
    privacy,
    accept_contact,
    reject_contact,
    request_disposition,
    history_info,
    identity,
    resource_priority,
    call_info,
    alert_info,
    error_info,
    geolocation,
    security_client,
    security_server,
    security_verify,
    feature_caps,
    // RFC 7315 and relatives
    p_asserted_identity,
    p_preferred_identity,
    p_access_network_info,
    cellular_network_info,
    p_visited_network_id,
    p_charging_vector,
    p_charging_function_addresses,
    p_called_party_id,
    p_served_user,
    p_profile_key,
    p_user_database,
    p_asserted_service,
    p_preferred_service,
    p_early_media,
    p_associated_uri,
    p_private_network_indication,
    count_
};

/// How often a field may stand in a message, and whether its value is a comma list.
enum class HeaderForm : std::uint8_t { single, list, repeated };

/// Accepts long and compact names in any case; `other` when unknown.
HeaderId header_id(std::string_view name);
/// The canonical long name; empty for `other`.
std::string_view header_name(HeaderId id);
HeaderForm header_form(HeaderId id);

}  // namespace isthmus::sip
