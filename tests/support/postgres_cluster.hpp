// A PostgreSQL of the tests' own: temporary directory, own socket, no TCP, an unprivileged user when run as root.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace isthmus::testing {

class PostgresCluster {
  public:
    struct Options {
        bool fsync = false;  ///< true where a test kills the server and looks for what was committed
    };

    explicit PostgresCluster(Options options);
    ~PostgresCluster();
    PostgresCluster(const PostgresCluster&) = delete;
    PostgresCluster& operator=(const PostgresCluster&) = delete;

    /// One per test executable, made at the first call and removed at exit.
    static PostgresCluster& shared();

    /// Starts it and waits until it answers.
    void start();
    /// SIGKILL to the postmaster and every backend: what a power cut leaves of a process.
    void kill_hard();
    void stop_fast();
    /// Stops it in the middle of whatever it does: connections stay, answers stop.
    void freeze();
    void thaw();

    [[nodiscard]] std::string connection_string(const std::string& database,
                                                const std::string& user = "postgres") const;
    /// A new empty database; its name.
    std::string create_database();
    /// A new database with the whole schema, as schema/apply makes it; its name.
    std::string create_migrated_database();

  private:
    void run_tool(const std::string& tool, const std::string& arguments) const;
    void signal_all(int signal) const;

    std::filesystem::path directory_;
    pid_t guard_ = 0;      ///< stops the server should this process die
    int guard_pipe_ = -1;  ///< open as long as this process lives
    pid_t postmaster_ = 0;
    int databases_ = 0;
    bool has_template_ = false;
};

/// What a shell command printed (both streams) and how it ended.
struct CommandResult {
    int status = -1;
    std::string output;
};
CommandResult run_command(const std::string& command);

}  // namespace isthmus::testing
