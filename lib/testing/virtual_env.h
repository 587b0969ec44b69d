// An Env whose clock, timers and luck are in a test's hands. Nothing happens unless the test calls
// run() or advance(). There is no world outside: names, sockets and files fail.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lib/env/env.h"
#include "lib/env/task_queue.h"
#include "lib/env/timer_queue.h"

namespace quorumlock::testing {

class VirtualEnv : public env::Env {
  public:
    /// Same seed, same random numbers. The clock starts at 1000 s.
    explicit VirtualEnv(std::uint64_t seed = 1);

    Instant now() const noexcept override { return now_; }
    Nanos wall_now() const noexcept override;
    void arm(env::Timer& timer, Instant when) override { timers_.arm(timer, when); }
    void disarm(env::Timer& timer) noexcept override { timers_.disarm(timer); }
    void post(env::Task& task) override { tasks_.push(task); }
    bool random_bytes(std::span<std::uint8_t> out) noexcept override;
    std::uint64_t random_u64() noexcept override;
    std::unique_ptr<env::Lookup> look_up(const std::string& host,
                                         env::LookupEvents& events) override;
    std::unique_ptr<env::Stream> connect(const env::Endpoint& to,
                                         env::StreamEvents& events) override;
    std::unique_ptr<env::HttpCall> request(const env::HttpRequest& request,
                                           env::HttpEvents& events) override;
    env::FileContent variable(const std::string& name) override;
    env::FileContent file(const std::string& path) override;

    /// Does what is due, until nothing is left to do. Time stands still.
    void run();
    /// run(), then lets time pass, stopping at every timer on the way.
    void advance(Nanos by);
    /// Passes time up to the next timer and does what is due then; false where there is no timer.
    bool advance_to_next();
    /// Lets time pass without anything being done: a process that was stopped.
    void skip(Nanos by) { now_ += by; }
    /// Takes a task out that has not run.
    void withdraw(env::Task& task) noexcept { tasks_.remove(task); }
    /// run() or one that calls it is under way.
    bool in_event() const noexcept { return depth_ > 0; }

    /// How far the wall clock is off; a test may set it, as an operator may.
    Nanos wall_offset{0};
    bool random_fails = false;
    std::size_t timers() const noexcept { return timers_.size(); }

  protected:
    bool run_tasks();
    /// What the world outside has to do; false when that is nothing.
    virtual bool work() { return false; }

  private:
    Instant now_{std::chrono::seconds(1000)};
    std::uint64_t random_;
    env::TimerQueue timers_;
    env::TaskQueue tasks_;
    int depth_ = 0;
};

}  // namespace quorumlock::testing
