#include "common/database/listener.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <pqxx/nontransaction>
#include <pqxx/notification>
#include <thread>
#include <utility>

namespace isthmus::database {
namespace {

class Receiver : public pqxx::notification_receiver {
  public:
    using pqxx::notification_receiver::notification_receiver;

    void operator()(const std::string& payload, int) override { payloads_.push_back(payload); }
    std::vector<std::string> take() { return std::exchange(payloads_, {}); }

  private:
    std::vector<std::string> payloads_;
};

}  // namespace

class Listener::Impl {
  public:
    Impl(Options options, std::vector<Statement> statements, Handlers handlers)
        : options_(std::move(options)),
          statements_(std::move(statements)),
          handlers_(std::move(handlers)),
          wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          thread_([this] { run(); }) {}

    ~Impl() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
        }
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
        pause_.notify_all();
        thread_.join();
        ::close(wake_);
    }

  private:
    void run() {
        auto pause = options_.retry;
        while (!stopping()) {
            try {
                const auto connection = connect(options_.connection, statements_, [this](int socket) { use(socket); });
                Receiver receiver(*connection, options_.channel);
                handlers_.connected(*connection);
                pause = options_.retry;
                listen(*connection, receiver);
            } catch (const std::exception& error) {
                if (!stopping()) handlers_.lost(one_line(error.what()));
            }
            use(-1);
            std::unique_lock lock(mutex_);
            pause_.wait_for(lock, pause, [this] { return stopping_; });
            pause = std::min(pause * 2, options_.retry_most);
        }
    }

    void listen(pqxx::connection& connection, Receiver& receiver) {
        while (!stopping()) {
            pollfd waited[] = {{connection.sock(), POLLIN, 0}, {wake_, POLLIN, 0}};
            const int ready = ::poll(waited, 2, static_cast<int>(options_.heartbeat.count()));
            if (waited[1].revents != 0) return;
            if (ready == 0) {
                pqxx::nontransaction(connection).exec("SELECT 1");
                handlers_.alive();
            }
            connection.get_notifs();
            const auto payloads = receiver.take();
            if (handlers_.each)
                for (const auto& payload : payloads) handlers_.each(payload);
            if (!payloads.empty()) handlers_.notified(connection, payloads.back());
            if (!connection.is_open()) throw pqxx::broken_connection("the connection was closed");
        }
    }

    /// The socket in use, so that the destructor can end a wait for a silent server.
    void use(int socket) {
        const std::lock_guard lock(mutex_);
        socket_ = socket;
        if (stopping_ && socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
    }

    bool stopping() const {
        const std::lock_guard lock(mutex_);
        return stopping_;
    }

    const Options options_;
    const std::vector<Statement> statements_;
    const Handlers handlers_;
    mutable std::mutex mutex_;
    std::condition_variable pause_;
    bool stopping_ = false;
    int socket_ = -1;
    const int wake_;
    std::thread thread_;
};

Listener::Listener(Options options, std::vector<Statement> statements, Handlers handlers)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(statements), std::move(handlers))) {}

Listener::~Listener() = default;

}  // namespace isthmus::database
