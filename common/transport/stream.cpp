#include "common/transport/stream.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

#include <unistd.h>

#include <chrono>
#include <system_error>
#include <unordered_map>

#include "common/transport/connection.hpp"

namespace isthmus::transport {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

struct PeerHash {
    std::size_t operator()(const Peer& peer) const {
        return AddressHash{}(peer.address) + static_cast<std::size_t>(peer.protocol) +
               (peer.domain.empty() ? 0 : std::hash<std::string>{}(peer.domain));
    }
};

}  // namespace

struct StreamHub::Impl final : ConnectionOwner, std::enable_shared_from_this<StreamHub::Impl> {
    using ConnectionOwner::ConnectionOwner;

    /// Later: whoever sends must not be told inside the call.
    void give_back(std::uint64_t reference, Octets octets, const std::optional<Peer>& otherwise) override {
        if (octets && otherwise && events.undelivered) {
            asio::post(io, [weak = weak_from_this(), octets = std::move(octets), otherwise = *otherwise] {
                if (const auto self = weak.lock()) self->events.undelivered(otherwise, octets);
            });
        } else if (reference != 0) {
            asio::post(io, [weak = weak_from_this(), reference] {
                if (const auto self = weak.lock()) self->events.failed(reference);
            });
        }
    }

    void forget(const Connection& connection) override {
        const auto found = connections.find(connection.remote());
        if (found == connections.end() || found->second.get() != &connection) return;
        if (connection.accepted()) {
            --accepted;
            const auto same = accepted_from.find(host_of(connection.remote()));
            if (--same->second == 0) accepted_from.erase(same);
        }
        connections.erase(found);
    }

    static Address host_of(const Peer& peer) {
        auto host = peer.address;
        host.port = 0;
        return host;
    }

    /// Whoever connects and connects must neither use up the descriptors of the others nor those of our own requests.
    [[nodiscard]] bool has_room_for(const Peer& remote) const {
        const auto same = accepted_from.find(host_of(remote));
        return accepted < limits.connections && (same == accepted_from.end() || same->second < limits.same_address);
    }

    std::shared_ptr<Connection> open(const Delivery& delivery) {
        const bool nobody =
            delivery.to.protocol == Protocol::tls && delivery.to.domain.empty();  // whom to expect there?
        if (delivery.only_if_open || nobody || connections.size() - accepted >= limits.connections) return nullptr;
        auto connection = std::make_shared<Connection>(*this, delivery.to);
        connections.emplace(delivery.to, connection);
        connection->connect();
        return connection;
    }

    std::unordered_map<Peer, std::shared_ptr<Connection>, PeerHash> connections;
    std::size_t accepted = 0;  // of these
    std::unordered_map<Address, std::size_t, AddressHash> accepted_from;
};

StreamHub::StreamHub(asio::io_context& io, const StreamLimits& limits, StreamEvents events)
    : impl_(std::make_shared<Impl>(io, limits, std::move(events))) {}

StreamHub::~StreamHub() {
    const auto connections = impl_->connections;
    for (const auto& [remote, connection] : connections) connection->close("this node ends");
}

void StreamHub::use(std::shared_ptr<const TlsCredentials> credentials) {
    impl_->credentials = std::move(credentials);
}

void StreamHub::adopt(int socket, const Peer& remote) {
    if (const auto old = impl_->connections.find(remote); old != impl_->connections.end()) {
        const auto keep = old->second;
        keep->close("the peer connected again from the same port");
    }
    if (!impl_->has_room_for(remote)) {
        ::close(socket);
        return;
    }
    const auto connection = std::make_shared<Connection>(*impl_, remote);
    impl_->connections[remote] = connection;
    ++impl_->accepted;
    ++impl_->accepted_from[Impl::host_of(remote)];
    connection->adopt(socket);
}

void StreamHub::send(Delivery delivery) {
    const auto found = impl_->connections.find(delivery.to);
    const auto connection = found != impl_->connections.end() ? found->second : impl_->open(delivery);
    if (!connection || !connection->queue(delivery))
        impl_->give_back(delivery.reference, std::move(delivery.octets), delivery.otherwise);
}

std::size_t StreamHub::connections() const {
    return impl_->connections.size();
}
std::size_t StreamHub::tls_connections() const {
    return impl_->tls_open;
}

struct StreamListener::Impl : std::enable_shared_from_this<StreamListener::Impl> {
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

StreamListener::StreamListener(asio::io_context& io, const Address& local, Take take)
    : impl_(std::make_shared<Impl>(io, local, std::move(take))) {
    impl_->accept();
}
StreamListener::~StreamListener() {
    error_code ignored;
    impl_->acceptor.close(ignored);
    impl_->retry.cancel();
}
const Address& StreamListener::local() const {
    return impl_->local;
}

}  // namespace isthmus::transport
