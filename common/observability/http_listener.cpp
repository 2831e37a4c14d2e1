#include "common/observability/http_listener.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <optional>
#include <thread>

namespace isthmus::observability {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

constexpr auto idle_limit = std::chrono::seconds(10);
constexpr std::size_t header_limit = 8192;
constexpr std::size_t connection_limit = 64;

Response answer_to(const Request& request, const HttpHandlers& handlers) {
    Response response(http::status::ok, request.version());
    response.keep_alive(request.keep_alive());
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    const auto path = request.target().substr(0, request.target().find('?'));
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
        response.result(http::status::method_not_allowed);
        response.set(http::field::allow, "GET, HEAD");
    } else if (path == "/metrics") {
        response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
        response.body() = handlers.metrics();
    } else if (path == "/healthz") {
        const auto health = handlers.health();
        response.result(health.serving ? http::status::ok : http::status::service_unavailable);
        response.set(http::field::content_type, "application/json");
        response.body() = print(health);
    } else {
        response.result(http::status::not_found);
        response.body() = "There are /metrics and /healthz.\n";
    }
    response.prepare_payload();
    if (request.method() == http::verb::head) response.body().clear();  // Content-Length stays
    return response;
}

/// One connection, kept alive by its own pending operation.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(tcp::socket socket, const HttpHandlers& handlers, std::shared_ptr<std::size_t> open)
        : stream_(std::move(socket)), handlers_(handlers), open_(std::move(open)) {
        ++*open_;
    }
    ~Session() { --*open_; }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void read() {
        parser_.emplace();
        parser_->header_limit(header_limit);
        parser_->body_limit(0);  // neither page takes a body
        stream_.expires_after(idle_limit);
        http::async_read(stream_, buffer_, *parser_,
                         [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_read(error); });
    }

  private:
    void on_read(beast::error_code error) {
        if (!error) {
            response_ = answer_to(parser_->get(), handlers_);
        } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
                   error != http::error::end_of_stream && error != http::error::partial_message) {
            response_ = Response(http::status::bad_request, 11);
            response_.keep_alive(false);
            response_.prepare_payload();
        } else {
            return;  // gone, or too slow
        }
        http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code failed, std::size_t) {
            if (failed) return;
            if (self->response_.keep_alive()) return self->read();
            self->stream_.socket().shutdown(tcp::socket::shutdown_send, failed);
        });
    }

    beast::tcp_stream stream_;
    const HttpHandlers& handlers_;
    std::shared_ptr<std::size_t> open_;
    beast::flat_buffer buffer_{header_limit * 2};
    std::optional<http::request_parser<http::empty_body>> parser_;
    Response response_;
};

}  // namespace

std::string print(const Health& health) {
    boost::json::object parts;
    for (const auto& [name, state] : health.parts) parts[name] = state;
    const boost::json::object out = {{"state", health.state}, {"node", health.node}, {"parts", std::move(parts)}};
    return boost::json::serialize(out) + '\n';
}

class HttpListener::Impl {
  public:
    explicit Impl(HttpHandlers handlers) : handlers_(std::move(handlers)) {}
    ~Impl() {
        context_.stop();
        if (thread_.joinable()) thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    boost::system::error_code open(const std::string& address, std::uint16_t port) {
        boost::system::error_code error;
        const auto ip = asio::ip::make_address(address, error);
        if (error) return error;
        const tcp::endpoint endpoint(ip, port);
        if (acceptor_.open(endpoint.protocol(), error)) return error;
        if (acceptor_.set_option(asio::socket_base::reuse_address(true), error)) return error;
        if (acceptor_.bind(endpoint, error)) return error;
        if (acceptor_.listen(asio::socket_base::max_listen_connections, error)) return error;
        port_ = acceptor_.local_endpoint(error).port();
        return error;
    }

    void run() {
        accept();
        thread_ = std::thread([this] { context_.run(); });
    }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  private:
    void accept() {
        acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (!error && *open_ < connection_limit)
                std::make_shared<Session>(std::move(socket), handlers_, open_)->read();
            if (error) return accept_later();
            accept();
        });
    }

    /// Out of descriptors: asking again at once would spin.
    void accept_later() {
        pause_.expires_after(std::chrono::milliseconds(200));
        pause_.async_wait([this](boost::system::error_code error) {
            if (!error) accept();
        });
    }

    HttpHandlers handlers_;
    std::shared_ptr<std::size_t> open_ = std::make_shared<std::size_t>(0);  // of the listener's thread
    asio::io_context context_{1};
    tcp::acceptor acceptor_{context_};
    asio::steady_timer pause_{context_};
    std::uint16_t port_ = 0;
    std::thread thread_;
};

HttpListener::HttpListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpListener::~HttpListener() = default;
HttpListener::HttpListener(HttpListener&&) noexcept = default;
HttpListener& HttpListener::operator=(HttpListener&&) noexcept = default;

std::uint16_t HttpListener::port() const noexcept {
    return impl_->port();
}

boost::system::result<HttpListener> HttpListener::start(const std::string& address, std::uint16_t port,
                                                        HttpHandlers handlers) {
    auto impl = std::make_unique<Impl>(std::move(handlers));
    if (const auto error = impl->open(address, port)) return error;
    impl->run();
    return HttpListener(std::move(impl));
}

}  // namespace isthmus::observability
