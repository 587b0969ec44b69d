// Locks held while the benchmark runs, and what one of them costs.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/cli/bench_plan.h"

namespace quorumlock::cli {

class HeldLocks {
  public:
    explicit HeldLocks(LockService& service) : service_(service) {}

    /// Acquires `count` locks, some hundred at a time. The first error ends it.
    Result<void> take(std::uint64_t count, const AcquireOptions& options);
    /// Counts those that are no longer held, then releases all.
    void give_back(BenchErrors& errors);
    std::uint64_t count() const { return locks_.size(); }
    /// What this process's resident memory grew by for each.
    double bytes_each() const { return bytes_each_; }

  private:
    Result<void> take_batch(std::uint64_t first, std::uint64_t count,
                            const AcquireOptions& options);

    LockService& service_;
    std::vector<Lock> locks_;
    double bytes_each_ = 0;
};

}  // namespace quorumlock::cli
