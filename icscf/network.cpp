#include "icscf/network.hpp"

namespace isthmus::icscf {

Network::Servers Network::servers() const {
    const std::lock_guard lock(lock_);
    return servers_;
}

void Network::replace(std::vector<subscriber::ServerEntry> servers) {
    auto fresh = std::make_shared<const std::vector<subscriber::ServerEntry>>(std::move(servers));
    const std::lock_guard lock(lock_);
    servers_ = std::move(fresh);
    read_ = true;
    wake_.notify_all();
}

bool Network::wait_until_read(std::chrono::milliseconds longest) {
    std::unique_lock lock(lock_);
    return wake_.wait_for(lock, longest, [this] { return read_; });
}

void Network::follow(subscriber::Directory& directory, std::chrono::milliseconds interval) {
    thread_ = std::thread([this, &directory, interval] {
        std::unique_lock lock(lock_);
        while (!stopping_) {
            lock.unlock();
            directory.read_network([this](subscriber::NetworkAnswer answer) {
                if (answer.result == subscriber::Result::success) replace(std::move(answer.servers));
            });
            lock.lock();
            wake_.wait_for(lock, interval, [this] { return stopping_; });
        }
    });
}

void Network::stop() {
    {
        const std::lock_guard lock(lock_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

}  // namespace isthmus::icscf
