#include "tools/cli/bench_processes.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace quorumlock::cli {

namespace {

/// What a child tells, all numbers: it is the same program on the same machine.
struct Told {
    std::uint64_t cycles = 0, errors = 0;
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

[[noreturn]] void run_child(int fd, const std::function<BenchReport()>& body) {
    const BenchReport report = body();
    const Told told{report.cycles, report.errors, report.seconds, report.cpu_us, report.rss_kib};
    const auto words = report.latency.to_words();
    const bool well = write_all(fd, &told, sizeof(told)) &&
                      write_all(fd, words.data(), words.size() * sizeof(words[0]));
    std::fflush(nullptr);
    _exit(well ? 0 : 1);
}

bool add_child(int fd, BenchReport& sum) {
    Told told;
    std::vector<std::uint64_t> words(LatencyHistogram::words());
    if (!read_all(fd, &told, sizeof(told)) ||
        !read_all(fd, words.data(), words.size() * sizeof(words[0]))) {
        return false;
    }
    LatencyHistogram latency;
    latency.from_words(words);
    sum.latency.merge(latency);
    sum.cycles += told.cycles;
    sum.errors += told.errors;
    sum.seconds = std::max(sum.seconds, told.seconds);
    sum.cpu_us += told.cpu_us;
    sum.rss_kib += told.rss_kib;
    return true;
}

}  // namespace

std::atomic<int>& shared_counter() {
    void* page = mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) std::abort();
    return *new (page) std::atomic<int>(0);
}

BenchReport run_in_processes(int count, const std::function<BenchReport()>& body) {
    struct Child {
        pid_t pid;
        int fd;
    };
    std::vector<Child> children;
    BenchReport sum;
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
            ++sum.errors;
            continue;
        }
        children.push_back({pid, ends[0]});
    }
    for (const auto& child : children) {
        if (!add_child(child.fd, sum)) ++sum.errors;
        close(child.fd);
        waitpid(child.pid, nullptr, 0);
    }
    return sum;
}

}  // namespace quorumlock::cli
