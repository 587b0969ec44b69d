// A Runner without threads: the test's own thread is the loop and the callback thread.
#pragma once

#include <memory>
#include <utility>

#include "lib/env/runner.h"
#include "lib/env/task_queue.h"
#include "lib/testing/virtual_env.h"

namespace quorumlock::testing {

class SerialRunner final : public env::Runner {
  public:
    /// A blocking call answers at once: the test itself lets time pass.
    explicit SerialRunner(VirtualEnv& env) : env_(env) {}
    /// A blocking call lets time pass, from timer to timer, until it is answered.
    explicit SerialRunner(std::shared_ptr<VirtualEnv> env)
        : kept_(std::move(env)), env_(*kept_), blocks_(true) {}
    ~SerialRunner() override {
        drain();
        env_.withdraw(turn_);
    }

    void run_in_loop(env::Task& task) override {
        inbox_.push(task);
        if (!inside_) drain_inbox();
    }
    void run_later(env::Task& task) override {
        later_.push(task);
        env_.post(turn_);
    }
    bool wait(env::Signal& signal) override {
        if (!signal.is_set() && !on_callback_thread()) {
            env_.run();
            while (!signal.is_set() && env_.advance_to_next()) {
            }
        }
        return signal.is_set();
    }
    void set(env::Signal& signal) override { mark(signal); }
    void call_back(env::Task& task, bool expected) override {
        callbacks_.push(task);
        if (expected) --expected_;
        env_.post(turn_);
    }
    void expect_callback() override { ++expected_; }
    void keep_alive(bool yes) override { alive_ = yes; }
    bool on_callback_thread() const noexcept override {
        return !blocks_ || inside_ || env_.in_event();
    }
    bool forked() const noexcept override { return false; }

    bool alive() const noexcept { return alive_; }
    int expected() const noexcept { return expected_; }

    void drain() {
        env::TaskQueue batch;
        later_.move_to(batch);
        while (env::Task* task = batch.pop()) task->run();
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

    const std::shared_ptr<VirtualEnv> kept_;
    VirtualEnv& env_;
    Turn turn_{*this};
    env::TaskQueue inbox_;
    env::TaskQueue later_;
    env::TaskQueue callbacks_;
    const bool blocks_ = false;
    bool inside_ = false;
    bool alive_ = false;
    int expected_ = 0;
};

}  // namespace quorumlock::testing
