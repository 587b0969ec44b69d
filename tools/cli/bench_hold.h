// Locks held while the benchmark runs, and what one of them costs.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/cli/bench_plan.h"

namespace quorumlock::cli {

class HeldLocks {
  public:
    /// `taken` counts up while they are acquired, where there is one.
    explicit HeldLocks(LockService& service, std::atomic<std::uint64_t>* taken = nullptr)
        : service_(service), taken_(taken) {}

    /// Acquires `count` locks, some hundred at a time. The first error ends it.
    Result<void> take(std::uint64_t count, const AcquireOptions& options);
    /// The same behind a first batch that is given back, so that bytes_each() tells what the locks
    /// cost beside what is there once for all.
    Result<void> take_warm(std::uint64_t count, const AcquireOptions& options);
    /// So many have ended by themselves.
    std::uint64_t lost() const;
    /// Counts those that are no longer held as errors, then releases all.
    void give_back(BenchErrors& errors);
    std::uint64_t count() const { return locks_.size(); }
    /// What this process's resident memory grew by for each: take_warm().
    double bytes_each() const { return bytes_each_; }

  private:
    Result<void> take_batch(std::uint64_t first, std::uint64_t count,
                            const AcquireOptions& options);

    LockService& service_;
    std::atomic<std::uint64_t>* const taken_;
    std::vector<Lock> locks_;
    double bytes_each_ = 0;
};

}  // namespace quorumlock::cli
