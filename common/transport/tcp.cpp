#include "common/transport/tcp.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <unistd.h>

#include <chrono>
#include <cstring>
#include <deque>
#include <unordered_map>
#include <vector>

namespace isthmus::transport {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

Address from_endpoint(const tcp::endpoint& endpoint) {
    Address address;
    address.port = endpoint.port();
    address.v6 = endpoint.address().is_v6();
    if (address.v6) {
        const auto octets = endpoint.address().to_v6().to_bytes();
        std::memcpy(address.octets.data(), octets.data(), octets.size());
    } else {
        const auto octets = endpoint.address().to_v4().to_bytes();
        std::memcpy(address.octets.data(), octets.data(), octets.size());
    }
    return address;
}

tcp::endpoint to_endpoint(const Address& address) {
    return {asio::ip::make_address(address.ip()), address.port};
}

}  // namespace

struct TcpHub::Impl : std::enable_shared_from_this<TcpHub::Impl> {
    struct Waiting {
        Octets octets;
        std::uint64_t reference;
    };

    class Connection : public std::enable_shared_from_this<Connection> {
      public:
        Connection(Impl& hub, const Address& remote)
            : hub_(hub), remote_(remote), socket_(hub.io), timer_(hub.io), framer_(hub.limits.framer) {}

        void connect() {
            timer_.expires_after(std::chrono::milliseconds(hub_.limits.connect_ms));
            timer_.async_wait([self = shared_from_this()](error_code error) {
                if (!error && !self->open_) self->close();
            });
            if (!bind_source()) return close();
            socket_.async_connect(to_endpoint(remote_), [self = shared_from_this()](error_code error) {
                if (self->closed_) return;
                if (error) return self->close();
                self->opened();
            });
        }

        [[nodiscard]] bool bind_source() {
            error_code error;
            for (auto source : hub_.limits.sources) {
                if (source.v6 != remote_.v6) continue;
                source.port = 0;
                socket_.open(remote_.v6 ? tcp::v6() : tcp::v4(), error);
                if (!error) socket_.bind(to_endpoint(source), error);
                break;
            }
            return !error;
        }

        void adopt(int handle) {
            error_code error;
            socket_.assign(remote_.v6 ? tcp::v6() : tcp::v4(), handle, error);
            if (error) return close();
            opened();
        }

        bool queue(Octets octets, std::uint64_t reference) {
            if (closed_ || queued_ + octets->size() > hub_.limits.queue) return false;
            queued_ += octets->size();
            waiting_.push_back({std::move(octets), reference});
            if (open_ && !writing_) write();
            return true;
        }

        void close() {
            if (closed_) return;
            closed_ = true;
            error_code ignored;
            timer_.cancel();
            socket_.close(ignored);
            for (auto* queue : {&in_flight_, &waiting_})
                for (const auto& message : *queue) hub_.fail(message.reference);
            in_flight_.clear();
            waiting_.clear();
            hub_.connections.erase(remote_);
        }

      private:
        void opened() {
            open_ = true;
            timer_.cancel();
            error_code ignored;
            socket_.set_option(tcp::no_delay(true), ignored);
            if (!waiting_.empty()) write();
            read();
        }

        void read() {
            if (closed_ || reading_ || queued_ > hub_.limits.pause) return;
            reading_ = true;
            socket_.async_read_some(asio::buffer(space_),
                                    [self = shared_from_this()](error_code error, std::size_t size) {
                                        self->reading_ = false;
                                        if (error || self->closed_) return self->close();
                                        self->take(size);
                                    });
        }

        void take(std::size_t size) {
            framer_.feed({space_.data(), size});
            while (auto message = framer_.next()) {
                hub_.events.message(remote_, std::move(*message));
                if (closed_) return;
            }
            if (framer_.fault() != Framer::Fault::none) return close();
            if (framer_.take_ping()) queue(std::make_shared<std::string>("\r\n"), 0);
            watch_half_message();
            read();
        }

        /// Slow bytes must not hold memory for ever.
        void watch_half_message() {
            if (!framer_.half_message()) {
                if (watching_) timer_.cancel();
                watching_ = false;
                return;
            }
            if (watching_) return;
            watching_ = true;
            timer_.expires_after(std::chrono::milliseconds(hub_.limits.half_message_ms));
            timer_.async_wait([self = shared_from_this()](error_code error) {
                if (!error && self->watching_) self->close();
            });
        }

        void write() {
            writing_ = true;
            in_flight_.swap(waiting_);
            std::vector<asio::const_buffer> buffers;
            buffers.reserve(in_flight_.size());
            for (const auto& message : in_flight_) buffers.emplace_back(asio::buffer(*message.octets));
            asio::async_write(socket_, buffers, [self = shared_from_this()](error_code error, std::size_t) {
                if (self->closed_) return;
                if (error) return self->close();
                self->written();
            });
        }

