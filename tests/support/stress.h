// Everything at once on one service: threads that block, are called back, await, cancel, drop,
// extend, look, lose, and in the end a close under all of it. Bounded by counts.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

#include "tests/support/detached.h"

namespace quorumlock::testing {

class Stress {
  public:
    static constexpr int kThreads = 64;

    /// Each thread starts `rounds` operations; the service is closed when most have ended.
    Stress(LockService service, int rounds);

    /// Returns when all have ended. Fails the test where one did not end exactly once, where two
    /// were inside one lock, or where something is left.
    void run();

  private:
    static constexpr std::size_t kResources = 8;
    using Id = std::size_t;  // an operation's

    void thread(int number);
    void start(Id id);
    void block(Id id);
    void call_back(Id id);
    Detached await(Id id);
    void in_future(Id id);
    void cancel(Id id);
    void drop(Id id);
    void extend_and_forget(Id id);
    void lose(Id id);
    void look(Id id);

    AcquireOptions waiting() const;
    const std::string& resource_of(Id id) const { return names_[id % kResources]; }
    /// The work that the lock guards.
    void work(Id id, Lock& lock);
    /// True when there is a lock; an error must be one of those that a rival or a close makes.
    bool got(const Result<Lock>& lock);
    void expect_end(const Result<void>& result);
    void end(Id id);

    std::optional<LockService> service_;
    const int rounds_;
    std::array<std::string, kResources> names_;
    /// Guarded by the locks alone: that is the point. TSan tells when they do not, so nothing
    /// else here orders the threads: every other count is relaxed.
    std::array<long, kResources> counters_{};
    std::atomic<long> worked_{0};
    std::vector<std::atomic<int>> ended_;
    std::atomic<std::size_t> ends_{0};
    std::promise<void> most_have_ended_;
    std::promise<void> all_have_ended_;
};

}  // namespace quorumlock::testing
