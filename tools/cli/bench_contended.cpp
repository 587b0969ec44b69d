// Everybody wants one lock: how long they wait, who gets it, and what that costs the nodes.
#include <condition_variable>
#include <memory>
#include <thread>

#include "tools/cli/bench_worker.h"

namespace quorumlock::cli {

namespace {

/// How many commands the nodes that count them were sent so far.
struct Commands {
    std::uint64_t sent = 0;
    int nodes = 0;
};

Commands commands_of(LockService& service) {
    Commands all;
    const auto nodes = service.nodes().get();
    if (!nodes) return all;
    for (const NodeInfo& node : *nodes) {
        if (node.commands == 0) continue;
        all.sent += node.commands;
        ++all.nodes;
    }
    return all;
}

class ContendedBench final : public CycleWorker::Events {
  public:
    explicit ContendedBench(const BenchRun& run) : run_(run), plan_(run.plan) {}

    BenchReport run() {
        if (plan_.warmup == 0) run_.window.arrive(bench_now());
        std::vector<std::jthread> threads;
        std::vector<std::unique_ptr<CycleWorker>> workers;
        if (plan_.threads > 0) {
            for (int i = 0; i < plan_.threads; ++i) threads.emplace_back([this] { work(); });
        } else {
            active_ = plan_.workers;
            for (int i = 0; i < plan_.workers; ++i) {
                workers.push_back(std::make_unique<CycleWorker>(run_, *this, plan_.resource(i)));
                workers.back()->start(bench_now(), true);
            }
        }
        measure();
        threads.clear();
        std::unique_lock guard(mutex_);
        ended_.wait(guard, [this] { return active_ == 0; });
        report_.mode = plan_.threads > 0 ? "threads" : "async";
        report_.contended = true;
        report_.seconds = run_.window.seconds();
        return std::move(report_);
    }

  private:
    /// What is counted elsewhere, from when the window opens until it is over.
    void measure() {
        run_.window.wait_for_start();
        const Commands before = commands_of(run_.service);
        const double cpu_from = process_cpu_us();
        run_.window.wait_for_end();
        const double cpu_us = process_cpu_us() - cpu_from;
        const Commands after = commands_of(run_.service);
        const std::lock_guard guard(mutex_);
        report_.cpu_us = cpu_us;
        report_.commands = after.sent - before.sent;
        report_.nodes = after.nodes;
    }

    /// One cycle has ended now. False: there are to be no more.
    bool ended(std::int64_t now, std::int64_t cycle, std::int64_t waited, bool well) {
        run_.progress.fetch_add(1, std::memory_order_relaxed);
        const std::lock_guard guard(mutex_);
        if (++finished_ == plan_.warmup) run_.window.arrive(now);
        if (well && run_.window.is_open(now)) {
            ++report_.cycles;
            report_.latency.add(cycle);
            report_.wait.add(waited);
            run_.window.count(now);
        }
        return !run_.window.is_over(now);
    }

    void cycle_ended(CycleWorker& worker, bool well) override {
        const std::int64_t now = bench_now();
        if (ended(now, now - worker.timed_from, worker.waited, well)) {
            worker.start(now, true);
            return;
        }
        const std::lock_guard guard(mutex_);
        if (--active_ == 0) ended_.notify_one();
    }

    void work() {
        const std::string resource = plan_.resource(0);
        std::int64_t started = bench_now();
        std::int64_t now = started;
        std::int64_t waited = 0;
        do {
            started = now;
            const bool well = cycle(resource, started, waited);
            now = bench_now();
            if (!ended(now, now - started, waited, well)) return;
        } while (true);
    }

    bool cycle(const std::string& resource, std::int64_t started, std::int64_t& waited) {
        auto lock = run_.service.acquire(resource, plan_.acquire).get();
        if (!lock) {
            run_.errors.add(lock.error());
            return false;
        }
        waited = bench_now() - started;
        check_entered(run_, *lock);
        check_leaving(run_);
        auto answer = lock->release().get();
        if (!answer) run_.errors.add(answer.error());
        return answer.has_value();
    }

    const BenchRun& run_;
    const BenchPlan& plan_;
    std::mutex mutex_;
    std::condition_variable ended_;
    BenchReport report_;
    std::uint64_t finished_ = 0;
    int active_ = 0;  ///< Workers that go on.
};

}  // namespace

BenchReport run_contended(const BenchRun& run) { return ContendedBench(run).run(); }

}  // namespace quorumlock::cli
