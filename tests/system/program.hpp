// One of the three programs as a child process: its configuration file, its log, its end. Tests wait for what it logs,
// never for time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace isthmus::system_test {

inline constexpr std::chrono::seconds patience{30};

class Program {
  public:
    /// Starts build/<preset>/bin/`role`. It is killed with this object, and with this process.
    Program(const std::string& role, const std::vector<std::string>& arguments);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// Waits for a line of output that contains `text`, counted from the last such wait on; false when none came.
    [[nodiscard]] bool logs(const std::string& text, std::chrono::milliseconds longest = patience);
    [[nodiscard]] std::string output() const;
    void signal(int number) const;
    /// SIGKILL, and it is gone.
    void kill_hard();
    /// Its exit code, -signal when it was ended by one; nothing when it did not end.
    std::optional<int> wait(std::chrono::milliseconds longest = patience);
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    void read(int from);

    pid_t pid_ = -1;
    int exit_watch_ = -1;  ///< pidfd
    std::optional<int> ended_;
    std::thread reader_;
    mutable std::mutex lock_;
    std::condition_variable more_;
    std::string output_;
    std::size_t looked_at_ = 0;
    bool closed_ = false;
};

struct Response {
    int status = 0;
    std::string body;
};
/// GET http://`address`:`port``path`; status 0 when nobody answers.
Response http_get(const std::string& address, std::uint16_t port, const std::string& path);

}  // namespace isthmus::system_test
