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

    double throughput() const { return seconds > 0 ? static_cast<double>(cycles) / seconds : 0; }
    double cpu_us_per_cycle() const {
        return cycles > 0 ? cpu_us / static_cast<double>(cycles) : 0;
    }

    /// One JSON object on one line, to `out`.
    void print_json(std::FILE* out) const {
        std::fprintf(out,
                     "{\"mode\":\"%s\",\"cycles\":%llu,\"seconds\":%.3f,\"throughput\":%.1f,"
                     "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
                     "\"cpu_us_per_cycle\":%.3f,\"errors\":%llu,\"clean\":%s,\"rss_kib\":%ld",
                     mode.c_str(), number(cycles), seconds, throughput(), us(0.5), us(0.99),
                     us(0.999), static_cast<double>(latency.max()) / 1e3, cpu_us_per_cycle(),
                     number(errors), errors == 0 ? "true" : "false", rss_kib);
        if (held > 0) {
            std::fprintf(out, ",\"held\":%llu,\"bytes_per_held_lock\":%.0f", number(held),
                         bytes_per_held_lock);
        }
        std::fputs("}\n", out);
    }
    /// The same for people.
    void print_text(std::FILE* out) const {
        std::fprintf(out,
                     "%s: %llu cycles in %.2f s, %.0f cycles/s\n"
                     "latency of one cycle: p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us\n"
                     "cpu of this process:  %.2f us per cycle; memory %ld KiB; errors %llu\n",
                     mode.c_str(), number(cycles), seconds, throughput(), us(0.5), us(0.99),
                     us(0.999), static_cast<double>(latency.max()) / 1e3, cpu_us_per_cycle(),
                     rss_kib, number(errors));
        if (held > 0) {
            std::fprintf(out, "held locks:           %llu, %.0f bytes each\n", number(held),
                         bytes_per_held_lock);
        }
    }

  private:
    static unsigned long long number(std::uint64_t value) { return value; }
    double us(double share) const { return static_cast<double>(latency.quantile(share)) / 1e3; }
};

}  // namespace quorumlock::cli
