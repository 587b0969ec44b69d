#include "tools/cli/bench_processes.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <vector>

#include "tools/cli/bench_plan.h"

namespace quorumlock::cli {

namespace {

/// What a child tells, all numbers: it is the same program on the same machine.
struct Told {
    std::uint64_t cycles = 0, errors = 0, commands = 0;
    int nodes = 0;
    double seconds = 0, cpu_us = 0;
    long rss_kib = 0;
};

bool write_all(int fd, const void* from, std::size_t size) {
    const auto* bytes = static_cast<const char*>(from);
    while (size > 0) {
        const ssize_t written = write(fd, bytes, size);
        if (written <= 0) return false;
        bytes += written;
        size -= static_cast<std::size_t>(written);
    }
    return true;
}

bool read_all(int fd, void* to, std::size_t size) {
    auto* bytes = static_cast<char*>(to);
    while (size > 0) {
        const ssize_t got = read(fd, bytes, size);
        if (got <= 0) return false;
        bytes += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

bool write_histogram(int fd, const LatencyHistogram& histogram) {
    const auto words = histogram.to_words();
    return write_all(fd, words.data(), words.size() * sizeof(words[0]));
}

bool read_histogram(int fd, LatencyHistogram& histogram) {
    std::vector<std::uint64_t> words(LatencyHistogram::words());
    if (!read_all(fd, words.data(), words.size() * sizeof(words[0]))) return false;
    histogram.from_words(words);
    return true;
}

[[noreturn]] void run_child(int fd, const std::function<BenchReport()>& body) {
    const BenchReport report = body();
    const Told told{report.cycles,  report.errors, report.commands, report.nodes,
                    report.seconds, report.cpu_us, report.rss_kib};
    const bool well = write_all(fd, &told, sizeof(told)) && write_histogram(fd, report.latency) &&
                      write_histogram(fd, report.wait);
    std::fflush(nullptr);
    _exit(well ? 0 : 1);
}

/// `least`: of the cycles of the children so far.
bool add_child(int fd, BenchReport& sum, std::uint64_t& least) {
    Told told;
    LatencyHistogram latency, wait;
    if (!read_all(fd, &told, sizeof(told)) || !read_histogram(fd, latency) ||
        !read_histogram(fd, wait)) {
        return false;
    }
    sum.latency.merge(latency);
    sum.wait.merge(wait);
    sum.cycles += told.cycles;
    sum.errors += told.errors;
    sum.commands += told.commands;
    sum.nodes = std::max(sum.nodes, told.nodes);
    sum.seconds = std::max(sum.seconds, told.seconds);
    sum.cpu_us += told.cpu_us;
    sum.rss_kib += told.rss_kib;
    least = std::min(least, told.cycles);
    return true;
}

}  // namespace

BenchReport run_in_processes(int count, BenchWindow& window,
                             const std::function<BenchReport()>& body) {
    std::vector<pid_t> children;
    std::vector<pollfd> pipes;
    BenchReport sum;
    sum.contended = true;
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    const auto missing = [&] {
        ++sum.errors;
        least = 0;
        window.end(bench_now());
    };
    std::fflush(nullptr);
    for (int i = 0; i < count; ++i) {
        int ends[2];
        if (pipe(ends) != 0) std::abort();
        const pid_t pid = fork();
        if (pid == 0) {
            close(ends[0]);
            run_child(ends[1], body);
        }
        close(ends[1]);
        if (pid < 0) {
            close(ends[0]);
            missing();
            continue;
        }
        children.push_back(pid);
        pipes.push_back({ends[0], POLLIN, 0});
    }
    // As they come: the others wait for one that has died.
    while (!pipes.empty()) {
        if (poll(pipes.data(), pipes.size(), -1) < 0) continue;
        for (std::size_t i = pipes.size(); i-- > 0;) {
            if (pipes[i].revents == 0) continue;
            if (!add_child(pipes[i].fd, sum, least)) missing();
            close(pipes[i].fd);
            pipes.erase(pipes.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    for (const pid_t pid : children) waitpid(pid, nullptr, 0);
    if (sum.cycles > 0) {
        sum.fair_share_min = static_cast<double>(least) * count / static_cast<double>(sum.cycles);
    }
    return sum;
}

}  // namespace quorumlock::cli
