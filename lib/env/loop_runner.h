// The runner of real life: one UvEnv, one own thread (or the caller's loop), and blocked callers
// that drive the loop themselves. See hand_on.h for who leads when.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include <quorumlock/result.h>

#include "lib/env/fork_guard.h"
#include "lib/env/hand_on.h"
#include "lib/env/runner.h"
#include "lib/env/task_queue.h"
#include "lib/env/uv_env.h"

namespace quorumlock::env {

class LoopRunner final : public Runner, private UvEnv::TurnEvents {
  public:
    /// `callers_loop` null: an own loop and, from start() on, an own thread. Else the calling
    /// thread must be the one that runs that loop.
    static Result<std::unique_ptr<LoopRunner>> create(uv_loop_s* callers_loop);
    ~LoopRunner() override;

    UvEnv& env() noexcept { return *env_; }
    bool in_callers_loop() const noexcept { return callers_loop_; }
    /// Starts the own thread. It runs callbacks with all signals blocked. In a caller's loop: from
    /// here on that loop may end when nothing is open.
    void start();
    /// Ends the own thread, after the callbacks that are queued; called on the own thread itself,
    /// it lets the thread end by itself later. What is handed in from then on runs at once, in the
    /// thread that does it. `owner` is kept alive while something runs: a task may drop its last
    /// reference.
    void stop(std::shared_ptr<void> owner);
    /// Runs all that is queued now, in this thread: the loop has ended and nothing else will.
    void drain();
    /// Likewise for a caller's loop, which is without us from here on.
    void end_in_callers_loop(std::weak_ptr<void> owner);

    void run_in_loop(Task& task) override;
    void run_later(Task& task) override;
    bool wait(Signal& signal) override;
    void set(Signal& signal) override;
    void call_back(Task& task, bool expected) override;
    void expect_callback() override;
    void keep_alive(bool yes) override;
    bool on_callback_thread() const noexcept override;
    bool forked() const noexcept override { return fork_guard_.forked(); }

  private:
    using Lock = std::unique_lock<std::mutex>;

    explicit LoopRunner(bool callers_loop) : callers_loop_(callers_loop), hand_on_(callers_loop) {}

    void before_wait() override;
    bool about_to_wait() override;
    void woke() override;

    void own_thread();
    void lead_as_own_thread(Lock& lock);
    void lead_until(Signal& signal, Lock& lock);
    void hand_on(Lock& lock);
    void queue(Task& task, TaskQueue& where, Lock& lock);
    void run_callbacks(Lock& lock);
    void drain_inbox(Lock& lock);
    void run_all(TaskQueue& queue, Lock& lock);
    void settle_alive();
    bool has_work() const noexcept { return !inbox_.empty() || !later_.empty(); }
    bool is_leader() const noexcept {
        return leader_thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }

    const bool callers_loop_;
    ForkGuard fork_guard_;
    std::unique_ptr<UvEnv> env_;
    std::thread thread_;
    std::atomic<std::thread::id> own_thread_id_{};
    std::atomic<std::thread::id> leader_thread_{};

    std::mutex mutex_;  // guards all below; never held while anything foreign runs
    std::condition_variable own_wakes_;
    HandOn hand_on_;
    TaskQueue inbox_;
    TaskQueue later_;
    TaskQueue callbacks_;
    const Signal* leader_signal_ = nullptr;
    bool polling_ = false;  // the leader is, or is about to be, waiting for events
    bool stopping_ = false;
    bool ended_ = false;     // nobody leads any more; see stop() and end_in_callers_loop()
    bool draining_ = false;  // somebody runs what is queued
    std::weak_ptr<void> owner_;
    bool wanted_alive_ = false;   // whether a caller's loop is to go on although nothing is queued
    std::shared_ptr<void> last_;  // the owner, to be let go by the own thread
};

}  // namespace quorumlock::env
