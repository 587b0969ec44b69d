// Many who wait for locks that somebody of another make holds, beside the workload.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

namespace quorumlock::testing::faults {

class World;

class Crowd {
  public:
    static constexpr int kWaiters = 10'000;

    /// `names` resources, kWaiters / names waiters for each. Returns when all have asked.
    Crowd(World& world, int names);
    ~Crowd();
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    /// The holder of all these leaves: whoever waits gets a lock, and gives it back.
    void let_in();
    long had() const { return had_; }

  private:
    World& world_;
    const int names_;
    std::atomic<long> had_{0};
    std::unique_ptr<LockService> service_;
};

}  // namespace quorumlock::testing::faults
