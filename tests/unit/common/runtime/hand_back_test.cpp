// What a worker lends to an answer of another thread comes back to it whole.
#include "common/runtime/hand_back.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace isthmus::runtime {
namespace {

/// Keeps what is posted until it is run.
class Posts final : public Outside {
  public:
    void send(Outgoing) override {}
    void post(std::size_t worker, std::function<void()> task) override {
        workers.push_back(worker);
        tasks.push_back(std::move(task));
    }
    transport::AnswerPtr known(const transport::Question&) override { return nullptr; }
    void ask(const transport::Question&, std::function<void(transport::AnswerPtr)>) override {}
    transport::Quarantine& quarantine() override { return quarantine_; }
    [[nodiscard]] std::uint64_t now_ms() const override { return 0; }
    [[nodiscard]] std::chrono::system_clock::time_point time_of_day() const override { return {}; }
    std::uint64_t random() override { return 0; }
    [[nodiscard]] bool tracing() const override { return false; }
    void trace(const Traced&) override {}

    void run() {
        for (auto& task : tasks) task();
        tasks.clear();
    }
    std::vector<std::size_t> workers;
    std::vector<std::function<void()>> tasks;

  private:
    transport::Quarantine quarantine_;
};

class HandBack : public testing::Test {
  protected:
    std::function<void(std::string)> callback() {
        return hand_back<std::string>(outside_, 3, [this, kept = transaction_](const std::string& answer) {
            EXPECT_NE(kept, nullptr);
            heard_.push_back(answer);
        });
    }
    Posts outside_;
    std::shared_ptr<int> transaction_ = std::make_shared<int>(1);
    std::vector<std::string> heard_;
};

TEST_F(HandBack, the_answer_is_handled_on_the_worker_that_asked_and_not_before) {
    callback()("found");
    EXPECT_TRUE(heard_.empty());
    EXPECT_EQ(outside_.workers, std::vector<std::size_t>{3});
    outside_.run();
    EXPECT_EQ(heard_, std::vector<std::string>{"found"});
}

TEST_F(HandBack, copies_that_a_foreign_thread_still_has_hold_nothing_of_the_workers) {
    const auto called = callback();
    const auto copy = called;  // as std::function is passed on from room to room
    called("found");
    outside_.run();
    EXPECT_EQ(transaction_.use_count(), 1) << "its end on a foreign thread would race with the worker";
    copy("again");
    outside_.run();
    EXPECT_EQ(heard_.size(), 1U);
}

}  // namespace
}  // namespace isthmus::runtime
