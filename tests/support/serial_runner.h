// A Runner without threads: the test's own thread is the loop and the callback thread.
#pragma once

#include "lib/env/runner.h"
#include "lib/env/task_queue.h"
#include "tests/support/fake_env.h"

namespace quorumlock::testing {

class SerialRunner final : public env::Runner {
  public:
    explicit SerialRunner(FakeEnv& env) : env_(env) {}
    ~SerialRunner() override { drain(); }

    void run_in_loop(env::Task& task) override {
        inbox_.push(task);
        if (!inside_) drain_inbox();
    }
    bool wait(env::Signal& signal) override { return signal.is_set(); }
    void set(env::Signal& signal) override { mark(signal); }
    void call_back(env::Task& task, bool expected) override {
        callbacks_.push(task);
        if (expected) --expected_;
        env_.post(turn_);
    }
    void expect_callback() override { ++expected_; }
    void keep_alive(bool yes) override { alive_ = yes; }
    bool on_callback_thread() const noexcept override { return true; }
    bool forked() const noexcept override { return false; }

    bool alive() const noexcept { return alive_; }
    int expected() const noexcept { return expected_; }

    void drain() {
        drain_inbox();
        while (env::Task* task = callbacks_.pop()) {
            task->run();
            drain_inbox();
        }
    }

  private:
    struct Turn final : env::Task {
        explicit Turn(SerialRunner& r) : runner(r) {}
        void run() override { runner.drain(); }
        SerialRunner& runner;
    };

    void drain_inbox() {
        inside_ = true;
        while (env::Task* task = inbox_.pop()) task->run();
        inside_ = false;
    }

    FakeEnv& env_;
    Turn turn_{*this};
    env::TaskQueue inbox_;
    env::TaskQueue callbacks_;
    bool inside_ = false;
    bool alive_ = false;
    int expected_ = 0;
};

}  // namespace quorumlock::testing
