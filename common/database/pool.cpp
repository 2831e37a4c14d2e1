#include "common/database/pool.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <pqxx/nontransaction>
#include <thread>
#include <utility>

#include "common/database/reachability.hpp"

namespace isthmus::database {
namespace {

using Clock = Reachability::Clock;

constexpr const char* known_down_text = "the database is known to be down";
constexpr const char* closed_text = "the pool was closed";
constexpr const char* too_late_text = "no answer within the deadline";

}  // namespace

class Pool::Impl {
  public:
    Impl(PoolOptions options, std::vector<Statement> statements, StateChange state_change)
        : options_(std::move(options)),
          statements_(std::move(statements)),
          state_change_(std::move(state_change)),
          reachability_(options_.failures_to_down, options_.probe_interval),
          workers_(options_.connections) {
        for (Worker& worker : workers_) worker.thread = std::thread([this, &worker] { work(worker); });
        supervisor_ = std::thread([this] { supervise(); });
    }

    ~Impl() { close(); }

    void close() {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
            stopping_ = true;
            for (Worker& worker : workers_) shut_down(worker);
        }
        work_.notify_all();
        watch_.notify_all();
        for (Worker& worker : workers_) worker.thread.join();
        supervisor_.join();
        std::unique_lock lock(mutex_);
        while (!queue_.empty()) {  // a callback may submit another
            const auto task = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            answer(*task, {Outcome::unreachable, closed_text});
            lock.lock();
        }
        closed_ = true;
    }

    void submit(Job job, Done done) {
        auto task = std::make_shared<Task>();
        task->job = std::move(job);
        task->done = std::move(done);
        task->deadline = Clock::now() + options_.connection.deadline;
        bool down = false;
        {
            std::unique_lock lock(mutex_);
            if (closed_) {
                lock.unlock();
                return answer(*task, {Outcome::unreachable, closed_text});
            }
            queue_.push_back(std::move(task));
            down = reachability_.known_down();
        }
        if (down) {
            watch_.notify_one();
        } else {
            work_.notify_one();
        }
    }

    bool known_down() const {
        const std::lock_guard lock(mutex_);
        return reachability_.known_down();
    }

  private:
    struct Task {
        Job job;
        Done done;  ///< empty once answered; guarded by mutex_
        Clock::time_point deadline;
    };
    struct Worker {
        std::thread thread;
        std::unique_ptr<pqxx::connection> connection;
        int socket = -1;             ///< guarded by mutex_, -1 before the connection goes
        std::shared_ptr<Task> task;  ///< guarded by mutex_
        Clock::time_point busy_until = Clock::time_point::max();
    };

    void answer(Task& task, const JobResult& result) {
        Done done;
        {
            const std::lock_guard lock(mutex_);
            done = std::exchange(task.done, nullptr);
        }
        if (done) done(result);
    }

    static void shut_down(const Worker& worker) {
        if (worker.socket >= 0) ::shutdown(worker.socket, SHUT_RDWR);
    }

    /// Applies a change to the reachability and tells when *known down* began or ended by it.
    template <typename Change>
    void change_state(const std::string& reason, Change change) {
        bool before = false;
        bool after = false;
        {
            const std::lock_guard lock(mutex_);
            before = reachability_.known_down();
            change(reachability_);
            after = reachability_.known_down();
        }
        if (before == after) return;
        work_.notify_all();
        watch_.notify_all();
        if (state_change_) state_change_(after, reason);
    }

    // --- the supervisor: deadlines, and answers while the database is known to be down ---

    void supervise() {
        std::unique_lock lock(mutex_);
        while (!stopping_) {
            const auto now = Clock::now();
            auto late = take_late(now);
            if (late.empty()) {
                watch_.wait_until(lock, std::min(next_deadline(), now + std::chrono::milliseconds(100)));
                continue;
            }
            const bool down = reachability_.known_down();
            lock.unlock();
            for (const auto& task : late) {
                if (!down) change_state(too_late_text, [now](Reachability& state) { state.unanswered(now); });
                answer(*task, {Outcome::unreachable, down ? known_down_text : too_late_text});
            }
            lock.lock();
        }
    }

    std::vector<std::shared_ptr<Task>> take_late(Clock::time_point now) {
        std::vector<std::shared_ptr<Task>> late;
        while (!queue_.empty() && (reachability_.known_down() || queue_.front()->deadline <= now)) {
            late.push_back(std::move(queue_.front()));
            queue_.pop_front();
        }
        for (Worker& worker : workers_) {
            if (worker.busy_until > now) continue;
            shut_down(worker);  // its thread wakes up with a broken connection
            worker.busy_until = Clock::time_point::max();
            if (worker.task && worker.task->done) late.push_back(worker.task);
        }
        return late;
    }

