// Makes calls through the hop at a constant rate and plays both phones: one thread, datagrams in batches, every message
// checked. Unanswered requests and unacknowledged answers are repeated every half second, and counted.
#include <boost/asio/io_context.hpp>

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/transport/stream.hpp"
#include "common/transport/udp_socket.hpp"
#include "tests/bench/hop/dialogue.hpp"
#include "tests/bench/hop/ways.hpp"

namespace {

using namespace isthmus;
using bench::Seen;
using transport::Address;
using transport::UdpSocket;

constexpr std::uint64_t repeat_us = 500'000;
constexpr int most_repeats = 8;
constexpr std::size_t burst = 32;

std::uint64_t now_us() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_nsec) / 1000;
}

enum class Phase : std::uint8_t { inviting, holding, ending, done, lost, failed };

struct Call {
    std::uint64_t started = 0;
    std::uint32_t setup = 0;  // us from INVITE to its 200
    Phase phase = Phase::inviting;
    bool ringing = false;
    bool answered = false;      // the callee sent its 200
    bool acknowledged = false;  // and got the ACK
    std::string route;
};

struct Due {
    std::uint64_t at;
    std::uint32_t call;
    int tries = 0;
};

/// One phone's end: a UDP socket, or a hub that connects to the hop and takes the hop's connections.
class Side {
  public:
    Side(const bench::Ways& ways, const Address& local, const Address& hop)
        : hop_{ways.protocol, hop, hop.ip()}, datagrams_(!transport::is_stream(ways.protocol)) {
        if (datagrams_) {
            socket_ = std::make_unique<UdpSocket>(local);
            return;
        }
        transport::StreamLimits limits;
        limits.sources = {local};
        hub_ = std::make_unique<transport::StreamHub>(
            io_, limits,
            transport::StreamEvents{[this](const transport::Peer& from, std::string text) {
                                        if (from.domain.empty()) hop_ = from;  // what came is answered where it came
                                        inbox_.push_back(std::move(text));
                                    },
                                    [this](std::uint64_t) { ++failed_; }});
        hub_->use(ways.credentials);
        listener_ = std::make_unique<transport::StreamListener>(
            io_, local, [this, protocol = ways.protocol](int handle, const Address& remote) {
                hub_->adopt(handle, {protocol, remote});
            });
    }

    void send(transport::Octets octets) {
        if (datagrams_)
            outbox_.push_back({hop_.address, std::move(octets)});
        else
            hub_->send({hop_, std::move(octets), 1});
    }
    void flush() {
        if (!outbox_.empty()) socket_->send(outbox_);
        outbox_.clear();
        if (!datagrams_) io_.poll();
    }
    template <class Take>
    void read(Take take) {
        if (datagrams_) {
            while (socket_->receive([&](const Address&, std::string_view octets) { take(octets); }) ==
                   UdpSocket::batch) {
            }
            return;
        }
        io_.poll();
        std::vector<std::string> came;
        came.swap(inbox_);
        for (const auto& text : came) take(text);
    }
    /// What ppoll() may wait for; with connections a nap does.
    [[nodiscard]] int handle() const { return datagrams_ ? socket_->handle() : -1; }
    [[nodiscard]] std::size_t failed() const { return failed_; }

  private:
    transport::Peer hop_;
    bool datagrams_;
    std::unique_ptr<UdpSocket> socket_;
    std::vector<transport::Datagram> outbox_;
    boost::asio::io_context io_;
    std::vector<std::string> inbox_;
    std::size_t failed_ = 0;
    std::unique_ptr<transport::StreamHub> hub_;
    std::unique_ptr<transport::StreamListener> listener_;
};

class Generator {
  public:
    Generator(const bench::Ways& ways, const Address& caller, const Address& callee, const Address& hop, double rate,
              std::uint32_t calls, std::uint64_t hold_us)
        : caller_(ways, caller, hop),
          callee_(ways, callee, hop),
          dialogue_({caller.text(), callee.text(), hop.text(), std::string(name(ways.protocol)),
                     transport::is_stream(ways.protocol) ? ";transport=" + std::string(transport::scheme(ways.protocol))
                                                         : std::string()}),
          rate_(rate),
          hold_us_(hold_us),
          calls_(calls) {}

