#include "tests/sim/main/crash.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>

namespace quorumlock::sim {

namespace {

std::atomic<std::uint64_t> running{0};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "it is read in a signal handler");

void put(const char* text, std::size_t size) {
    if (write(STDERR_FILENO, text, size) < 0) _exit(1);
}

/// Only what a signal handler may do.
void on_crash(int signal) {
    constexpr char kBefore[] = "\ncrashed in seed ";
    constexpr char kAfter[] = "; repeat it with --replay\n";
    char digits[20];
    std::size_t first = sizeof digits;
    std::uint64_t seed = running.load(std::memory_order_relaxed);
    do {
        digits[--first] = static_cast<char>('0' + seed % 10);
        seed /= 10;
    } while (seed != 0);
    put(kBefore, sizeof kBefore - 1);
    put(digits + first, sizeof digits - first);
    put(kAfter, sizeof kAfter - 1);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

}  // namespace

void tell_seed_on_crash() {
    std::signal(SIGABRT, on_crash);
    std::signal(SIGSEGV, on_crash);
}

void note_seed(std::uint64_t seed) noexcept { running.store(seed, std::memory_order_relaxed); }

}  // namespace quorumlock::sim
