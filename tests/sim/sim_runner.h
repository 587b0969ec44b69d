// The Runner of a simulated process: one thread plays the loop, the thread that runs callbacks,
// and the users' threads. Callbacks are later events of their own; now and then somebody else
// leads the loop, so that what is handed in runs later.
#pragma once

#include "lib/env/runner.h"
#include "lib/env/task_queue.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

class SimRunner final : public env::Runner {
  public:
    /// `longest_lag`: how late a callback may run.
    SimRunner(SimProcess& process, Time longest_lag)
        : process_(process), longest_lag_(longest_lag) {}
    ~SimRunner() override { drain_inbox(); }

    void run_in_loop(env::Task& task) override {
        inbox_.push(task);
        if (process_.in_loop() || process_.dead() || process_.luck().chance(1, 16)) {
            process_.post(turn_);
        } else {
            process_.lead([this] { drain_inbox(); });
        }
    }
    void run_later(env::Task& task) override {
        inbox_.push(task);
        process_.post(turn_);
    }
    bool wait(env::Signal& signal) override { return signal.is_set(); }
    void set(env::Signal& signal) override { mark(signal); }
    void call_back(env::Task& task, bool expected) override {
        callbacks_.push(task);
        if (expected) --expected_;
        if (callback_.armed()) return;
        Time at = process_.time();
        if (longest_lag_ > 0 && process_.luck().chance(1, 8)) {
            at += process_.luck().scaled(1, longest_lag_);
        }
        process_.world().arm(callback_, at);
    }
    void expect_callback() override { ++expected_; }
    void keep_alive(bool yes) override { alive_ = yes; }
    bool on_callback_thread() const noexcept override { return true; }
    bool forked() const noexcept override { return false; }

    /// The process had died with callbacks under way.
    void resume() {
        if (!callbacks_.empty()) process_.world().arm(callback_, process_.world().now());
    }
    bool idle() const noexcept { return inbox_.empty() && callbacks_.empty(); }
    /// Something is open on the loop, as keep_alive() was told.
    bool alive() const noexcept { return alive_; }
    /// Callbacks announced and not given yet.
    int expected() const noexcept { return expected_; }
    Time longest_lag() const noexcept { return longest_lag_; }

  private:
    struct Turn final : env::Task {
        explicit Turn(SimRunner& r) : runner(r) {}
        void run() override { runner.drain_inbox(); }
        SimRunner& runner;
    };

    void drain_inbox() {
        while (env::Task* const task = inbox_.pop()) task->run();
    }
    void run_callbacks() {
        if (process_.dead()) return;
        if (process_.world().now() < process_.asleep_until()) {
            process_.world().arm(callback_, process_.asleep_until());
            return;
        }
        // One at a time: the next is an event of its own.
        if (env::Task* const task = callbacks_.pop()) task->run();
        if (!callbacks_.empty()) process_.world().arm(callback_, process_.world().now());
        if (process_.after_turn) process_.after_turn();
    }

    SimProcess& process_;
    const Time longest_lag_;
    Turn turn_{*this};
    env::TaskQueue inbox_;
    env::TaskQueue callbacks_;
    bool alive_ = false;
    int expected_ = 0;
    MemberEvent<SimRunner, &SimRunner::run_callbacks> callback_{*this};
};

}  // namespace quorumlock::sim
