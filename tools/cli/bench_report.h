// What one run of a benchmark says: the same words for `quorumlock bench` and the floor.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "tools/cli/bench_histogram.h"

namespace quorumlock::cli {

/// User and system time this process has used so far, in microseconds.
inline double process_cpu_us() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto us = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
    };
    return us(usage.ru_utime) + us(usage.ru_stime);
}

/// The resident memory of this process in KiB; 0 where /proc cannot be read.
inline long resident_kib() {
    long pages = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
        std::fclose(file);
    }
    return pages * 4;
}

struct BenchReport {
    std::string mode;
    std::uint64_t cycles = 0;  ///< Whole acquire+release cycles without an error.
    std::uint64_t errors = 0;
    double seconds = 0;
    double cpu_us = 0;
    long rss_kib = 0;
    std::uint64_t held = 0;          ///< Locks held all the while (--hold).
    double bytes_per_held_lock = 0;  ///< What they cost in this process.
    LatencyHistogram latency;

    // Of a contended run only.
    bool contended = false;
    LatencyHistogram wait;  ///< From the call of an acquire to its grant.
    /// The cycles of the process that got least, by the mean of all processes.
    double fair_share_min = 1;
    std::uint64_t commands = 0;  ///< Sent to all nodes that count them, as the services count.
    int nodes = 0;               ///< That count them.

    double throughput() const { return seconds > 0 ? static_cast<double>(cycles) / seconds : 0; }
    double cpu_us_per_cycle() const {
        return cycles > 0 ? cpu_us / static_cast<double>(cycles) : 0;
    }

    double commands_per_node_per_acquisition() const {
        return cycles > 0 && nodes > 0
                   ? static_cast<double>(commands) / nodes / static_cast<double>(cycles)
                   : 0;
    }

    /// One JSON object on one line, to `out`.
    void print_json(std::FILE* out) const {
        std::fprintf(out,
                     "{\"mode\":\"%s\",\"cycles\":%llu,\"seconds\":%.3f,\"throughput\":%.1f,"
                     "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
                     "\"cpu_us_per_cycle\":%.3f,\"errors\":%llu,\"clean\":%s,\"rss_kib\":%ld",
                     mode.c_str(), number(cycles), seconds, throughput(), us(latency, 0.5),
                     us(latency, 0.99), us(latency, 0.999), us(latency.max()), cpu_us_per_cycle(),
                     number(errors), errors == 0 ? "true" : "false", rss_kib);
        if (held > 0) {
            std::fprintf(out, ",\"held\":%llu,\"bytes_per_held_lock\":%.0f", number(held),
                         bytes_per_held_lock);
        }
        if (contended) {
            std::fprintf(out,
                         ",\"wait_p50_us\":%.1f,\"wait_p99_us\":%.1f,\"wait_p999_us\":%.1f,"
                         "\"wait_max_us\":%.1f,\"fair_share_min\":%.3f,"
                         "\"commands_per_node_per_acquisition\":%.3f",
                         us(wait, 0.5), us(wait, 0.99), us(wait, 0.999), us(wait.max()),
                         fair_share_min, commands_per_node_per_acquisition());
        }
        std::fputs("}\n", out);
    }
    /// The same for people.
    void print_text(std::FILE* out) const {
        std::fprintf(out,
                     "%s: %llu cycles in %.2f s, %.0f cycles/s\n"
                     "latency of one cycle: p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us\n"
                     "cpu of this process:  %.2f us per cycle; memory %ld KiB; errors %llu\n",
                     mode.c_str(), number(cycles), seconds, throughput(), us(latency, 0.5),
                     us(latency, 0.99), us(latency, 0.999), us(latency.max()), cpu_us_per_cycle(),
                     rss_kib, number(errors));
        if (contended) {
            std::fprintf(
                out,
                "wait for the lock:    p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us\n"
                "fairness:             the process that got least got %.2f of the mean\n"
                "commands:             %.2f per node and acquisition\n",
                us(wait, 0.5), us(wait, 0.99), us(wait, 0.999), us(wait.max()), fair_share_min,
                commands_per_node_per_acquisition());
        }
        if (held > 0) {
            std::fprintf(out, "held locks:           %llu, %.0f bytes each\n", number(held),
                         bytes_per_held_lock);
        }
    }

  private:
    static unsigned long long number(std::uint64_t value) { return value; }
    static double us(std::uint64_t nanos) { return static_cast<double>(nanos) / 1e3; }
    static double us(const LatencyHistogram& of, double share) { return us(of.quantile(share)); }
};

}  // namespace quorumlock::cli
