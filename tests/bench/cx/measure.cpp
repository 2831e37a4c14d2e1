// What an exchange of Cx through freeDiameter costs, and whether each request is called back exactly once when the
// home subscriber server is slow or gone. Arguments: configuration, peer identity, pid of the server.
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/bench/cx/peer.hpp"

namespace {

using namespace isthmus::bench;
using Clock = std::chrono::steady_clock;

constexpr const char* realm = "ims.lab.test";
constexpr std::uint32_t patience_ms = 5000;  // CX-08
constexpr std::uint32_t users = 10'000;

double cpu_seconds() {
    rusage own{};
    getrusage(RUSAGE_SELF, &own);
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return of(own.ru_utime) + of(own.ru_stime);
}

long status_line(const char* name) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == name) {
            long value = 0;
            status >> value;
            return value;
        }
    return 0;
}

struct Outcome {
    std::size_t good = 0, refused = 0, errors = 0, expired = 0, not_sent = 0;
    std::size_t called = 0, twice = 0, on_caller = 0;
    std::size_t payload = 0;
    std::uint32_t last_error = 0;
    std::vector<std::uint32_t> latencies;  // us
    std::set<std::thread::id> threads;
};

/// Sends `total` requests with at most `window` unanswered, or `rate` a second when given, and waits for all.
class Run {
  public:
    Run(CxPeer& peer, Command command, std::size_t total) : peer_(peer), command_(command) {
        called_.resize(total);
        outcome_.latencies.reserve(total);
    }

    void pipelined(std::size_t window, std::uint32_t timeout_ms = patience_ms) {
        for (std::size_t i = 0; i < called_.size(); ++i) {
            {
                std::unique_lock lock(mutex_);
                if (!wake_.wait_for(lock, std::chrono::seconds(10), [&] { return sent_ - outcome_.called < window; }))
                    throw std::runtime_error("no callback came within 10 s, though 5 s were allowed");
                ++sent_;
            }
            send(i, timeout_ms);
        }
        wait();
    }
    void paced(double rate) {
        const auto start = Clock::now();
        for (std::size_t i = 0; i < called_.size(); ++i) {
            std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(
                                                      std::chrono::duration<double>(static_cast<double>(i) / rate)));
            {
                const std::lock_guard lock(mutex_);
                ++sent_;
            }
            send(i, patience_ms);
        }
        wait();
    }
    Outcome outcome() {
        const std::lock_guard lock(mutex_);
        return outcome_;
    }

  private:
    void send(std::size_t i, std::uint32_t timeout_ms) {
        const auto start = Clock::now();
        const auto caller = std::this_thread::get_id();
        peer_.send(command_, static_cast<std::uint32_t>(i) % users + 1, timeout_ms,
                   [this, i, start, caller](const CxAnswer& answer) { take(i, start, caller, answer); });
    }
    void take(std::size_t i, Clock::time_point start, std::thread::id caller, const CxAnswer& answer) {
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
        const std::lock_guard lock(mutex_);
        outcome_.threads.insert(std::this_thread::get_id());
        if (std::this_thread::get_id() == caller) ++outcome_.on_caller;
        if (called_[i]++ != 0) {
            ++outcome_.twice;
            return;
        }
        ++outcome_.called;
        outcome_.latencies.push_back(static_cast<std::uint32_t>(took));
        if (answer.kind == CxAnswer::Kind::expired) {
            ++outcome_.expired;
        } else if (answer.kind == CxAnswer::Kind::not_sent) {
            ++outcome_.not_sent;
        } else if (answer.error || answer.result >= 3000) {
            ++outcome_.errors;
            outcome_.last_error = answer.result;
        } else {
            ++outcome_.good;
            outcome_.payload = answer.payload;
        }
        wake_.notify_one();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        if (!wake_.wait_for(lock, std::chrono::seconds(30), [&] { return outcome_.called == called_.size(); }))
            throw std::runtime_error("callbacks are missing: " + std::to_string(called_.size() - outcome_.called));
    }

    CxPeer& peer_;
    Command command_;
    std::vector<std::uint8_t> called_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::size_t sent_ = 0;
    Outcome outcome_;
};

