#include "tools/cli/bench_renew.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "tools/cli/bench_hold.h"
#include "tools/cli/bench_progress.h"

namespace quorumlock::cli {

namespace {

unsigned long long number(std::uint64_t value) { return value; }

double seconds_since(std::int64_t start) { return static_cast<double>(bench_now() - start) / 1e9; }

void wait_until(std::int64_t when) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(when - bench_now()));
}

void hold(const HeldLocks& locks, const BenchPlan& plan, RenewReport& report) {
    const std::int64_t start = bench_now();
    const double cpu = process_cpu_us();
    const auto length = static_cast<std::int64_t>(plan.seconds * 1e9);
    // By then the last one acquired has been renewed too.
    wait_until(start + std::min<std::int64_t>(length, plan.acquire.ttl.count() / 3));
    report.rss_held_kib = resident_kib();
    wait_until(start + length);
    report.cpu_us = process_cpu_us() - cpu;
    report.seconds = seconds_since(start);
    report.rss_end_kib = resident_kib();
    report.lost = locks.lost();
}

}  // namespace

RenewReport run_renewed(LockService& service, const BenchPlan& plan, BenchErrors& errors) {
    RenewReport report;
    report.rss_open_kib = resident_kib();
    std::atomic<std::uint64_t> taken{0};
    const Progress progress(taken, "locks held");
    HeldLocks locks(service, &taken);
    const std::int64_t start = bench_now();
    auto answer = locks.take(plan.hold, plan.acquire);
    report.acquire_seconds = seconds_since(start);
    report.locks = locks.count();
    if (answer) {
        hold(locks, plan, report);
    } else {
        errors.add(answer.error());
    }
    locks.give_back(errors);
    report.errors = errors.count();
    return report;
}

void RenewReport::print_json(std::FILE* out) const {
    std::fprintf(out,
                 "{\"mode\":\"renewed\",\"locks\":%llu,\"lost\":%llu,\"errors\":%llu,\"clean\":%s,"
                 "\"acquire_seconds\":%.3f,\"seconds\":%.3f,\"bytes_per_lock\":%.0f,"
                 "\"cpu_percent\":%.2f,\"rss_open_kib\":%ld,\"rss_held_kib\":%ld,"
                 "\"rss_end_kib\":%ld}\n",
                 number(locks), number(lost), number(errors), errors == 0 ? "true" : "false",
                 acquire_seconds, seconds, bytes_per_lock(), cpu_percent(), rss_open_kib,
                 rss_held_kib, rss_end_kib);
}

void RenewReport::print_text(std::FILE* out) const {
    std::fprintf(out,
                 "renewed: %llu locks, acquired in %.2f s and held for %.2f s: %llu lost\n"
                 "memory of one lock:   %.0f bytes; of this process %ld KiB, at the end %ld\n"
                 "cpu of this process:  %.2f %% of one core; errors %llu\n",
                 number(locks), acquire_seconds, seconds, number(lost), bytes_per_lock(),
                 rss_held_kib, rss_end_kib, cpu_percent(), number(errors));
}

}  // namespace quorumlock::cli
