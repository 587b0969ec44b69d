#include "tools/cli/bench.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "tools/cli/bench_hold.h"
#include "tools/cli/bench_plan.h"
#include "tools/cli/bench_processes.h"
#include "tools/cli/bench_progress.h"
#include "tools/cli/bench_renew.h"
#include "tools/cli/context.h"
#include "tools/cli/durations.h"

namespace quorumlock::cli {

namespace {

/// As given on the command line.
struct BenchFlags {
    BenchPlan plan;
    std::string ttl = "30s";
    std::string wait = "30s";
    bool renew = false;
};

BenchReport run_mode(const BenchRun& run) {
    if (run.plan.contended) return run_contended(run);
    if (run.plan.threads > 0) return run_threads(run);
    if (run.plan.rate > 0) return run_paced(run);
    return run_async(run);
}

BenchReport failed(const Context& context, const Error& error, BenchWindow& window) {
    context.fail("bench", error);
    window.end(bench_now());  // The other processes would wait for this one.
    BenchReport report;
    report.errors = 1;
    return report;
}

/// A whole run with a service of its own.
BenchReport run_plan(const Context& context, const BenchPlan& plan, BenchWindow& window) {
    auto service = context.open();
    if (!service) return failed(context, service.error(), window);
    (void)service->nodes().get();

    HeldLocks held(*service);
    if (plan.hold > 0) {
        if (auto taken = held.take_warm(plan.hold, plan.acquire); !taken) {
            return failed(context, taken.error(), window);
        }
    }
    BenchErrors errors;
    std::atomic<std::uint64_t> ended{0};
    BenchReport report;
    {
        const Progress progress(ended, "cycles");
        report = run_mode({*service, plan, errors, ended, window});
    }
    report.rss_kib = resident_kib();
    report.held = held.count();
    report.bytes_per_held_lock = held.bytes_each();
    held.give_back(errors);
    report.errors = errors.count();
    for (const auto& error : errors.kept()) context.fail("bench", error);
    return report;
}

/// Shown where it was not a clean run: its exit code.
int end_bench(std::uint64_t errors) {
    if (std::fflush(stdout) != 0) return kInternal;
    if (errors == 0) return kOk;
    std::fprintf(stderr, "quorumlock: bench: not a clean run: %llu errors\n",
                 static_cast<unsigned long long>(errors));
    return kNoQuorum;
}

int run_renewed_plan(const Context& context, const BenchPlan& plan) {
    auto service = context.open();
    if (!service) return context.fail("bench", service.error());
    (void)service->nodes().get();
    BenchErrors errors;
    const RenewReport report = run_renewed(*service, plan, errors);
    for (const auto& error : errors.kept()) context.fail("bench", error);
    if (context.json) {
        report.print_json(stdout);
    } else {
        report.print_text(stdout);
    }
    return end_bench(report.errors);
}

int run_bench(const Context& context, BenchFlags flags) {
    BenchPlan& plan = flags.plan;
    auto settings = context.settings();
    if (!settings) return context.fail("bench", settings.error());
    auto ttl = parse_duration("--ttl", flags.ttl, {limits::kMinTtl, settings->service.max_ttl});
    if (!ttl) return context.fail("bench", ttl.error());
    auto wait = parse_duration("--wait", flags.wait, {Nanos{0}, limits::kMaxWait});
    if (!wait) return context.fail("bench", wait.error());
    if (plan.processes > 1 && !plan.contended) {
        return context.usage("bench", "--processes goes with --contended only");
    }
    plan.acquire.ttl = *ttl;
    plan.acquire.fence = context.fence;
    if (plan.contended) plan.acquire.wait = *wait;
    if (flags.renew) {
        plan.acquire.renew = true;
        plan.acquire.wait = *wait;
        return run_renewed_plan(context, plan);
    }

    BenchWindow& window = BenchWindow::make_shared(plan.processes, plan.seconds, plan.cycles);
    BenchReport report;
    if (plan.processes > 1) {
        report = run_in_processes(plan.processes, window,
                                  [&] { return run_plan(context, plan, window); });
        report.mode = "processes";
    } else {
        report = run_plan(context, plan, window);
    }
    if (plan.contended) report.mode += " contended";
    if (report.cycles == 0 && report.errors == 0) report.errors = 1;
    if (context.json) {
        report.print_json(stdout);
    } else {
        report.print_text(stdout);
    }
    return end_bench(report.errors);
}

}  // namespace

void add_bench(CLI::App& app, Context& context) {
    auto flags = std::make_shared<BenchFlags>();
    BenchPlan& plan = flags->plan;
    auto* verb = app.add_subcommand("bench", "measure how fast these nodes give and take locks");
    auto* workers = verb->add_option("--workers", plan.workers,
                                     "cycles in flight, asynchronous (with --rate: at most; "
                                     "default 1, with --rate 1024)")
                        ->check(CLI::Range(1, 65536));
    auto* threads = verb->add_option("--threads", plan.threads, "blocked threads instead")
                        ->check(CLI::Range(1, 4096))
                        ->excludes(workers);
    auto* cycles = verb->add_option("--cycles", plan.cycles,
                                    "how many cycles to count, of all processes together")
                       ->check(CLI::PositiveNumber);
    verb->add_option("--seconds", plan.seconds, "how long to count")
        ->check(CLI::Range(0.01, 86400.0))
        ->capture_default_str()
        ->excludes(cycles);
    auto* rate = verb->add_option("--rate", plan.rate,
                                  "start so many cycles a second; latency counts from when a "
                                  "cycle should have started")
                     ->check(CLI::Range(0.1, 1e6))
                     ->excludes(threads);
    auto* contended =
        verb->add_flag("--contended", plan.contended, "all on one resource, waiting for each other")
            ->excludes(rate);
    verb->add_option("--processes", plan.processes, "with --contended: in so many processes")
        ->check(CLI::Range(1, 256));
    auto* hold = verb->add_option("--hold", plan.hold,
                                  "hold so many locks all the while; tells their memory")
                     ->check(CLI::Range(1, 10'000'000));
    verb->add_flag("--renew", flags->renew,
                   "no cycles: renew what is held for --seconds; tells losses, memory, CPU")
        ->needs(hold)
        ->excludes(workers, threads, cycles, rate, contended);
    verb->add_option("--ttl", flags->ttl, "lease of every lock")->capture_default_str();
    verb->add_option("--wait", flags->wait,
                     "with --contended or --renew: how long an acquire waits")
        ->capture_default_str();
    verb->add_option("--warmup", plan.warmup, "cycles of each process before the counting starts")
        ->capture_default_str();
    verb->callback([&context, flags, workers, rate] {
        if (rate->count() > 0 && workers->count() == 0) flags->plan.workers = 1024;
        context.action = [&context, flags] { return run_bench(context, *flags); };
    });
}

}  // namespace quorumlock::cli