std::uint32_t part(std::vector<std::uint32_t>& values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

template <class Drive>
bool measure(CxPeer& peer, Command command, const char* how, std::size_t total, Drive drive) {
    Run run(peer, command, total);
    const auto cpu = cpu_seconds();
    const auto start = Clock::now();
    drive(run);
    const auto wall = std::chrono::duration<double>(Clock::now() - start).count();
    const auto spent = cpu_seconds() - cpu;
    auto outcome = run.outcome();
    std::printf("%-4s %-16s %6zu  %8.0f  %9.1f  %7.2f %7.2f  %5zu octets\n", command_names[static_cast<int>(command)],
                how, total, static_cast<double>(total) / wall, spent * 1e6 / static_cast<double>(total),
                part(outcome.latencies, 0.5) / 1000.0, part(outcome.latencies, 0.99) / 1000.0, outcome.payload);
    return outcome.good == total && outcome.twice == 0;
}

void tell(const char* what, Outcome outcome) {
    std::printf(
        "%s: answered %zu, expired %zu, errors %zu (last %u), not sent %zu, called twice %zu, on the sender's "
        "thread %zu, first after %.0f ms, last after %.0f ms\n",
        what, outcome.good, outcome.expired, outcome.errors, outcome.last_error, outcome.not_sent, outcome.twice,
        outcome.on_caller, part(outcome.latencies, 0) / 1000.0, part(outcome.latencies, 1) / 1000.0);
}

int run_all(CxPeer& peer, const std::string& identity, pid_t server) {
    for (int i = 0; i < 100 && !peer.open(identity); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (!peer.open(identity)) throw std::runtime_error("the peer did not reach OPEN within 10 s");
    std::printf("threads %ld, resident %ld kB with the peer open\n", status_line("Threads:"), status_line("VmRSS:"));
    std::printf("%-4s %-16s %6s  %8s  %9s  %7s %7s\n", "", "", "count", "per s", "CPU us", "p50 ms", "p99 ms");
    bool good = true;
    for (const auto command : {Command::uar, Command::mar, Command::sar}) {
        good &= measure(peer, command, "one at a time", 3000, [](Run& run) { run.pipelined(1); });
        good &= measure(peer, command, "64 at once", 10'000, [](Run& run) { run.pipelined(64); });
        good &= measure(peer, command, "500 a second", 2000, [](Run& run) { run.paced(500); });
    }
    std::printf("threads %ld, resident %ld kB after %d exchanges\n", status_line("Threads:"), status_line("VmRSS:"),
                45'000);

    kill(server, SIGSTOP);
    Run stopped(peer, Command::uar, 200);
    stopped.pipelined(200, 500);
    kill(server, SIGCONT);
    std::this_thread::sleep_for(std::chrono::seconds(1));  // the late answers arrive now, and must change nothing
    tell("server stopped, 500 ms allowed", stopped.outcome());
    Run again(peer, Command::uar, 200);
    again.pipelined(200);
    tell("server goes on", again.outcome());

    kill(server, SIGSTOP);
    Run killed(peer, Command::uar, 200);
    std::thread end([server] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        kill(server, SIGKILL);
    });
    killed.pipelined(200);
    end.join();
    tell("server killed behind 200 requests, 5 s allowed", killed.outcome());
    Run gone(peer, Command::uar, 200);
    gone.pipelined(200);
    tell("no server", gone.outcome());
    for (auto* run : {&stopped, &again, &killed, &gone}) good &= run->outcome().twice == 0;
    good &= stopped.outcome().expired == 200 && again.outcome().good == 200 && killed.outcome().good == 0;
    return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: cx_measure CONFIGURATION PEER SERVER_PID\n");
        return 2;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    int code = 1;
    try {
        CxPeer peer(argv[1], realm, "sip:scscf.ims.lab.test:5060");
        code = run_all(peer, argv[2], std::atoi(argv[3]));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "cx_measure: %s\n", failure.what());
    }
    return code;
}
