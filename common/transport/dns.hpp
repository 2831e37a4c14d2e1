// What is asked of the domain name system and what it says (RFC 1035, 2782, 2308, 3403), as values without a socket.
#pragma once

#include <boost/static_string/static_string.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/transport/address.hpp"

namespace isthmus::transport {

enum class RecordType : std::uint8_t { naptr, srv, a, aaaa };
std::string_view name(RecordType type);  ///< "NAPTR", "SRV", "A", "AAAA"

/// A domain name in lower case without the final dot. It never allocates.
using DnsName = boost::static_string<255>;
/// Nothing fits: empty. Lower case, the final dot taken off.
DnsName dns_name(std::string_view text);
DnsName dns_name(std::string_view prefix, std::string_view domain);

struct Question {
    RecordType type = RecordType::a;
    DnsName name;
    bool operator==(const Question&) const = default;
};

struct Naptr {
    std::uint16_t order = 0;
    std::uint16_t preference = 0;
    std::string flags;
    std::string services;
    std::string regexp;
    std::string replacement;  ///< lower case
};

struct Srv {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::uint16_t port = 0;
    std::string target;  ///< lower case; empty for ".": the service is not offered there
};

struct DnsAnswer {
    enum class Outcome : std::uint8_t {
        found,
        no_data,    ///< the name exists, this record does not
        no_name,    ///< NXDOMAIN
        timed_out,  ///< no name server said anything in time
        failed      ///< what was said is of no use: SERVFAIL, a lame server, a loop of aliases
    };
    Outcome outcome = Outcome::failed;
    std::vector<Naptr> naptr;
    std::vector<Srv> srv;
    std::vector<Address> addresses;  ///< port 0
    std::uint32_t ttl_s = 0;         ///< how long this may be believed
    std::string words;               ///< of a failure
};
std::string_view name(DnsAnswer::Outcome outcome);

/// Answers are shared by the cache and whoever works with them, and never change.
using AnswerPtr = std::shared_ptr<const DnsAnswer>;

}  // namespace isthmus::transport