    Clock::time_point next_deadline() const {
        auto next = queue_.empty() ? Clock::time_point::max() : queue_.front()->deadline;
        for (const Worker& worker : workers_) next = std::min(next, worker.busy_until);
        return next;
    }

    // --- a worker: one thread, one connection ---

    void work(Worker& worker) {
        std::unique_lock lock(mutex_);
        while (!stopping_) {
            const auto now = Clock::now();
            if (reachability_.probe_due(now)) {
                reachability_.probing(now);
                worker.busy_until = now + options_.connection.deadline;
                lock.unlock();
                probe(worker);
                lock.lock();
                worker.busy_until = Clock::time_point::max();
            } else if (reachability_.known_down()) {
                work_.wait_until(lock, reachability_.next_probe());
            } else if (queue_.empty()) {
                work_.wait(lock);
            } else {
                worker.task = std::move(queue_.front());
                queue_.pop_front();
                worker.busy_until = worker.task->deadline;
                const auto task = worker.task;
                lock.unlock();
                run(worker, *task);
                lock.lock();
                worker.task.reset();
                worker.busy_until = Clock::time_point::max();
            }
        }
        lock.unlock();
        disconnect(worker);
    }

    /// Throws what pqxx throws.
    void ensure_connected(Worker& worker) {
        if (worker.connection) return;
        worker.connection = connect(options_.connection, statements_, [this, &worker](int socket) {
            const std::lock_guard lock(mutex_);
            worker.socket = socket;
            if (stopping_) shut_down(worker);
        });
    }

    void disconnect(Worker& worker) {
        {
            const std::lock_guard lock(mutex_);
            worker.socket = -1;
        }
        worker.connection.reset();
    }

    void probe(Worker& worker) {
        disconnect(worker);
        try {
            ensure_connected(worker);
            change_state("it answers again", [](Reachability& state) { state.answered(); });
        } catch (const std::exception&) {
            disconnect(worker);
        }
    }

    struct Attempt {
        JobResult result;
        bool may_repeat = false;  ///< nothing was committed, and another connection may do
    };

    Attempt attempt(Worker& worker, Task& task) {
        try {
            ensure_connected(worker);
        } catch (const std::exception& error) {
            const std::string reason = one_line(error.what());
            change_state(reason, [](Reachability& state) { state.not_connected(Clock::now()); });
            return {{Outcome::unreachable, reason}, false};
        }
        try {
            task.job(*worker.connection);
            return {{Outcome::done, {}}, false};
        } catch (const std::exception& error) {
            const Failure failure = classify(error, *worker.connection);
            const Outcome outcome = failure == Failure::refused ? Outcome::failed : Outcome::unreachable;
            return {{outcome, one_line(error.what())}, failure == Failure::lost};
        }
    }

    void run(Worker& worker, Task& task) {
        Attempt result = attempt(worker, task);
        if (result.result.outcome == Outcome::unreachable) disconnect(worker);
        // Most often the server was restarted since this connection was used last: worth a second try.
        if (result.may_repeat && still_wanted(task)) {
            result = attempt(worker, task);
            if (result.result.outcome == Outcome::unreachable) disconnect(worker);
        }
        if (result.result.outcome != Outcome::unreachable) {
            change_state("it answers again", [](Reachability& state) { state.answered(); });
        } else if (still_wanted(task)) {  // else the supervisor has counted it
            change_state(result.result.error, [](Reachability& state) { state.unanswered(Clock::now()); });
        }
        answer(task, result.result);
    }

    bool still_wanted(const Task& task) const {
        const std::lock_guard lock(mutex_);
        return !stopping_ && task.done;
    }

    const PoolOptions options_;
    const std::vector<Statement> statements_;
    const StateChange state_change_;

    mutable std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable watch_;
    Reachability reachability_;
    std::deque<std::shared_ptr<Task>> queue_;
    bool stopping_ = false;
    bool closed_ = false;
    std::vector<Worker> workers_;
    std::thread supervisor_;
};

Pool::Pool(PoolOptions options, std::vector<Statement> statements, StateChange state_change)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(statements), std::move(state_change))) {}

Pool::~Pool() = default;

void Pool::submit(Job job, Done done) {
    impl_->submit(std::move(job), std::move(done));
}

void Pool::close() {
    impl_->close();
}

bool Pool::known_down() const {
    return impl_->known_down();
}

}  // namespace isthmus::database
