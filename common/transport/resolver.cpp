#include "common/transport/resolver.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "common/transport/dns_reply.hpp"

namespace isthmus::transport {

using Outcome = DnsAnswer::Outcome;

namespace {

int wire_type(RecordType type) {
    switch (type) {
        case RecordType::naptr:
            return ns_t_naptr;
        case RecordType::srv:
            return ns_t_srv;
        case RecordType::a:
            return ns_t_a;
        case RecordType::aaaa:
            break;
    }
    return ns_t_aaaa;
}

std::uint64_t steady_ms() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
}

/// ares_library_init() is counted and not safe to race with itself.
void init_library() {
    static const int result = ares_library_init(ARES_LIB_INIT_ALL);
    if (result != ARES_SUCCESS) throw std::runtime_error(std::string("c-ares: ") + ares_strerror(result));
}

struct ByName {
    bool operator()(const Question& a, const Question& b) const {
        return a.type != b.type ? a.type < b.type : a.name < b.name;
    }
};

constexpr int tries = 2;
constexpr int edns_size = 1232;  // fits an unfragmented datagram

}  // namespace

struct Resolver::Impl {
    using Done = std::function<void(AnswerPtr)>;
    struct Query {
        std::vector<Done> waiting;
        std::uint64_t deadline_ms = 0;     // of the steady clock
        std::uint32_t ttl_s = UINT32_MAX;  // of the aliases so far
        int aliases = 0;
    };
    /// What c-ares holds while it asks; a query that was given up meanwhile is found no more.
    struct Asked {
        Impl* impl;
        Question question;  // what the asker wants
        Question now;       // what is asked: the same or an alias of it
    };

    Impl(ResolverOptions options_in, std::function<std::uint64_t()> now_in)
        : options(std::move(options_in)), now_ms(now_in ? std::move(now_in) : steady_ms), cache(options.cached) {
        open_channel();
        wake_handle = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (wake_handle < 0) {
            ares_destroy(channel);
            throw std::runtime_error("no event descriptor for the resolver");
        }
        thread = std::thread([this] { run(); });
    }

    ~Impl() {
        stopping = true;
        wake();
        thread.join();
        ares_destroy(channel);  // its callbacks still see the maps
        ::close(wake_handle);
    }

    void open_channel() {
        init_library();
        init_channel(std::max<std::size_t>(1, options.servers.size()));
        if (options.servers.empty()) {  // the system's: how many they are is known only now
            ares_addr_port_node* list = nullptr;
            std::size_t count = 0;
            if (ares_get_servers_ports(channel, &list) == ARES_SUCCESS) {
                for (const auto* one = list; one != nullptr; one = one->next) ++count;
                ares_free_data(list);
            }
            if (count < 2) return;
            ares_destroy(channel);
            return init_channel(count);
        }
        std::string list;
        for (const auto& server : options.servers) list.append(list.empty() ? "" : ",").append(server.text());
        const int result = ares_set_servers_ports_csv(channel, list.c_str());
        if (result == ARES_SUCCESS) return;
        ares_destroy(channel);
        refuse(result);
    }

    void init_channel(std::size_t servers) {
        ares_options wanted{};
        wanted.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS;
        wanted.ednspsz = edns_size;
        wanted.tries = tries;
        // c-ares goes round all servers `tries` times and doubles the time with each round.
        wanted.timeout = static_cast<int>(options.patience.count() / static_cast<long>(3 * servers));
        const int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TRIES | ARES_OPT_TIMEOUTMS | ARES_OPT_NOROTATE;
        const int result = ares_init_options(&channel, &wanted, mask);
        if (result != ARES_SUCCESS) refuse(result);
    }

    [[noreturn]] static void refuse(int result) {
        throw std::runtime_error(std::string("the resolver cannot start: ") + ares_strerror(result));
    }

    void wake() const {
        const std::uint64_t one = 1;
        (void)!::write(wake_handle, &one, sizeof one);
    }

    // --- the thread ---

    void run() {
        while (!stopping) {
            take_questions();
            give_up_late_ones();
            wait();
        }
    }

