// Serves GET /metrics and GET /healthz on a thread of its own, for the operator's monitoring. Nothing else.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace isthmus::observability {

/// The state of a node in one JSON object: {"state":"ok","node":"scscf1","parts":{"database":"connected"}}
struct Health {
    bool serving = true;  ///< false: answered with 503, so that a load balancer looks elsewhere
    std::string state;    ///< "ok", "starting", "degraded", "stopping"
    std::string node;
    std::vector<std::pair<std::string, std::string>> parts;  ///< what each part says of itself
};

std::string print(const Health& health);

struct HttpHandlers {
    std::function<std::string()> metrics;  ///< called on the listener's thread
    std::function<Health()> health;        ///< same
};

class HttpListener {
  public:
    /// `address` is a literal; port 0 lets the system choose.
    static boost::system::result<HttpListener> start(const std::string& address, std::uint16_t port,
                                                     HttpHandlers handlers);
    ~HttpListener();  ///< closes all connections and joins the thread
    HttpListener(HttpListener&&) noexcept;
    HttpListener& operator=(HttpListener&&) noexcept;

    [[nodiscard]] std::uint16_t port() const noexcept;

  private:
    class Impl;
    explicit HttpListener(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::observability
