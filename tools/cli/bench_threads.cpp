// K threads, each blocked in get() for its acquire and for its release.
#include <barrier>
#include <thread>

#include "tools/cli/bench_plan.h"

namespace quorumlock::cli {

namespace {

class ThreadsBench {
  public:
    explicit ThreadsBench(const BenchRun& run)
        : run_(run), plan_(run.plan), warm_(plan_.threads, WarmUpEnd{this}) {}

    BenchReport run() {
        std::vector<std::jthread> threads;
        threads.reserve(static_cast<std::size_t>(plan_.threads));
        for (int i = 0; i < plan_.threads; ++i) {
            threads.emplace_back([this, i] { work(i); });
        }
        threads.clear();
        report_.mode = "threads";
        report_.seconds = static_cast<double>(bench_now() - counted_from_) / 1e9;
        report_.cpu_us = process_cpu_us() - cpu_from_;
        return std::move(report_);
    }

  private:
    struct WarmUpEnd {
        ThreadsBench* bench;
        void operator()() noexcept { bench->begin_counting(); }
    };

    void begin_counting() noexcept {
        counted_from_ = bench_now();
        deadline_ = counted_from_ + static_cast<std::int64_t>(plan_.seconds * 1e9);
        cpu_from_ = process_cpu_us();
        warm_begun_ = begun_.load();
    }

    void work(int index) {
        const std::string resource = plan_.resource(index);
        LatencyHistogram latency;
        const auto share = plan_.warmup / static_cast<std::uint64_t>(plan_.threads);
        for (std::uint64_t i = 0; i < share; ++i) cycle(resource);
        warm_.arrive_and_wait();
        std::int64_t started = bench_now();
        while (more(started)) {
            const bool well = cycle(resource);
            const std::int64_t now = bench_now();
            if (well) latency.add(now - started);
            started = now;
        }
        const std::lock_guard guard(mutex_);
        report_.cycles += latency.count();
        report_.latency.merge(latency);
    }

    /// Takes the right to one more cycle.
    bool more(std::int64_t now) {
        if (plan_.cycles == 0) return now < deadline_;
        return begun_.fetch_add(1, std::memory_order_relaxed) - warm_begun_ < plan_.cycles;
    }

    bool cycle(const std::string& resource) {
        run_.progress.fetch_add(1, std::memory_order_relaxed);
        auto lock = run_.service.acquire(resource, plan_.acquire).get();
        if (!lock) {
            run_.errors.add(lock.error());
            return false;
        }
        check_entered(run_, *lock);
        check_leaving(run_);
        auto answer = lock->release().get();
        if (!answer) run_.errors.add(answer.error());
        return answer.has_value();
    }

    const BenchRun& run_;
    const BenchPlan& plan_;
    std::barrier<WarmUpEnd> warm_;
    std::atomic<std::uint64_t> begun_{0};
    std::uint64_t warm_begun_ = 0;
    std::int64_t counted_from_ = 0, deadline_ = 0;
    double cpu_from_ = 0;
    std::mutex mutex_;
    BenchReport report_;
};

}  // namespace

BenchReport run_threads(const BenchRun& run) { return ThreadsBench(run).run(); }

}  // namespace quorumlock::cli