        void written() {
            writing_ = false;
            for (const auto& message : in_flight_) queued_ -= message.octets->size();
            in_flight_.clear();
            if (!waiting_.empty()) write();
            read();
        }

        Impl& hub_;
        Address remote_;
        tcp::socket socket_;
        asio::steady_timer timer_;
        Framer framer_;
        std::array<char, 16'384> space_;
        std::deque<Waiting> waiting_;
        std::deque<Waiting> in_flight_;
        std::size_t queued_ = 0;
        bool open_ = false;
        bool closed_ = false;
        bool reading_ = false;
        bool writing_ = false;
        bool watching_ = false;
    };

    Impl(asio::io_context& io_in, const TcpLimits& limits_in, TcpEvents events_in)
        : io(io_in), limits(limits_in), events(std::move(events_in)) {}

    void fail(std::uint64_t reference) {
        if (reference == 0) return;
        // Later: whoever sends must not be told inside the call.
        asio::post(io, [weak = weak_from_this(), reference] {
            if (const auto self = weak.lock()) self->events.failed(reference);
        });
    }

    asio::io_context& io;
    TcpLimits limits;
    TcpEvents events;
    std::unordered_map<Address, std::shared_ptr<Connection>, AddressHash> connections;
};

TcpHub::TcpHub(asio::io_context& io, const TcpLimits& limits, TcpEvents events)
    : impl_(std::make_shared<Impl>(io, limits, std::move(events))) {}

TcpHub::~TcpHub() {
    auto connections = impl_->connections;
    for (auto& [remote, connection] : connections) connection->close();
}

void TcpHub::adopt(int socket, const Address& remote) {
    auto connection = std::make_shared<Impl::Connection>(*impl_, remote);
    if (const auto old = impl_->connections.find(remote); old != impl_->connections.end()) {
        const auto keep = old->second;
        keep->close();
    }
    // Whoever connects and connects must not use up the descriptors of the others.
    if (impl_->connections.size() >= impl_->limits.connections) {
        ::close(socket);
        return;
    }
    impl_->connections[remote] = connection;
    connection->adopt(socket);
}

void TcpHub::send(const Address& remote, Octets octets, std::uint64_t reference, bool only_if_open) {
    auto found = impl_->connections.find(remote);
    if (found == impl_->connections.end()) {
        if (only_if_open || impl_->connections.size() >= impl_->limits.connections) return impl_->fail(reference);
        found = impl_->connections.emplace(remote, std::make_shared<Impl::Connection>(*impl_, remote)).first;
        const auto connection = found->second;
        if (!connection->queue(std::move(octets), reference)) impl_->fail(reference);
        return connection->connect();
    }
    const auto connection = found->second;
    if (!connection->queue(std::move(octets), reference)) impl_->fail(reference);
}

std::size_t TcpHub::connections() const {
    return impl_->connections.size();
}

struct TcpListener::Impl : std::enable_shared_from_this<TcpListener::Impl> {
    Impl(asio::io_context& io, const Address& address, Take take_in)
        : acceptor(io), retry(io), local(address), take(std::move(take_in)) {
        const auto endpoint = to_endpoint(address);
        error_code error;
        acceptor.open(endpoint.protocol(), error);
        if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error && address.v6) acceptor.set_option(asio::ip::v6_only(true), error);
        if (!error) acceptor.bind(endpoint, error);
        if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
        if (error)
            throw std::system_error(error.value(), std::generic_category(), "cannot listen on tcp:" + address.text());
        local = from_endpoint(acceptor.local_endpoint());
    }

    void accept() {
        acceptor.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (!error) {
                error_code gone;
                const auto remote = socket.remote_endpoint(gone);
                if (!gone) self->take(socket.release(), from_endpoint(remote));
                return self->accept();
            }
            // Out of descriptors, most likely: trying again at once would only burn the processor.
            self->retry.expires_after(std::chrono::milliseconds(100));
            self->retry.async_wait([self](error_code stopped) {
                if (!stopped) self->accept();
            });
        });
    }

    tcp::acceptor acceptor;
    asio::steady_timer retry;
    Address local;
    Take take;
};

TcpListener::TcpListener(asio::io_context& io, const Address& local, Take take)
    : impl_(std::make_shared<Impl>(io, local, std::move(take))) {
    impl_->accept();
}
TcpListener::~TcpListener() {
    error_code ignored;
    impl_->acceptor.close(ignored);
    impl_->retry.cancel();
}
const Address& TcpListener::local() const {
    return impl_->local;
}

}  // namespace isthmus::transport
