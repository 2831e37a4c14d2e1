#include "common/observability/hep_exporter.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace isthmus::observability {
namespace {

/// A connected, non-blocking socket to the collector.
int open_socket(const HepOptions& options) {
    sockaddr_storage target{};
    socklen_t size = 0;
    if (auto* v4 = reinterpret_cast<sockaddr_in*>(&target);
        inet_pton(AF_INET, options.address.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(options.port);
        size = sizeof *v4;
    } else if (auto* v6 = reinterpret_cast<sockaddr_in6*>(&target);
               inet_pton(AF_INET6, options.address.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(options.port);
        size = sizeof *v6;
    } else {
        throw std::runtime_error("the HEP collector " + options.address + " is no address");
    }
    const int handle = ::socket(target.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (handle < 0) throw std::runtime_error("no socket for HEP");
    if (::connect(handle, reinterpret_cast<const sockaddr*>(&target), size) != 0) {
        ::close(handle);
        throw std::runtime_error("no way to the HEP collector " + options.address);
    }
    return handle;
}

}  // namespace

class HepExporter::Impl {
  public:
    explicit Impl(const HepOptions& options) : options_(options), socket_(open_socket(options)) {
        thread_ = std::thread([this] { run(); });
    }
    ~Impl() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        thread_.join();
        ::close(socket_);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void push(HepPacket packet) {
        packet.capture_id = options_.capture_id;
        auto datagram = encode(packet);
        const std::lock_guard lock(mutex_);
        if (!datagram || waiting_bytes_ + datagram->size() > options_.queue_bytes) {
            dropped.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        waiting_bytes_ += datagram->size();
        waiting_.push_back(std::move(*datagram));
        if (waiting_.size() == 1) wake_.notify_one();
    }

    std::atomic<std::uint64_t> sent = 0;
    std::atomic<std::uint64_t> dropped = 0;

  private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            std::vector<std::string> batch;
            batch.swap(waiting_);
            waiting_bytes_ = 0;
            lock.unlock();
            for (const auto& datagram : batch) {
                // An ICMP error of an earlier datagram shows here; it says nothing about this one, so it is tried
                // again.
                const bool gone = ::send(socket_, datagram.data(), datagram.size(), 0) >= 0 ||
                                  (errno == ECONNREFUSED && ::send(socket_, datagram.data(), datagram.size(), 0) >= 0);
                (gone ? sent : dropped).fetch_add(1, std::memory_order_relaxed);
            }
            lock.lock();
        }
    }

    const HepOptions options_;
    const int socket_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::string> waiting_;
    std::size_t waiting_bytes_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

HepExporter::HepExporter(const HepOptions& options) {
    if (!options.address.empty()) impl_ = std::make_unique<Impl>(options);
}
HepExporter::~HepExporter() = default;

void HepExporter::send(HepPacket packet) {
    if (on()) impl_->push(packet);
}
std::uint64_t HepExporter::sent() const noexcept {
    return on() ? impl_->sent.load(std::memory_order_relaxed) : 0;
}
std::uint64_t HepExporter::dropped() const noexcept {
    return on() ? impl_->dropped.load(std::memory_order_relaxed) : 0;
}

}  // namespace isthmus::observability
