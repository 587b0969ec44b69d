// What a run of the benchmark is asked to do, and what its parts share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

#include "tools/cli/bench_report.h"
#include "tools/cli/bench_window.h"

namespace quorumlock::cli {

struct BenchPlan {
    int workers = 1;           ///< Cycles in flight (async); with `rate` the most there may be.
    int threads = 0;           ///< Above 0: that many blocked threads instead.
    std::uint64_t cycles = 0;  ///< 0: as many as fit into `seconds`.
    double seconds = 3;
    std::uint64_t warmup = 500;  ///< Cycles before the counting starts.
    double rate = 0;             ///< Cycles started a second; 0: each when the last has ended.
    bool contended = false;      ///< All on one resource, waiting for each other: run_contended().
    int processes = 1;           ///< Only with `contended`.
    std::uint64_t hold = 0;      ///< Locks held all the while.
    AcquireOptions acquire;

    std::string resource(int worker) const {
        return contended ? std::string("bench:contended") : "bench:" + std::to_string(worker);
    }
};

inline std::int64_t bench_now() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

/// The first few failures, for people, and the number of them all. Any thread.
class BenchErrors {
  public:
    static constexpr std::size_t kKept = 5;

    void add(const Error& error) {
        const std::lock_guard guard(mutex_);
        ++count_;
        if (kept_.size() < kKept) kept_.push_back(error);
    }
    void add(const char* what) { add(Error(Errc::lost, what)); }
    std::uint64_t count() const {
        const std::lock_guard guard(mutex_);
        return count_;
    }
    std::vector<Error> kept() const {
        const std::lock_guard guard(mutex_);
        return kept_;
    }

  private:
    mutable std::mutex mutex_;
    std::uint64_t count_ = 0;
    std::vector<Error> kept_;
};

/// What a run writes while it is under way.
struct BenchRun {
    LockService& service;
    const BenchPlan& plan;
    BenchErrors& errors;
    std::atomic<std::uint64_t>& progress;  ///< Cycles ended so far.
    BenchWindow& window;                   ///< Shared between the processes.
};

/// Each runs the plan and fills mode, cycles, seconds, cpu_us and latency; the errors go to
/// BenchRun::errors, those of the warm-up too. Call from a thread of the caller's, not from a
/// callback.
BenchReport run_async(const BenchRun& run);
BenchReport run_paced(const BenchRun& run);
BenchReport run_threads(const BenchRun& run);
/// Of plan.contended, asynchronous or by threads. Tells the waits and the nodes' commands too.
BenchReport run_contended(const BenchRun& run);

/// What every mode checks while it holds a lock: that it does, and, when contended, that nobody
/// else does. Pairs of calls around the holding.
void check_entered(const BenchRun& run, const Lock& lock);
void check_leaving(const BenchRun& run);

}  // namespace quorumlock::cli
