#include "tests/support/postgres_cluster.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <stdexcept>
#include <thread>
#include <vector>

namespace isthmus::testing {
namespace {

const std::string binaries = "/usr/lib/postgresql/15/bin/";

/// PostgreSQL refuses to run as root.
const passwd* unprivileged_user() {
    if (::geteuid() != 0) return nullptr;
    const passwd* user = ::getpwnam("postgres");
    return user != nullptr ? user : ::getpwnam("nobody");
}

std::string as_server_user(const std::string& command) {
    const passwd* user = unprivileged_user();
    return user == nullptr ? command : "runuser -u " + std::string(user->pw_name) + " -- " + command;
}

/// State and parent of a process; nothing when there is none.
struct ProcessState {
    char state = 'Z';
    int parent = 0;
};

std::optional<ProcessState> process_state(pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (!std::getline(stat, line)) return std::nullopt;
    // "pid (name) state parent ...": the name may hold anything, so count from its closing bracket.
    ProcessState result;
    const auto end = line.rfind(')');
    if (end == std::string::npos || std::sscanf(line.c_str() + end + 1, " %c %d", &result.state, &result.parent) != 2) {
        return std::nullopt;
    }
    return result;
}

/// The postmaster and its children.
std::vector<pid_t> server_processes(pid_t postmaster) {
    std::vector<pid_t> result;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const pid_t pid = std::stoi(name);
        const auto state = process_state(pid);
        if (state && (pid == postmaster || state->parent == postmaster)) result.push_back(pid);
    }
    return result;
}

/// Runs when this process is gone, however it went: nobody else would stop the server then.
pid_t start_guard(const std::string& directory, int& pipe_end) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const std::string script = "cat > /dev/null; cd " + directory + "/data 2> /dev/null && " +
                               "test -r postmaster.pid && read -r pid < postmaster.pid && kill -9 $pid; rm -rf " +
                               directory;
    const pid_t guard = ::fork();
    if (guard == 0) {
        ::setsid();  // a Ctrl-C is for the test, and ends it
        ::dup2(ends[0], 0);
        ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(ends[0]);
    pipe_end = ends[1];
    return guard;
}

}  // namespace

CommandResult run_command(const std::string& command) {
    CommandResult result;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((command + " 2>&1").c_str(), "r"),
                                                     [](FILE*) { return 0; });
    if (!pipe) return result;
    std::array<char, 4096> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) {
        result.output.append(buffer.data(), got);
    }
    const int status = ::pclose(pipe.get());
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

PostgresCluster& PostgresCluster::shared() {
    static PostgresCluster cluster(Options{});
    return cluster;
}

PostgresCluster::PostgresCluster(Options options) {
    // A short path: a socket's name has room for 107 characters.
    std::string name = "/tmp/isthmus-pg-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory for PostgreSQL");
    directory_ = name;
    if (const passwd* user = unprivileged_user()) {
        if (::chown(name.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("chown " + name);
    }
    guard_ = start_guard(name, guard_pipe_);
    run_tool("initdb", "-D " + name + "/data -U postgres -A trust -E UTF8 --locale=C -N");
    std::ofstream config(directory_ / "data/postgresql.conf", std::ios::app);
    config << "listen_addresses = ''\nunix_socket_directories = '" << name << "'\n"
           << "fsync = " << (options.fsync ? "on" : "off") << "\nfull_page_writes = " << (options.fsync ? "on" : "off")
           << "\nmax_connections = 60\nshared_buffers = 32MB\nautovacuum_naptime = 10min\n"
           << "log_min_messages = warning\n";
    config.close();
    start();
}

PostgresCluster::~PostgresCluster() {
    if (postmaster_ != 0) kill_hard();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
    ::close(guard_pipe_);
    ::waitpid(guard_, nullptr, 0);
}

void PostgresCluster::run_tool(const std::string& tool, const std::string& arguments) const {
    const CommandResult result = run_command(as_server_user(binaries + tool + " " + arguments));
    if (result.status != 0) throw std::runtime_error(tool + ": " + result.output);
}

void PostgresCluster::start() {
    const std::string name = directory_.string();
    try {
        run_tool("pg_ctl", "-D " + name + "/data -l " + name + "/log -w -t 60 start > /dev/null");
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(error.what() + run_command("tail -n 5 " + name + "/log").output);
    }
    std::ifstream pid_file(directory_ / "data/postmaster.pid");
    pid_file >> postmaster_;
}

void PostgresCluster::signal_all(int signal) const {
    for (const pid_t pid : server_processes(postmaster_)) ::kill(pid, signal);
}

void PostgresCluster::kill_hard() {
    const std::vector<pid_t> processes = server_processes(postmaster_);
    for (const pid_t pid : processes) ::kill(pid, SIGKILL);
    for (const pid_t pid : processes) {
        for (auto state = process_state(pid); state && state->state != 'Z'; state = process_state(pid)) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    postmaster_ = 0;
    // Where nobody reaps the dead, their locks look taken.
    std::error_code ignored;
    std::filesystem::remove(directory_ / "data/postmaster.pid", ignored);
    std::filesystem::remove(directory_ / ".s.PGSQL.5432.lock", ignored);
}

void PostgresCluster::stop_fast() {
    run_tool("pg_ctl", "-D " + directory_.string() + "/data -w -m fast stop > /dev/null");
    postmaster_ = 0;
}

void PostgresCluster::freeze() {
    signal_all(SIGSTOP);
}

void PostgresCluster::thaw() {
    signal_all(SIGCONT);
}

std::string PostgresCluster::connection_string(const std::string& database, const std::string& user) const {
    return "host=" + directory_.string() + " dbname=" + database + " user=" + user;
}

std::string PostgresCluster::create_database() {
    const std::string name = "test" + std::to_string(++databases_);
    pqxx::connection connection(connection_string("postgres"));
    pqxx::nontransaction(connection).exec("CREATE DATABASE " + name);
    return name;
}

std::string PostgresCluster::create_migrated_database() {
    if (!has_template_) {
        pqxx::connection connection(connection_string("postgres"));
        pqxx::nontransaction(connection).exec("CREATE DATABASE migrated");
        const CommandResult result =
            run_command(std::string(ISTHMUS_SOURCE_DIR) + "/schema/apply '" + connection_string("migrated") + "'");
        if (result.status != 0) throw std::runtime_error(result.output);
        has_template_ = true;
    }
    const std::string name = "test" + std::to_string(++databases_);
    pqxx::connection connection(connection_string("postgres"));
    pqxx::nontransaction(connection).exec("CREATE DATABASE " + name + " TEMPLATE migrated");
    return name;
}

}  // namespace isthmus::testing
