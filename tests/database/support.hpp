// What the database tests share: waiting for callbacks without sleeping, SQL in one line.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "common/database/connection.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace isthmus::testing {

inline constexpr std::chrono::seconds patience{30};

/// Collects what a callback gets, in order.
template <typename T>
class Received {
  public:
    void push(T value) {
        // Under the lock: who waits may be the one to destroy this.
        const std::lock_guard lock(mutex_);
        values_.push_back(std::move(value));
        arrived_.notify_all();
    }

    /// The first value, from the `from`th on, that satisfies `wanted`.
    std::optional<T> wait(const std::function<bool(const T&)>& wanted, std::chrono::milliseconds longest = patience) {
        std::unique_lock lock(mutex_);
        std::size_t next = 0;
        std::optional<T> found;
        arrived_.wait_for(lock, longest, [&] {
            for (; next < values_.size(); ++next) {
                if (!wanted(values_[next])) continue;
                found = values_[next];
                return true;
            }
            return false;
        });
        return found;
    }

    std::optional<T> wait_any(std::chrono::milliseconds longest = patience) {
        return wait([](const T&) { return true; }, longest);
    }

    /// Waits for so many values.
    bool wait_count(std::size_t count, std::chrono::milliseconds longest = patience) {
        std::unique_lock lock(mutex_);
        return arrived_.wait_for(lock, longest, [&] { return values_.size() >= count; });
    }

    std::vector<T> all() const {
        const std::lock_guard lock(mutex_);
        return {values_.begin(), values_.end()};
    }

    void clear() {
        const std::lock_guard lock(mutex_);
        values_.clear();
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<T> values_;
};

/// Runs SQL in a transaction of its own.
inline pqxx::result run_sql(const std::string& connection_string, const std::string& sql) {
    pqxx::connection connection(connection_string);
    pqxx::work transaction(connection);
    pqxx::result rows = transaction.exec(sql);
    transaction.commit();
    return rows;
}

/// The text of the first column of the first row.
inline std::string ask_sql(const std::string& connection_string, const std::string& sql) {
    const pqxx::result rows = run_sql(connection_string, sql);
    return rows.empty() || rows[0][0].is_null() ? std::string() : rows[0][0].c_str();
}

/// The first line of the refusal, or "" when the statement was taken.
inline std::string refusal_of(const std::string& connection_string, const std::string& sql) {
    try {
        run_sql(connection_string, sql);
        return {};
    } catch (const pqxx::sql_error& error) {
        return database::one_line(error.what());
    }
}

}  // namespace isthmus::testing