    void wait() {
        std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
        const auto wanted = static_cast<unsigned>(ares_getsock(channel, sockets.data(), ARES_GETSOCK_MAXNUM));
        std::vector<pollfd> handles{{wake_handle, POLLIN, 0}};
        for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
            short events = 0;
            if (ARES_GETSOCK_READABLE(wanted, i)) events |= POLLIN;
            if (ARES_GETSOCK_WRITABLE(wanted, i)) events |= POLLOUT;
            if (events != 0) handles.push_back({sockets[i], events, 0});
        }
        // The deadlines are whole rounds of time-outs, so looking ten times in one is exact enough.
        const int patience = queries.empty() ? -1 : 50;
        timeval limit{};
        timeval next{};
        limit.tv_sec = 1;
        const auto* soonest = queries.empty() ? nullptr : ares_timeout(channel, &limit, &next);
        const int ms = soonest != nullptr ? static_cast<int>(soonest->tv_sec * 1000 + soonest->tv_usec / 1000 + 1) : -1;
        ::poll(handles.data(), handles.size(), patience < 0 ? ms : ms < 0 ? patience : std::min(ms, patience));
        if ((handles.front().revents & POLLIN) != 0) {
            std::uint64_t count = 0;
            (void)!::read(wake_handle, &count, sizeof count);
        }
        bool any = false;
        for (std::size_t i = 1; i < handles.size(); ++i) {
            if (handles[i].revents == 0) continue;
            any = true;
            const bool read = (handles[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
            const bool written = (handles[i].revents & POLLOUT) != 0;
            ares_process_fd(channel, read ? handles[i].fd : ARES_SOCKET_BAD, written ? handles[i].fd : ARES_SOCKET_BAD);
        }
        if (!any) ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }

    void take_questions() {
        std::vector<std::pair<Question, Done>> taken;
        {
            const std::lock_guard lock(inbox_lock);
            taken.swap(inbox);
        }
        for (auto& [question, done] : taken) {
            // It may have come while this one waited.
            if (auto answer = cache.find(question.type, {question.name.data(), question.name.size()}, now_ms())) {
                done(std::move(answer));
                continue;
            }
            const auto found = queries.find(question);
            if (found != queries.end()) {
                found->second.waiting.push_back(std::move(done));
                continue;
            }
            if (queries.size() >= options.at_once) {
                failures.fetch_add(1, std::memory_order_relaxed);
                DnsAnswer none;
                none.words = "too many questions under way";
                done(std::make_shared<const DnsAnswer>(std::move(none)));
                continue;
            }
            auto& query = queries[question];
            query.waiting.push_back(std::move(done));
            query.deadline_ms = steady_ms() + static_cast<std::uint64_t>(options.patience.count());
            query_server(question, question);
        }
    }

    void query_server(const Question& question, const Question& now) {
        asked.fetch_add(1, std::memory_order_relaxed);
        const std::string name(now.name.data(), now.name.size());
        ares_query(channel, name.c_str(), ns_c_in, wire_type(now.type), &Impl::on_reply,
                   new Asked{this, question, now});
    }

    static void on_reply(void* argument, int status, int, unsigned char* octets, int size) {
        const std::unique_ptr<Asked> asked(static_cast<Asked*>(argument));
        if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
        asked->impl->reply(*asked, status,
                           octets == nullptr ? std::string_view{}
                                             : std::string_view(reinterpret_cast<const char*>(octets),
                                                                static_cast<std::size_t>(size)));
    }

    void reply(const Asked& to, int status, std::string_view octets) {
        DnsReply read;
        if (!octets.empty()) {
            read = read_reply(octets, to.now);
        } else {
            read.answer.outcome = status == ARES_ETIMEOUT ? Outcome::timed_out : Outcome::failed;
            // c-ares says so of servers that refuse the datagram and of ones that answer SERVFAIL or REFUSED alike.
            read.answer.words =
                status == ARES_ECONNREFUSED ? "every name server refuses or fails" : ares_strerror(status);
        }
        const auto found = queries.find(to.question);
        // Given up already, and counted as silence then.
        if (found == queries.end() && read.answer.outcome == Outcome::timed_out) return;
        if (!read.alias.empty() && found != queries.end()) {
            auto& query = found->second;
            query.ttl_s = std::min(query.ttl_s, read.answer.ttl_s);
            const auto next = dns_name(read.alias);
            if (++query.aliases <= max_aliases && !next.empty()) return query_server(to.question, {to.now.type, next});
            read = {};
            read.answer.words = "a loop of aliases, or too many";
        }
        if (found != queries.end()) read.answer.ttl_s = std::min(read.answer.ttl_s, found->second.ttl_s);
        settle(to.question, std::make_shared<const DnsAnswer>(std::move(read.answer)));
    }

    void settle(const Question& question, const AnswerPtr& answer) {
        count(question, *answer);
        cache.store(question, answer, now_ms());
        const auto found = queries.find(question);
        if (found == queries.end()) return;  // given up; the cache profits all the same
        const auto waiting = std::move(found->second.waiting);
        queries.erase(found);
        for (const auto& done : waiting) done(answer);
    }

    void count(const Question& question, const DnsAnswer& answer) {
        switch (answer.outcome) {
            case Outcome::found:
                break;
            case Outcome::no_data:
            case Outcome::no_name:
                negative.fetch_add(1, std::memory_order_relaxed);
                break;
            case Outcome::timed_out:
                timeouts.fetch_add(1, std::memory_order_relaxed);
                break;
            case Outcome::failed:
                failures.fetch_add(1, std::memory_order_relaxed);
                break;
        }
        // One domain may fail by itself; several in a row are the name servers.
        constexpr int in_a_row = 3;
        failed_in_a_row = answer.outcome == Outcome::failed ? failed_in_a_row + 1 : 0;
        const bool speaks = answer.outcome != Outcome::timed_out && failed_in_a_row < in_a_row;
        if (speaks == answering || (speaks && failed_in_a_row > 0)) return;
        answering = speaks;
        if (options.event) options.event({speaks, question, answer.words});
    }

    /// The promise of `patience` holds whatever c-ares, TCP and chains of aliases are at.
    void give_up_late_ones() {
        const auto now = steady_ms();
        std::vector<Question> late;
        for (const auto& [question, query] : queries)
            if (query.deadline_ms <= now) late.push_back(question);
        for (const auto& question : late) {
            DnsAnswer silence;
            silence.outcome = Outcome::timed_out;
            silence.words = "no answer in time";
            settle(question, std::make_shared<const DnsAnswer>(std::move(silence)));
        }
    }

    ResolverOptions options;
    std::function<std::uint64_t()> now_ms;
    DnsCache cache;
    ares_channel channel = nullptr;
    int wake_handle = -1;
    std::mutex inbox_lock;
    std::vector<std::pair<Question, Done>> inbox;
    std::map<Question, Query, ByName> queries;  // of the thread
    bool answering = true;                      // the same
    int failed_in_a_row = 0;                    // the same
    std::atomic<bool> stopping = false;
    std::atomic<std::uint64_t> asked = 0, timeouts = 0, negative = 0, failures = 0;
    std::thread thread;
};

Resolver::Resolver(ResolverOptions options, std::function<std::uint64_t()> now_ms)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(now_ms))) {}

Resolver::~Resolver() = default;

AnswerPtr Resolver::known(const Question& question) const {
    return impl_->cache.find(question.type, {question.name.data(), question.name.size()}, impl_->now_ms());
}

void Resolver::ask(const Question& question, std::function<void(AnswerPtr)> done) {
    bool first = false;
    {
        const std::lock_guard lock(impl_->inbox_lock);
        first = impl_->inbox.empty();
        impl_->inbox.emplace_back(question, std::move(done));
    }
    if (first) impl_->wake();
}

ResolverCounts Resolver::counts() const {
    constexpr auto relaxed = std::memory_order_relaxed;
    ResolverCounts counts;
    counts.queries = impl_->asked.load(relaxed);
    counts.timeouts = impl_->timeouts.load(relaxed);
    counts.negative = impl_->negative.load(relaxed);
    counts.failures = impl_->failures.load(relaxed);
    counts.cache_hits = impl_->cache.counts().hits;
    counts.cache_entries = impl_->cache.size();
    return counts;
}

}  // namespace isthmus::transport
