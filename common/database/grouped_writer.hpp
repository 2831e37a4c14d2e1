// Many small writes, one transaction: while one group is being committed the next one gathers (group commit).
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <pqxx/except>
#include <pqxx/transaction>
#include <utility>
#include <vector>

#include "common/database/pool.hpp"

namespace isthmus::database {

/// `Item` is one write, `Answer` what the database says to it. The callback of a write is called after the COMMIT that
/// made it durable, never before. When a group fails with an error of SQL each of its writes is tried alone, so that a
/// bad one hurts nobody else.
template <typename Item, typename Answer>
class GroupedWriter {
  public:
    /// Writes all items by as few statements as possible; one answer for each, in order.
    using Apply = std::function<std::vector<Answer>(pqxx::work&, const std::vector<Item>&)>;
    /// No answer: the outcome says why.
    using Done = std::function<void(const JobResult&, std::optional<Answer>)>;

    /// Close the pool before anything that the callbacks use goes.
    GroupedWriter(Pool& pool, Apply apply, std::size_t most = 200)
        : state_(std::make_shared<State>(pool, std::move(apply), most)) {}

    void submit(Item item, Done done) {
        {
            const std::lock_guard lock(state_->mutex);
            state_->waiting.push_back({std::move(item), std::move(done)});
            if (state_->writing) return;
            state_->writing = true;
        }
        write_next(state_);
    }

  private:
    struct Write {
        Item item;
        Done done;
    };
    struct State {
        State(Pool& pool_in, Apply apply_in, std::size_t most_in)
            : pool(pool_in), apply(std::move(apply_in)), most(most_in) {}

        Pool& pool;
        const Apply apply;
        const std::size_t most;
        std::mutex mutex;
        bool writing = false;  ///< a group is on its way; guarded by mutex
        std::vector<Write> waiting;
    };
    /// Shared by the job and its end; the job's thread may be late when the end was called for its age.
    struct Group {
        std::vector<Write> writes;
        std::vector<Item> items;
        std::vector<std::pair<JobResult, std::optional<Answer>>> results;
    };

    static void write_next(const std::shared_ptr<State>& state) {
        auto group = std::make_shared<Group>();
        {
            const std::lock_guard lock(state->mutex);
            if (state->waiting.empty()) {
                state->writing = false;
                return;
            }
            const auto count = static_cast<std::ptrdiff_t>(std::min(state->most, state->waiting.size()));
            const auto end = state->waiting.begin() + count;
            group->writes.assign(std::make_move_iterator(state->waiting.begin()), std::make_move_iterator(end));
            state->waiting.erase(state->waiting.begin(), end);
        }
        for (Write& write : group->writes) group->items.push_back(std::move(write.item));
        state->pool.submit([state, group](pqxx::connection& connection) { run(*state, *group, connection); },
                           [state, group](const JobResult& result) { finish(state, *group, result); });
    }

    static void run(const State& state, Group& group, pqxx::connection& connection) {
        group.results.clear();
        try {
            for (Answer& answer : write(state, connection, group.items)) {
                group.results.emplace_back(JobResult{Outcome::done, {}}, std::move(answer));
            }
            return;
        } catch (const std::exception& error) {
            if (classify(error, connection) != Failure::refused) throw;
            group.results.clear();
            if (group.items.size() == 1) return refuse(group, error);
        }
        for (const Item& item : group.items) {
            try {
                auto answers = write(state, connection, {item});
                group.results.emplace_back(JobResult{Outcome::done, {}}, std::move(answers.at(0)));
            } catch (const std::exception& error) {
                if (classify(error, connection) != Failure::refused) throw;
                refuse(group, error);
            }
        }
    }

    static void refuse(Group& group, const std::exception& error) {
        group.results.emplace_back(JobResult{Outcome::failed, one_line(error.what())}, std::nullopt);
    }

    static std::vector<Answer> write(const State& state, pqxx::connection& connection, const std::vector<Item>& items) {
        pqxx::work transaction(connection);
        std::vector<Answer> answers = state.apply(transaction, items);
        if (answers.size() != items.size()) throw pqxx::sql_error("not one answer for each write");
        transaction.commit();
        return answers;
    }

    static void finish(const std::shared_ptr<State>& state, Group& group, const JobResult& result) {
        std::vector<Write> behind;
        if (result.outcome == Outcome::unreachable) {
            // They gathered while this group waited in vain: waiting once more would be past their deadline (CX-08).
            const std::lock_guard lock(state->mutex);
            behind.swap(state->waiting);
        }
        // The next group need not wait for the callbacks of this one.
        write_next(state);
        for (std::size_t i = 0; i < group.writes.size(); ++i) {
            if (result.outcome != Outcome::done) {
                group.writes[i].done(result, std::nullopt);
            } else {
                group.writes[i].done(group.results[i].first, std::move(group.results[i].second));
            }
        }
        for (Write& write : behind) write.done(result, std::nullopt);
    }

    std::shared_ptr<State> state_;
};

}  // namespace isthmus::database
