// Locating SIP servers (RFC 3263, IW-RTE-04..07): from a URI, by questions and answers, to targets in the order they
// are to be tried. Pure: it asks nobody, the random order of RFC 2782 comes from a seed, and every step can be told in
// words. As long as its questions are answered at once, nothing is allocated.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/transport/address.hpp"
#include "common/transport/dns.hpp"

namespace isthmus::transport {

/// What we can send by.
struct Protocols {
    bool udp = true;
    bool tcp = true;
    bool tls = false;
    [[nodiscard]] bool has(Protocol protocol) const {
        return protocol == Protocol::udp ? udp : protocol == Protocol::tcp ? tcp : tls;
    }
};

enum class Security : std::uint8_t {
    open,       ///< as the URI and the domain say
    preferred,  ///< TLS first (IW-RTE-06)
    required    ///< TLS or nothing (IW-RTE-06, 07)
};

struct LocationPolicy {
    Protocols supported;
    bool ipv4 = true;
    bool ipv6 = false;
    Security security = Security::open;
};

/// What the URI says: of the top Route or the Request-URI.
struct LocationFacts {
    std::string_view host;            ///< IPv6 with or without brackets
    std::uint16_t port = 0;           ///< 0: none given
    std::string_view transport = {};  ///< its transport parameter
    bool sips = false;
};

enum class LocationFailure : std::uint8_t {
    none,
    no_such_domain,  ///< NXDOMAIN
    no_address,      ///< the name has no address, or none of a family that we send from
    not_offered,     ///< the domain says that it has no such service (SRV ".")
    not_supported,   ///< only by protocols that we do not speak
    not_secure,      ///< TLS is demanded and cannot be had
    dns_timed_out,   ///< no name server answered
    dns_failed       ///< what they answered is of no use
};
std::string_view words(LocationFailure failure);

/// More are never tried (IW-RTE-08 allows four; some may be in quarantine).
constexpr std::size_t max_located = 8;

struct Located {
    boost::container::static_vector<Peer, max_located> targets;
    LocationFailure failure = LocationFailure::none;  ///< when there is no target
};

class ServerLocation {
  public:
    /// Bounded: four services, eight servers, an A and an AAAA question for each.
    static constexpr std::size_t max_questions = 2 * max_located;
    using Questions = boost::container::static_vector<Question, max_questions>;

    ServerLocation(const LocationFacts& facts, const LocationPolicy& policy, std::uint64_t seed);

    /// Tells each step from now on. Call before start().
    void tell(std::vector<std::string>* trail) { trail_ = trail; }
    void start();

    [[nodiscard]] bool done() const { return step_ == Step::done; }
    /// Changes with every step.
    [[nodiscard]] int step() const { return static_cast<int>(step_); }
    /// This step's questions; several may be asked at once.
    [[nodiscard]] const Questions& questions() const { return questions_; }
    [[nodiscard]] bool answered(std::size_t question) const { return answers_[question] != nullptr; }
    /// When it was the last one of this step, the next step's questions stand there or it is done.
    void answer(std::size_t question, AnswerPtr answer);
    [[nodiscard]] Located& result() { return result_; }

  private:
    enum class Step : std::uint8_t { naptr, srv, address, done };
    struct Service {  // of NAPTR or SRV, in the order of preference
        Protocol protocol = Protocol::udp;
        std::uint8_t question = 0;
    };
    struct Server {
        Protocol protocol = Protocol::udp;
        std::uint16_t port = 0;
        std::uint8_t v6_question = none;
        std::uint8_t v4_question = none;
    };
    static constexpr std::uint8_t none = 255;

    void literal(const Address& address);
    [[nodiscard]] std::optional<Protocol> given_protocol();
    [[nodiscard]] bool usable(Protocol protocol) const;
    void ask_services();
    void ask_service(Protocol protocol, const DnsName& name);
    void ask_host(Protocol protocol, std::uint16_t port);
    void advance();
    void after_naptr();
    void after_srv();
    void after_addresses();
    void take_servers(const DnsAnswer& answer, Protocol protocol);
    void add_server(Protocol protocol, std::string_view host, std::uint16_t port);
    std::uint8_t add_question(RecordType type, const DnsName& name);
    void next_step(Step step);
    void add_target(Protocol protocol, const Address& address);
    void fail(LocationFailure failure);
    [[nodiscard]] bool any_timed_out() const;
    [[nodiscard]] bool required() const { return policy_.security == Security::required; }
    std::uint64_t random();
    template <class... Parts>
    void say(const Parts&... parts);

    DnsName host_;
    std::uint16_t port_;
    std::optional<Protocol> transport_;
    bool unknown_transport_ = false;
    LocationPolicy policy_;
    std::uint64_t random_;
    Step step_ = Step::naptr;
    Questions questions_;
    boost::container::static_vector<AnswerPtr, max_questions> answers_;
    boost::container::static_vector<Service, 4> services_;
    boost::container::static_vector<Server, max_located> servers_;
    Questions pending_;  // being put together for the next step
    Located result_;
    std::vector<std::string>* trail_ = nullptr;
    bool family_mismatch_ = false;
};

}  // namespace isthmus::transport
