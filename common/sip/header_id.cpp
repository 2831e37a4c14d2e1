#include "common/sip/header_id.hpp"

#include <array>
#include <cstddef>

#include "common/sip/text.hpp"

namespace isthmus::sip {
namespace {

struct Row {
    HeaderId id;
    std::string_view name;
    HeaderForm form;
    char compact = 0;
};

using enum HeaderId;
constexpr auto single = HeaderForm::single;
constexpr auto list = HeaderForm::list;
constexpr auto repeated = HeaderForm::repeated;

// RFC 3261 table 2 and 7.3.1 say which may repeat; duplicates of the `single` ones are refused at the door.
constexpr Row rows[] = {
    {via, "Via", list, 'v'},
    {from, "From", single, 'f'},
    {to, "To", single, 't'},
    {call_id, "Call-ID", single, 'i'},
    {cseq, "CSeq", single},
    {contact, "Contact", list, 'm'},
    {max_forwards, "Max-Forwards", single},
    {route, "Route", list},
    {record_route, "Record-Route", list},
    {path, "Path", list},
    {service_route, "Service-Route", list},
    {content_length, "Content-Length", single, 'l'},
    {content_type, "Content-Type", single, 'c'},
    {content_disposition, "Content-Disposition", single},
    {content_encoding, "Content-Encoding", list, 'e'},
    {require, "Require", list},
    {proxy_require, "Proxy-Require", list},
    {supported, "Supported", list, 'k'},
    {unsupported, "Unsupported", list},
    {allow, "Allow", list},
    {accept, "Accept", list},
    {expires, "Expires", single},
    {min_expires, "Min-Expires", single},
    {date, "Date", single},
    {authorization, "Authorization", repeated},
    {www_authenticate, "WWW-Authenticate", repeated},
    {proxy_authorization, "Proxy-Authorization", repeated},
    {proxy_authenticate, "Proxy-Authenticate", repeated},
    {authentication_info, "Authentication-Info", single},
    {warning, "Warning", list},
    {retry_after, "Retry-After", single},
    {reason, "Reason", list},
    {timestamp, "Timestamp", single},
    {user_agent, "User-Agent", single},
    {server, "Server", single},
    {subject, "Subject", single, 's'},
    {organization, "Organization", single},
    {priority, "Priority", single},
    {in_reply_to, "In-Reply-To", list},
    {reply_to, "Reply-To", single},
    {mime_version, "MIME-Version", single},
    {event, "Event", single, 'o'},
    {allow_events, "Allow-Events", list, 'u'},
    {subscription_state, "Subscription-State", single},
    {session_expires, "Session-Expires", single, 'x'},
    {min_se, "Min-SE", single},
    {rseq, "RSeq", single},
    {rack, "RAck", single},
    {replaces, "Replaces", single},
    {join, "Join", single},
    {target_dialog, "Target-Dialog", single},
    {refer_to, "Refer-To", single, 'r'},
    {referred_by, "Referred-By", single, 'b'},
    {privacy, "Privacy", single},
    {accept_contact, "Accept-Contact", list, 'a'},
    {reject_contact, "Reject-Contact", list, 'j'},
    {request_disposition, "Request-Disposition", list, 'd'},
    {history_info, "History-Info", list},
    {identity, "Identity", list, 'y'},
    {resource_priority, "Resource-Priority", list},
    {call_info, "Call-Info", list},
    {alert_info, "Alert-Info", list},
    {error_info, "Error-Info", list},
    {geolocation, "Geolocation", list},
    {security_client, "Security-Client", list},
    {security_server, "Security-Server", list},
    {security_verify, "Security-Verify", list},
    {feature_caps, "Feature-Caps", list},
    {p_asserted_identity, "P-Asserted-Identity", list},
    {p_preferred_identity, "P-Preferred-Identity", list},
    {p_access_network_info, "P-Access-Network-Info", list},
    {cellular_network_info, "Cellular-Network-Info", list},
    {p_visited_network_id, "P-Visited-Network-ID", list},
    {p_charging_vector, "P-Charging-Vector", single},
    {p_charging_function_addresses, "P-Charging-Function-Addresses", list},
    {p_called_party_id, "P-Called-Party-ID", single},
    {p_served_user, "P-Served-User", single},
    {p_profile_key, "P-Profile-Key", single},
    {p_user_database, "P-User-Database", single},
    {p_asserted_service, "P-Asserted-Service", list},
    {p_preferred_service, "P-Preferred-Service", list},
    {p_early_media, "P-Early-Media", list},
    {p_associated_uri, "P-Associated-URI", list},
    {p_private_network_indication, "P-Private-Network-Indication", single},
};
constexpr std::size_t row_count = std::size(rows);
static_assert(row_count + 1 == static_cast<std::size_t>(HeaderId::count_), "every HeaderId needs its row");

constexpr std::size_t slots = 512;

constexpr std::size_t slot_of(std::string_view name) {
    std::size_t h = name.size() * 131U;
    h += static_cast<std::size_t>(static_cast<unsigned char>(lower(name.front()))) * 31U;
    h += static_cast<std::size_t>(static_cast<unsigned char>(lower(name.back()))) * 7U;
    h += static_cast<std::size_t>(static_cast<unsigned char>(lower(name[name.size() / 2]))) * 257U;
    return h % slots;
}

constexpr std::array<std::uint8_t, slots> make_table() {
    std::array<std::uint8_t, slots> table{};
    for (std::size_t r = 0; r < row_count; ++r) {
        std::size_t s = slot_of(rows[r].name);
        while (table[s] != 0) s = (s + 1) % slots;
        table[s] = static_cast<std::uint8_t>(r + 1);
    }
    return table;
}

constexpr std::array<std::uint8_t, 26> make_compact() {
    std::array<std::uint8_t, 26> table{};
    for (std::size_t r = 0; r < row_count; ++r)
        if (rows[r].compact != 0)
            table[static_cast<std::size_t>(rows[r].compact - 'a')] = static_cast<std::uint8_t>(r + 1);
    return table;
}

constexpr auto by_name = make_table();
constexpr auto by_compact = make_compact();

const Row* row(HeaderId id) {
    if (id == HeaderId::other || id == HeaderId::count_) return nullptr;
    return &rows[static_cast<std::size_t>(id) - 1];
}

constexpr bool in_enum_order() {
    for (std::size_t r = 0; r < row_count; ++r)
        if (static_cast<std::size_t>(rows[r].id) != r + 1) return false;
    return true;
}
static_assert(in_enum_order(), "rows stand in the order of HeaderId");

}  // namespace

HeaderId header_id(std::string_view name) {
    if (name.empty()) return HeaderId::other;
    if (name.size() == 1) {
        const char c = lower(name.front());
        if (c < 'a' || c > 'z') return HeaderId::other;
        const auto r = by_compact[static_cast<std::size_t>(c - 'a')];
        return r == 0 ? HeaderId::other : rows[r - 1].id;
    }
    for (std::size_t s = slot_of(name); by_name[s] != 0; s = (s + 1) % slots) {
        const Row& candidate = rows[by_name[s] - 1];
        if (iequals(candidate.name, name)) return candidate.id;
    }
    return HeaderId::other;
}

std::string_view header_name(HeaderId id) {
    const Row* found = row(id);
    return found != nullptr ? found->name : std::string_view{};
}

HeaderForm header_form(HeaderId id) {
    const Row* found = row(id);
    return found != nullptr ? found->form : HeaderForm::repeated;
}

}  // namespace isthmus::sip
