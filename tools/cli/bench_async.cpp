// K cycles in flight: each worker starts its next cycle from the callback that ended the last.
#include <algorithm>
#include <condition_variable>
#include <memory>

#include "tools/cli/bench_worker.h"

namespace quorumlock::cli {

void check_entered(const BenchRun& run, const Lock& lock) {
    if (!lock.held()) run.errors.add("a lock was acquired and is not held");
    if (run.plan.contended && run.window.inside.fetch_add(1) != 0) {
        run.errors.add("two hold one lock at the same time");
    }
}

void check_leaving(const BenchRun& run) {
    if (run.plan.contended) run.window.inside.fetch_sub(1);
}

namespace {

/// Everything but the very first starts happens in the service's callbacks, one at a time, so
/// there is nothing to guard.
class AsyncBench final : public CycleWorker::Events {
  public:
    explicit AsyncBench(const BenchRun& run) : run_(run), plan_(run.plan) {
        for (int i = 0; i < plan_.workers; ++i) {
            workers_.push_back(std::make_unique<CycleWorker>(run_, *this, plan_.resource(i)));
        }
    }

    BenchReport run() {
        const std::int64_t now = bench_now();
        if (plan_.warmup == 0) begin_counting(now);
        const std::uint64_t most = plan_.cycles > 0 ? plan_.warmup + plan_.cycles : workers_.size();
        const std::uint64_t first = std::min<std::uint64_t>(workers_.size(), most);
        begun_ = active_ = first;
        for (std::uint64_t i = 0; i < first; ++i) workers_[i]->start(now, true);
        std::unique_lock guard(mutex_);
        ended_.wait(guard, [this] { return done_; });
        return std::move(report_);
    }

  private:
    void cycle_ended(CycleWorker& worker, bool well) override {
        const std::int64_t now = bench_now();
        run_.progress.store(++finished_, std::memory_order_relaxed);
        if (counting_) {
            if (well) {
                ++report_.cycles;
                report_.latency.add(now - worker.timed_from);
            }
        } else if (finished_ >= plan_.warmup) {
            begin_counting(now);
        }
        const bool more =
            plan_.cycles > 0 ? begun_ < plan_.warmup + plan_.cycles : !counting_ || now < deadline_;
        if (more) {
            ++begun_;
            worker.start(now, true);
        } else if (--active_ == 0) {
            report_.mode = "async";
            report_.seconds = static_cast<double>(now - counted_from_) / 1e9;
            report_.cpu_us = process_cpu_us() - cpu_from_;
            const std::lock_guard guard(mutex_);
            done_ = true;
            ended_.notify_one();
        }
    }

    void begin_counting(std::int64_t now) {
        counting_ = true;
        counted_from_ = now;
        deadline_ = now + static_cast<std::int64_t>(plan_.seconds * 1e9);
        cpu_from_ = process_cpu_us();
    }

    const BenchRun& run_;
    const BenchPlan& plan_;
    std::vector<std::unique_ptr<CycleWorker>> workers_;
    std::uint64_t begun_ = 0, finished_ = 0, active_ = 0;
    bool counting_ = false;
    std::int64_t counted_from_ = 0, deadline_ = 0;
    double cpu_from_ = 0;
    BenchReport report_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool done_ = false;
};

}  // namespace

BenchReport run_async(const BenchRun& run) { return AsyncBench(run).run(); }

}  // namespace quorumlock::cli
