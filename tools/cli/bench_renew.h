// Many locks held and renewed by the service: whether any is lost, and what each costs.
#pragma once

#include <cstdint>
#include <cstdio>

#include "tools/cli/bench_plan.h"

namespace quorumlock::cli {

struct RenewReport {
    std::uint64_t locks = 0;  ///< Acquired, of those asked for.
    std::uint64_t lost = 0;   ///< Of these, by the end of the holding.
    std::uint64_t errors = 0;
    double acquire_seconds = 0;  ///< From the first acquire to the last one's answer.
    double seconds = 0;          ///< Of holding, behind that.
    double cpu_us = 0;           ///< Of this process, while holding.
    /// Resident memory: with the service open and no lock asked for yet; with all held and each
    /// renewed once (at the end of the holding, if that is sooner); at the end of the holding.
    long rss_open_kib = 0, rss_held_kib = 0, rss_end_kib = 0;

    /// Handles, timers and pools included.
    double bytes_per_lock() const {
        return locks > 0 ? static_cast<double>(rss_held_kib - rss_open_kib) * 1024 /
                               static_cast<double>(locks)
                         : 0;
    }
    /// Of one core.
    double cpu_percent() const { return seconds > 0 ? cpu_us / seconds / 1e4 : 0; }

    /// One JSON object on one line, to `out`.
    void print_json(std::FILE* out) const;
    /// The same for people.
    void print_text(std::FILE* out) const;
};

/// Acquires plan.hold locks, holds them for plan.seconds and releases them; plan.acquire renews
/// them. From a thread of the caller's.
RenewReport run_renewed(LockService& service, const BenchPlan& plan, BenchErrors& errors);

}  // namespace quorumlock::cli
