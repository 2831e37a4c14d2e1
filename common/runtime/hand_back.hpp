// The way back from threads that are not ours (the directory's, the database's): an answer is handled on the worker
// that asked (docs/architecture.md, who owns what).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "common/runtime/core.hpp"

namespace isthmus::runtime {

/// A callback that may be called once, on any thread: it posts `handle(answer)` to `worker`. What the handler holds
/// (transactions, timers) belongs to that worker, so it leaves with the answer, however many copies of the callback
/// stay behind: their end must not be the end of a transaction on a foreign thread.
template <class Answer, class Handle>
std::function<void(Answer)> hand_back(Outside& outside, std::size_t worker, Handle handle) {
    return [&outside, worker, held = std::make_shared<std::optional<Handle>>(std::move(handle))](Answer answer) {
        if (!*held) return;
        auto leaving = std::move(**held);
        held->reset();
        outside.post(
            worker, [handle = std::move(leaving), answer = std::move(answer)]() mutable { handle(std::move(answer)); });
    };
}

}  // namespace isthmus::runtime
