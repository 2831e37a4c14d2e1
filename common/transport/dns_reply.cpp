#include "common/transport/dns_reply.hpp"

#include <arpa/nameser.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace isthmus::transport {

using Outcome = DnsAnswer::Outcome;

namespace {

ns_type wire_type(RecordType type) {
    switch (type) {
        case RecordType::naptr:
            return ns_t_naptr;
        case RecordType::srv:
            return ns_t_srv;
        case RecordType::a:
            return ns_t_a;
        case RecordType::aaaa:
            break;
    }
    return ns_t_aaaa;
}

std::string lower_name(const char* text) {
    const auto name = dns_name(text);
    return {name.data(), name.size()};
}

/// The octets of one record, read from front to back.
class Reader {
  public:
    Reader(const ns_msg& reply, const ns_rr& record)
        : reply_(reply), at_(ns_rr_rdata(record)), end_(at_ + ns_rr_rdlen(record)) {}

    std::uint16_t number() {
        if (end_ - at_ < 2) return fail();
        const auto value = static_cast<std::uint16_t>(at_[0] << 8 | at_[1]);
        at_ += 2;
        return value;
    }
    std::string text() {
        if (at_ >= end_ || end_ - at_ - 1 < *at_) return fail(), std::string();
        std::string value(reinterpret_cast<const char*>(at_ + 1), *at_);
        at_ += 1 + *at_;
        return value;
    }
    std::string name() {
        std::array<char, NS_MAXDNAME> text{};
        const int used = ns_name_uncompress(ns_msg_base(reply_), ns_msg_end(reply_), at_, text.data(), text.size());
        if (used < 0 || used > end_ - at_) return fail(), std::string();
        at_ += used;
        return lower_name(text.data() == std::string_view(".") ? "" : text.data());
    }
    std::string octets(std::size_t count) {
        if (static_cast<std::size_t>(end_ - at_) != count) return fail(), std::string();
        return {reinterpret_cast<const char*>(at_), count};
    }
    void skip_name() { (void)name(); }
    std::uint32_t number32() {
        const std::uint32_t high = number();
        return high << 16 | number();
    }
    [[nodiscard]] bool good() const { return good_; }

  private:
    std::uint16_t fail() {
        good_ = false;
        at_ = end_;
        return 0;
    }
    const ns_msg& reply_;
    const unsigned char* at_;
    const unsigned char* end_;
    bool good_ = true;
};

void take(DnsAnswer& answer, RecordType type, Reader reader) {
    switch (type) {
        case RecordType::naptr: {
            Naptr record;
            record.order = reader.number();
            record.preference = reader.number();
            record.flags = reader.text();
            record.services = reader.text();
            record.regexp = reader.text();
            record.replacement = reader.name();
            if (reader.good()) answer.naptr.push_back(std::move(record));
            return;
        }
        case RecordType::srv: {
            Srv record;
            record.priority = reader.number();
            record.weight = reader.number();
            record.port = reader.number();
            record.target = reader.name();
            if (reader.good()) answer.srv.push_back(std::move(record));
            return;
        }
        case RecordType::a:
        case RecordType::aaaa: {
            Address address;
            address.v6 = type == RecordType::aaaa;
            const auto octets = reader.octets(address.v6 ? 16 : 4);
            if (!reader.good()) return;
            std::memcpy(address.octets.data(), octets.data(), octets.size());
            answer.addresses.push_back(address);
            return;
        }
    }
}

DnsReply failed(std::string words) {
    DnsReply reply;
    reply.answer.outcome = Outcome::failed;
    reply.answer.words = std::move(words);
    return reply;
}

/// RFC 2308 5: the SOA of the zone says how long a no may be believed. Nothing without one.
std::optional<std::uint32_t> negative_ttl(ns_msg& reply) {
    const int count = std::min<int>(ns_msg_count(reply, ns_s_ns), max_records);
    for (int i = 0; i < count; ++i) {
        ns_rr record;
        if (ns_parserr(&reply, ns_s_ns, i, &record) != 0) return std::nullopt;
        if (ns_rr_type(record) != ns_t_soa) continue;
        Reader reader(reply, record);
        reader.skip_name();
        reader.skip_name();
        for (int skipped = 0; skipped < 4; ++skipped) (void)reader.number32();
        const auto minimum = reader.number32();
        if (reader.good()) return std::min<std::uint32_t>(ns_rr_ttl(record), minimum);
    }
    return std::nullopt;
}

/// Takes the records of the wanted name and follows its aliases inside the reply.
DnsReply read_answers(ns_msg& reply, const Question& question) {
    DnsReply read;
    read.answer.ttl_s = UINT32_MAX;
    const int count = std::min<int>(ns_msg_count(reply, ns_s_an), max_records);
    std::string owner(question.name.data(), question.name.size());
    for (int hops = 0; hops <= max_aliases; ++hops) {
        std::string alias;
        for (int i = 0; i < count; ++i) {
            ns_rr record;
            if (ns_parserr(&reply, ns_s_an, i, &record) != 0) break;
            if (ns_rr_class(record) != ns_c_in || lower_name(ns_rr_name(record)) != owner) continue;
            if (ns_rr_type(record) == ns_t_cname) {
                Reader reader(reply, record);
                alias = reader.name();
            } else if (ns_rr_type(record) == wire_type(question.type)) {
                take(read.answer, question.type, Reader(reply, record));
            } else {
                continue;
            }
            read.answer.ttl_s = std::min<std::uint32_t>(read.answer.ttl_s, ns_rr_ttl(record));
        }
        const auto& answer = read.answer;
        if (!answer.naptr.empty() || !answer.srv.empty() || !answer.addresses.empty()) {
            read.answer.outcome = Outcome::found;
            read.alias.clear();
            return read;
        }
        if (alias.empty()) {
            read.answer.outcome = Outcome::no_data;
            return read;
        }
        owner = alias;
        read.alias = alias;
    }
    return failed("too many aliases");
}

}  // namespace

DnsReply read_reply(std::string_view octets, const Question& question) {
    ns_msg reply;
    const auto* first = reinterpret_cast<const unsigned char*>(octets.data());
    if (octets.size() > NS_MAXMSG || ns_initparse(first, static_cast<int>(octets.size()), &reply) != 0)
        return failed("the reply cannot be read");
    const auto code = ns_msg_getflag(reply, ns_f_rcode);
    if (code != ns_r_noerror && code != ns_r_nxdomain) {
        constexpr std::array<const char*, 6> names = {"", "FORMERR", "SERVFAIL", "", "NOTIMP", "REFUSED"};
        const auto index = static_cast<std::size_t>(code);
        return failed(index < names.size() ? names[index] : "error code " + std::to_string(code));
    }
    auto read = read_answers(reply, question);
    if (read.answer.outcome != Outcome::no_data) return read;
    const auto negative = negative_ttl(reply);
    if (code == ns_r_nxdomain) {  // of the last alias, where there are any (RFC 6604 3)
        read.answer.outcome = Outcome::no_name;
        read.alias.clear();
    } else if (!read.alias.empty()) {
        // The alias lives in another zone; a SOA in the reply says that its name has no such record.
        if (negative) read.alias.clear();
    } else if (!negative && ns_msg_count(reply, ns_s_ns) > 0 && ns_msg_getflag(reply, ns_f_aa) == 0) {
        return failed("a lame server: it only names others");
    }
    // Without a SOA nothing says how long: not long (RFC 2308 2.2.1).
    read.answer.ttl_s = std::min(read.answer.ttl_s, negative.value_or(1));
    return read;
}

}  // namespace isthmus::transport
