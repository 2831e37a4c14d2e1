#include "tests/system/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "tests/support/wire.hpp"

namespace isthmus::system_test {

Program::Program(const std::string& role, const std::vector<std::string>& arguments) {
    const std::string path = std::string(ISTHMUS_BINARY_DIR) + "/bin/" + role;
    std::vector<char*> argv{const_cast<char*>(path.c_str())};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(ends[1], 1);
        ::dup2(ends[1], 2);
        ::execv(path.c_str(), argv.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    exit_watch_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    reader_ = std::thread([this, from = ends[0]] { read(from); });
}

Program::~Program() {
    kill_hard();
    reader_.join();
    ::close(exit_watch_);
}

void Program::read(int from) {
    std::array<char, 4096> space;
    while (true) {
        const auto count = ::read(from, space.data(), space.size());
        const std::lock_guard lock(lock_);
        if (count <= 0)
            closed_ = true;
        else
            output_.append(space.data(), static_cast<std::size_t>(count));
        more_.notify_all();
        if (closed_) break;
    }
    ::close(from);
}

bool Program::logs(const std::string& text, std::chrono::milliseconds longest) {
    std::unique_lock lock(lock_);
    std::size_t found = std::string::npos;
    more_.wait_for(lock, longest, [&] {
        found = output_.find(text, looked_at_);
        return found != std::string::npos || closed_;
    });
    if (found == std::string::npos) return false;
    looked_at_ = found + text.size();
    return true;
}

std::string Program::output() const {
    const std::lock_guard lock(lock_);
    return output_;
}

void Program::signal(int number) const {
    ::kill(pid_, number);
}

void Program::kill_hard() {
    if (ended_) return;
    ::kill(pid_, SIGKILL);
    wait();
}

std::optional<int> Program::wait(std::chrono::milliseconds longest) {
    if (ended_) return ended_;
    pollfd waiting{exit_watch_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(longest.count())) <= 0) return std::nullopt;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    std::unique_lock lock(lock_);
    more_.wait_for(lock, longest, [this] { return closed_; });  // so that output() is all of it
    return ended_;
}

Response http_get(const std::string& address, std::uint16_t port, const std::string& path) {
    Response response;
    try {
        support::TcpEnd tcp(transport::Address::parse(address, 0).value(),
                            transport::Address::parse(address, port).value());
        if (!tcp.send("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n"))
            return response;
        std::string all;
        for (auto piece = tcp.receive_raw(); !piece.empty(); piece = tcp.receive_raw()) all += piece;
        if (all.size() > 12) response.status = std::stoi(all.substr(9, 3));
        if (const auto body = all.find("\r\n\r\n"); body != std::string::npos) response.body = all.substr(body + 4);
    } catch (const std::system_error&) {
        return response;  // nobody listens
    }
    return response;
}

}  // namespace isthmus::system_test