    void run() {
        start_ = now_us();
        const std::size_t total = calls_.size();
        while (finished_ < total) {
            const auto now = now_us();
            make_calls(now);
            end_calls(now);
            repeat_requests(now);
            repeat_answers(now);
            flush();
            wait(now);
            read(caller_, [this](const Seen& seen) { at_caller(seen); });
            read(callee_, [this](const Seen& seen) { at_callee(seen); });
            flush();
        }
    }

    [[nodiscard]] int report() const {
        std::vector<std::uint32_t> setups;
        std::size_t lost = 0, failed = 0, unacknowledged = 0;
        for (const Call& call : calls_) {
            lost += call.phase == Phase::lost ? 1 : 0;
            failed += call.phase == Phase::failed ? 1 : 0;
            unacknowledged += call.phase == Phase::done && !call.acknowledged ? 1 : 0;
            if (call.setup != 0) setups.push_back(call.setup);
        }
        std::sort(setups.begin(), setups.end());
        const auto at = [&setups](double part) {
            return setups.empty()
                       ? 0.0
                       : setups[static_cast<std::size_t>(part * static_cast<double>(setups.size() - 1))] / 1000.0;
        };
        rusage own{};
        getrusage(RUSAGE_SELF, &own);
        const auto seconds = [](const timeval& t) {
            return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
        };
        std::printf(
            "calls=%zu lost=%zu failed=%zu bad=%zu repeated=%zu seconds=%.2f p50_ms=%.2f p99_ms=%.2f max_ms=%.2f "
            "late_ms=%.1f cpu=%.2f invite_octets=%zu\n",
            calls_.size(), lost + unacknowledged, failed, bad_, repeated_,
            static_cast<double>(last_started_ - start_) / 1e6, at(0.5), at(0.99), at(1.0),
            static_cast<double>(latest_) / 1000.0, seconds(own.ru_utime) + seconds(own.ru_stime),
            dialogue_.invite(0).size());
        return lost + unacknowledged + failed + bad_ == 0 ? 0 : 1;
    }

  private:
    void make_calls(std::uint64_t now) {
        for (std::size_t made = 0; made < burst && next_ < calls_.size(); ++made) {
            const auto due = start_ + static_cast<std::uint64_t>(static_cast<double>(next_) * 1e6 / rate_);
            if (due > now) return;
            latest_ = std::max(latest_, now - due);
            last_started_ = now;
            calls_[next_].started = now;
            send(caller_, dialogue_.invite(next_));
            requests_.push_back({now + repeat_us, next_});
            ++next_;
        }
    }

    void end_calls(std::uint64_t now) {
        while (!holding_.empty() && holding_.front().at <= now) {
            const auto number = holding_.front().call;
            holding_.pop_front();
            Call& call = calls_[number];
            if (call.phase != Phase::holding) continue;
            call.phase = Phase::ending;
            send(caller_, dialogue_.bye(number, call.route));
            requests_.push_back({now + repeat_us, number});
        }
    }

    void repeat_requests(std::uint64_t now) {
        while (!requests_.empty() && requests_.front().at <= now) {
            Due due = requests_.front();
            requests_.pop_front();
            Call& call = calls_[due.call];
            const bool inviting = call.phase == Phase::inviting && !call.ringing;
            const bool waiting = call.phase == Phase::inviting && call.ringing;
            const bool ending = call.phase == Phase::ending;
            if (!inviting && !waiting && !ending) continue;
            if (++due.tries > most_repeats) {
                finish(call, Phase::lost);
                continue;
            }
            if (!waiting) {
                ++repeated_;
                send(caller_, inviting ? dialogue_.invite(due.call) : dialogue_.bye(due.call, call.route));
            }
            due.at = now + repeat_us;
            requests_.push_back(due);
        }
    }

    void repeat_answers(std::uint64_t now) {
        while (!answers_.empty() && answers_.front().due.at <= now) {
            auto answer = std::move(answers_.front());
            answers_.pop_front();
            if (calls_[answer.due.call].acknowledged || ++answer.due.tries > most_repeats) continue;
            ++repeated_;
            answer.due.at = now + repeat_us;
            callee_.send(answer.octets);
            answers_.push_back(std::move(answer));
        }
    }

