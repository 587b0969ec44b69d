// How threads reach the loop, and where users' callbacks run. The loop, and everything that lives
// on it (nodes, protocol, leases), is touched by one thread at a time: the one that leads.
#pragma once

#include <atomic>

#include "lib/env/env.h"

namespace quorumlock::env {

class Follower;

/// What a blocked caller waits for. Set once, on the loop.
class Signal {
  public:
    bool is_set() const noexcept { return set_.load(std::memory_order_acquire); }
    /// Makes it fresh again for the next use; nobody may be waiting.
    void reset() noexcept { set_.store(false, std::memory_order_relaxed); }

  private:
    friend class Runner;
    std::atomic<bool> set_{false};
    Follower* waiter_ = nullptr;
};

class Runner {
  public:
    virtual ~Runner() = default;

    /// Runs the task on the loop: at once, in this call, when this thread can take the lead;
    /// else soon, by whoever leads. Any thread. Never blocks.
    virtual void run_in_loop(Task& task) = 0;
    /// Runs the task on the loop in a later event, never in this call, so that the caller may hold
    /// a mutex. Not any more when the loop has ended. Any thread. Never blocks.
    virtual void run_later(Task& task) = 0;
    /// Blocks until the signal is set; leads the loop meanwhile when nobody else does. False,
    /// at once, where waiting could never end: on the thread that runs callbacks, or inside the
    /// loop.
    virtual bool wait(Signal& signal) = 0;
    /// Sets the signal and wakes its waiter. On the loop only.
    virtual void set(Signal& signal) = 0;
    /// Queues a user's callback: run in order, one at a time, on the service's own thread (or in
    /// the caller's loop), never by a leading caller and never while leading. When the thread or
    /// the loop has ended: at once, in this thread. Any thread.
    /// `expected`: expect_callback() announced it.
    virtual void call_back(Task& task, bool expected) = 0;
    /// Somebody expects a callback: the loop must be driven without delay although no caller is
    /// blocked. Balanced by one call_back(task, true). Any thread.
    virtual void expect_callback() = 0;
    /// Something is open (true) or not: a caller's loop may end when nothing is. On the loop only.
    virtual void keep_alive(bool yes) = 0;
    /// True on the thread that runs callbacks, and on any thread that is inside the loop now.
    virtual bool on_callback_thread() const noexcept = 0;
    /// This process is a forked child of the one that made the runner: nothing runs here.
    virtual bool forked() const noexcept = 0;

  protected:
    static void mark(Signal& signal) noexcept {
        signal.set_.store(true, std::memory_order_release);
    }
    static Follower*& waiter(Signal& signal) noexcept { return signal.waiter_; }
};

}  // namespace quorumlock::env
