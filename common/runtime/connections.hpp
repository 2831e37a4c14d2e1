// TCP and TLS as the operator sees them: the options, the certificates with their faults at a line of the
// configuration, their reload, and what is logged and counted of connections that end.
#pragma once

#include <memory>
#include <vector>

#include "common/observability/log.hpp"
#include "common/observability/metrics.hpp"
#include "common/runtime/configuration.hpp"
#include "common/runtime/server.hpp"

namespace isthmus::runtime {

/// [tls] and [connection].
void append_connection_options(std::vector<Option>& to);

transport::StreamLimits stream_limits(const Configuration& configuration);

struct LoadedCredentials {
    std::shared_ptr<const transport::TlsCredentials> credentials;  ///< null: TLS is not used, or there are problems
    Problems problems;
};
/// Reads the files of [tls]; without [listen] tls and [tls] certificates TLS is not used.
LoadedCredentials load_credentials(const Configuration& configuration);

/// Logs and counts connections that end.
ConnectionSink connection_sink(observability::Log& log, observability::Metrics& metrics);

/// The certificates a server shows: read at start, and again whenever the operator says so.
class Certificates {
  public:
    Certificates(const Configuration& configuration, observability::Log& log, observability::Metrics& metrics);
    /// Throws std::runtime_error with the problems, if there are any.
    void start(Server& server);
    /// Files that are not good change nothing but the log.
    void reload(Server& server);

  private:
    void show(Server& server, const std::shared_ptr<const transport::TlsCredentials>& credentials);

    const Configuration& configuration_;
    observability::Log& log_;
    std::shared_ptr<std::atomic<double>> expires_;
};

}  // namespace isthmus::runtime