    void at_caller(const Seen& seen) {
        Call& call = calls_[seen.call];
        if (seen.request || !dialogue_.good_response(seen)) return refuse(call);
        if (seen.status >= 300) return finish(call, Phase::failed);
        if (seen.method == "BYE") {
            if (call.phase == Phase::ending) finish(call, Phase::done);
            return;
        }
        call.ringing = call.ringing || seen.status == 180;
        if (seen.status < 200) return;
        const auto now = now_us();
        if (call.phase == Phase::inviting) {
            if (!call.ringing) ++bad_;
            call.phase = Phase::holding;
            call.setup = static_cast<std::uint32_t>(now - call.started);
            call.route = seen.record_route;
            holding_.push_back({now + hold_us_, seen.call});
        }
        send(caller_, dialogue_.ack(seen.call, call.route));
    }

    void at_callee(const Seen& seen) {
        Call& call = calls_[seen.call];
        if (!seen.request || !dialogue_.good_request(seen)) return refuse(call);
        if (seen.method == "ACK") {
            call.acknowledged = true;
        } else if (seen.method == "BYE") {
            send(callee_, dialogue_.response(seen, 200, "OK"));
        } else if (seen.method == "INVITE" && !call.answered) {
            call.answered = true;
            send(callee_, dialogue_.response(seen, 100, "Trying"));
            send(callee_, dialogue_.response(seen, 180, "Ringing"));
            auto answer = std::make_shared<const std::string>(dialogue_.response(seen, 200, "OK"));
            callee_.send(answer);
            answers_.push_back({{now_us() + repeat_us, seen.call}, std::move(answer)});
        }
    }

    void refuse(Call& call) {
        ++bad_;
        finish(call, Phase::failed);
    }
    void finish(Call& call, Phase phase) {
        if (call.phase == Phase::done || call.phase == Phase::lost || call.phase == Phase::failed) return;
        call.phase = phase;
        ++finished_;
    }

    static void send(Side& side, std::string octets) {
        side.send(std::make_shared<const std::string>(std::move(octets)));
    }
    void flush() {
        caller_.flush();
        callee_.flush();
    }

    template <class Take>
    void read(Side& side, Take take) {
        side.read([&](std::string_view octets) {
            const auto seen = bench::look(octets);
            if (seen && seen->call < next_)
                take(*seen);
            else
                ++bad_;
        });
    }

    /// A millisecond at most: waking for every datagram would cost more than the calls do.
    void wait(std::uint64_t now) {
        const auto due = start_ + static_cast<std::uint64_t>(static_cast<double>(next_) * 1e6 / rate_);
        if (next_ < calls_.size() && due <= now) return;
        const timespec pause{0, 1'000'000};
        pollfd sockets[2] = {{caller_.handle(), POLLIN, 0}, {callee_.handle(), POLLIN, 0}};
        ppoll(sockets, 2, &pause, nullptr);
    }

    struct Answer {
        Due due;
        transport::Octets octets;
    };

    Side caller_;
    Side callee_;
    bench::Dialogue dialogue_;
    double rate_;
    std::uint64_t hold_us_;
    std::vector<Call> calls_;
    std::deque<Due> holding_;
    std::deque<Due> requests_;
    std::deque<Answer> answers_;
    std::uint32_t next_ = 0;
    std::size_t finished_ = 0;
    std::size_t bad_ = 0;
    std::size_t repeated_ = 0;
    std::uint64_t start_ = 0;
    std::uint64_t last_started_ = 0;
    std::uint64_t latest_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    const auto ways = bench::ways_from(argc - 7, argv + 7);
    if (argc < 7 || !ways) {
        std::fprintf(
            stderr,
            "usage: generator CALLER CALLEE HOP RATE CALLS HOLD_MS [udp|tcp|tls [CERTIFICATE KEY AUTHORITY]]\n");
        return 2;
    }
    const auto caller = Address::parse_with_port(argv[1], 5060);
    const auto callee = Address::parse_with_port(argv[2], 5060);
    const auto hop = Address::parse_with_port(argv[3], 5060);
    const double rate = std::atof(argv[4]);
    const long calls = std::atol(argv[5]);
    const long hold_ms = std::atol(argv[6]);
    if (!caller || !callee || !hop || rate <= 0 || calls <= 0 || hold_ms < 0) {
        std::fprintf(stderr, "generator: addresses, rate, calls and hold time must be positive numbers\n");
        return 2;
    }
    Generator generator(*ways, *caller, *callee, *hop, rate, static_cast<std::uint32_t>(calls),
                        static_cast<std::uint64_t>(hold_ms) * 1000);
    generator.run();
    return generator.report();
}
