// An open loop: cycles start at a fixed rate, whether or not the earlier ones have ended, and are
// timed from when they should have started. A stall then shows in every cycle it delayed.
#include <condition_variable>
#include <memory>
#include <thread>

#include "tools/cli/bench_worker.h"

namespace quorumlock::cli {

namespace {

class PacedBench final : public CycleWorker::Events {
  public:
    explicit PacedBench(const BenchRun& run) : run_(run), plan_(run.plan) {
        for (int i = 0; i < plan_.workers; ++i) {
            workers_.push_back(std::make_unique<CycleWorker>(run_, *this, plan_.resource(i)));
            free_.push_back(workers_.back().get());
        }
    }

    BenchReport run() {
        const double gap = 1e9 / plan_.rate;
        const std::uint64_t counted = plan_.cycles > 0
                                          ? plan_.cycles
                                          : static_cast<std::uint64_t>(plan_.seconds * plan_.rate);
        const std::int64_t start = bench_now();
        std::int64_t counted_from = start;
        double cpu_from = process_cpu_us();
        for (std::uint64_t i = 0; i < plan_.warmup + counted; ++i) {
            const std::int64_t due =
                start + static_cast<std::int64_t>(static_cast<double>(i) * gap);
            std::this_thread::sleep_for(std::chrono::nanoseconds(due - bench_now()));
            if (i == plan_.warmup) {
                counted_from = due;
                cpu_from = process_cpu_us();
            }
            take_free().start(due, i >= plan_.warmup);
        }
        wait_for_all();
        report_.mode = "paced";
        report_.seconds = static_cast<double>(bench_now() - counted_from) / 1e9;
        report_.cpu_us = process_cpu_us() - cpu_from;
        return std::move(report_);
    }

  private:
    void cycle_ended(CycleWorker& worker, bool well) override {
        const std::int64_t now = bench_now();
        const std::lock_guard guard(mutex_);
        run_.progress.fetch_add(1, std::memory_order_relaxed);
        if (well && worker.counted) {
            ++report_.cycles;
            report_.latency.add(now - worker.timed_from);
        }
        free_.push_back(&worker);
        freed_.notify_one();
    }
    CycleWorker& take_free() {
        std::unique_lock guard(mutex_);
        freed_.wait(guard, [this] { return !free_.empty(); });
        CycleWorker* worker = free_.back();
        free_.pop_back();
        return *worker;
    }
    void wait_for_all() {
        std::unique_lock guard(mutex_);
        freed_.wait(guard, [this] { return free_.size() == workers_.size(); });
    }

    const BenchRun& run_;
    const BenchPlan& plan_;
    std::vector<std::unique_ptr<CycleWorker>> workers_;
    std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<CycleWorker*> free_;
    BenchReport report_;
};

}  // namespace

BenchReport run_paced(const BenchRun& run) { return PacedBench(run).run(); }

}  // namespace quorumlock::cli
