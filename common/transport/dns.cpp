#include "common/transport/dns.hpp"

#include "common/sip/text.hpp"

namespace isthmus::transport {

std::string_view name(RecordType type) {
    switch (type) {
        case RecordType::naptr:
            return "NAPTR";
        case RecordType::srv:
            return "SRV";
        case RecordType::a:
            return "A";
        case RecordType::aaaa:
            break;
    }
    return "AAAA";
}

std::string_view name(DnsAnswer::Outcome outcome) {
    switch (outcome) {
        case DnsAnswer::Outcome::found:
            return "found";
        case DnsAnswer::Outcome::no_data:
            return "no such record";
        case DnsAnswer::Outcome::no_name:
            return "no such name";
        case DnsAnswer::Outcome::timed_out:
            return "timed out";
        case DnsAnswer::Outcome::failed:
            break;
    }
    return "failed";
}

DnsName dns_name(std::string_view text) {
    return dns_name({}, text);
}

DnsName dns_name(std::string_view prefix, std::string_view domain) {
    DnsName made;
    if (!domain.empty() && domain.back() == '.') domain.remove_suffix(1);
    if (prefix.size() + domain.size() > made.max_size()) return made;
    for (const char c : prefix) made.push_back(sip::lower(c));
    for (const char c : domain) made.push_back(sip::lower(c));
    return made;
}

}  // namespace isthmus::transport
