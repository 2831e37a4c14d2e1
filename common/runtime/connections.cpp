#include "common/runtime/connections.hpp"

#include <fmt/chrono.h>

#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <stdexcept>

#include "common/observability/catalogue.hpp"
#include "common/observability/metric_catalogue.hpp"

namespace isthmus::runtime {
namespace {

namespace messages = observability::messages;
using transport::ClientCertificate;
using transport::TlsFault;
using transport::TlsProblem;
using List = std::vector<std::string>;

constexpr std::array faults = {TlsFault::expired,    TlsFault::self_signed, TlsFault::unknown_authority,
                               TlsFault::wrong_name, TlsFault::unfit,       TlsFault::not_accepted,
                               TlsFault::no_tls,     TlsFault::too_slow,    TlsFault::lost};
constexpr std::size_t most_files = 64;

std::string_view option_of(TlsProblem::In in) {
    switch (in) {
        case TlsProblem::In::chain:
            return "tls.certificates";
        case TlsProblem::In::key:
            return "tls.keys";
        case TlsProblem::In::authorities:
            break;
    }
    return "tls.authorities";
}

ClientCertificate client_certificate(const std::string& text) {
    if (text == "request") return ClientCertificate::request;
    return text == "require" ? ClientCertificate::require : ClientCertificate::none;
}

std::uint32_t milliseconds(const Configuration& configuration, std::string_view name) {
    return static_cast<std::uint32_t>(configuration.milliseconds(name).count());
}

void append_tls_options(std::vector<Option>& to) {
    to.push_back({.section = "tls",
                  .key = "certificates",
                  .form = Form::text_list,
                  .fallback = List{},
                  .max = most_files,
                  .help =
                      "Files (PEM) with our certificates, each followed by its issuers. Who connects sees the one that "
                      "names the host asked for, else the first. SIGHUP reads them again."});
    to.push_back({.section = "tls",
                  .key = "keys",
                  .form = Form::text_list,
                  .fallback = List{},
                  .max = most_files,
                  .help = "Files (PEM) with their private keys, in the same order, without passwords."});
    to.push_back(
        {.section = "tls",
         .key = "authorities",
         .form = Form::text_list,
         .fallback = List{},
         .max = most_files,
         .help = "Files (PEM) with the authorities whose certificates we believe; none: those of the system."});
    to.push_back({.section = "tls",
                  .key = "client_certificate",
                  .form = Form::choice,
                  .fallback = "none",
                  .choices = {"none", "request", "require"},
                  .help = "Whether who connects by TLS is asked for a certificate, and whether it must show one."});
}

}  // namespace

void append_connection_options(std::vector<Option>& to) {
    append_tls_options(to);
    to.push_back({.section = "connection",
                  .key = "setup_ms",
                  .form = Form::integer,
                  .fallback = 3000,
                  .unit = "ms",
                  .min = 10,
                  .max = 60000,
                  .help = "How long TCP and TLS together may take to be set up."});
    to.push_back(
        {.section = "connection",
         .key = "message_s",
         .form = Form::integer,
         .fallback = 30,
         .unit = "s",
         .min = 1,
         .max = 600,
         .help = "How long a message may take from its first octet to its last, and a new peer to its first."});
    to.push_back({.section = "connection",
                  .key = "idle_s",
                  .form = Form::integer,
                  .fallback = 900,
                  .unit = "s",
                  .min = 0,
                  .max = 86400,
                  .help = "A connection on which nothing passed for so long is closed; 0: never."});
    to.push_back({.section = "connection",
                  .key = "keepalive_s",
                  .form = Form::integer,
                  .fallback = 0,
                  .unit = "s",
                  .min = 0,
                  .max = 3600,
                  .help =
                      "Connections opened here: a CRLF CRLF after so much silence; a peer that does not answer within "
                      "10 s is gone (RFC 5626 4.4.1). 0: off."});
}

transport::StreamLimits stream_limits(const Configuration& configuration) {
    transport::StreamLimits limits;
    limits.setup_ms = milliseconds(configuration, "connection.setup_ms");
    limits.half_message_ms = milliseconds(configuration, "connection.message_s");
    limits.idle_ms = milliseconds(configuration, "connection.idle_s");
    limits.keepalive_ms = milliseconds(configuration, "connection.keepalive_s");
    return limits;
}

LoadedCredentials load_credentials(const Configuration& configuration) {
    const auto& chains = configuration.list("tls.certificates");
    const auto& keys = configuration.list("tls.keys");
    const bool listens = !configuration.list("listen.tls").empty();
    LoadedCredentials loaded;
    if (chains.size() != keys.size())
        loaded.problems.push_back(configuration.problem(
            "tls.keys",
            fmt::format("expected one key for each of the {} certificates, found {}", chains.size(), keys.size())));
    if (listens && chains.empty())
        loaded.problems.push_back(configuration.problem(
            "listen.tls", "expected [tls] certificates and keys beside it, found no certificate"));
    if (!loaded.problems.empty() || (!listens && chains.empty())) return loaded;
    transport::TlsOptions options;
    for (std::size_t i = 0; i < chains.size(); ++i) options.identities.push_back({chains[i], keys[i]});
    options.authority_files = configuration.list("tls.authorities");
    options.client_certificate = client_certificate(configuration.text("tls.client_certificate"));
    auto read = transport::TlsCredentials::load(options);
    for (const auto& problem : read.problems)
        loaded.problems.push_back(configuration.problem(option_of(problem.in), problem.text));
    loaded.credentials = std::move(read.credentials);
    return loaded;
}

ConnectionSink connection_sink(observability::Log& log, observability::Metrics& metrics) {
    using Counters = std::array<observability::Counter*, faults.size()>;
    const auto counters = [&](const char* side) {
        Counters found{};
        for (std::size_t i = 0; i < faults.size(); ++i)
            found[i] = &metrics.counter(observability::measures::tls_failures,
                                        {{"opened_by", side}, {"reason", std::string(name(faults[i]))}});
        return found;
    };
    return [&log, ours = counters("us"), theirs = counters("peer")](std::size_t worker,
                                                                    const transport::ConnectionNews& news) {
        if (!news.fault)
            return log.write(messages::connection_closed, {{"peer", news.peer.text()}, {"reason", news.reason}});
        for (std::size_t i = 0; i < faults.size(); ++i)
            if (faults[i] == *news.fault) (news.accepted ? theirs : ours)[i]->add(worker);
        if (news.accepted)
            log.write(messages::tls_client_failed, {{"peer", news.peer.text()}, {"reason", news.reason}});
        else
            log.write(messages::tls_failed,
                      {{"peer", news.peer.text()}, {"domain", news.peer.domain}, {"reason", news.reason}});
    };
}

Certificates::Certificates(const Configuration& configuration, observability::Log& log, observability::Metrics& metrics)
    : configuration_(configuration),
      log_(log),
      expires_(std::make_shared<std::atomic<double>>(std::numeric_limits<double>::infinity())) {
    metrics.watch(observability::measures::tls_certificate_expiry, {},
                  [expires = expires_] { return expires->load(); });
}

void Certificates::start(Server& server) {
    const auto loaded = load_credentials(configuration_);
    if (!loaded.problems.empty()) throw std::runtime_error(print(loaded.problems));
    if (loaded.credentials) show(server, loaded.credentials);
}

void Certificates::reload(Server& server) {
    const auto loaded = load_credentials(configuration_);
    for (const auto& problem : loaded.problems)
        log_.write(messages::certificates_refused, {{"reason", problem.print()}});
    if (loaded.credentials) show(server, loaded.credentials);
}

void Certificates::show(Server& server, const std::shared_ptr<const transport::TlsCredentials>& credentials) {
    using std::chrono::system_clock;
    for (const auto& warning : credentials->warnings(system_clock::now()))
        log_.write(messages::certificate_warning, {{"reason", warning}});
    const auto first = credentials->first_expiry();
    std::string date = "never";
    if (first != transport::TlsCredentials::Time::max()) {
        const auto seconds = system_clock::to_time_t(first);
        date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(seconds));
        expires_->store(static_cast<double>(seconds));
    }
    server.use(credentials);
    log_.write(messages::certificates_in_use,
               {{"certificates", configuration_.list("tls.certificates").size()}, {"expires", date}});
}

}  // namespace isthmus::runtime
