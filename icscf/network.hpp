// The S-CSCFs there are, as the directory lists them; refreshed in the background, read by every worker.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/subscriber/directory.hpp"

namespace isthmus::icscf {

class Network {
  public:
    using Servers = std::shared_ptr<const std::vector<subscriber::ServerEntry>>;

    Network() = default;
    ~Network() { stop(); }
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    [[nodiscard]] Servers servers() const;
    void replace(std::vector<subscriber::ServerEntry> servers);

    /// Reads the list now and then every `interval`, on a thread of its own. A directory that does not answer leaves
    /// the list as it was.
    void follow(subscriber::Directory& directory, std::chrono::milliseconds interval);
    void stop();
    /// False when nothing was read in time.
    bool wait_until_read(std::chrono::milliseconds longest);

  private:
    mutable std::mutex lock_;
    std::condition_variable wake_;
    bool stopping_ = false;
    bool read_ = false;
    std::thread thread_;
    Servers servers_ = std::make_shared<const std::vector<subscriber::ServerEntry>>();
};

}  // namespace isthmus::icscf
