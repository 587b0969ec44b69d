#include "tools/cli/bench_window.h"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <new>
#include <thread>

#include "tools/cli/bench_plan.h"

namespace quorumlock::cli {

namespace {

constexpr std::int64_t kNotYet = std::numeric_limits<std::int64_t>::max();
/// How often one looks whether it has begun or was ended early: seldom, since whoever looks takes
/// a turn from those who are measured.
constexpr std::int64_t kLook = 10'000'000;
/// So that everybody has seen when it opens before it does.
constexpr std::int64_t kAhead = 5 * kLook;

static_assert(std::atomic<std::int64_t>::is_always_lock_free, "shared between processes");

void sleep_until(std::int64_t when) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(when - bench_now()));
}

}  // namespace

BenchWindow::BenchWindow(int processes, double seconds, std::uint64_t cycles)
    : length_(cycles > 0 ? 0 : static_cast<std::int64_t>(seconds * 1e9)),
      cycles_(cycles),
      missing_(processes),
      from_(kNotYet),
      until_(kNotYet) {}

BenchWindow& BenchWindow::make_shared(int processes, double seconds, std::uint64_t cycles) {
    void* page = mmap(nullptr, sizeof(BenchWindow), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) std::abort();
    return *new (page) BenchWindow(processes, seconds, cycles);
}

void BenchWindow::arrive(std::int64_t now) noexcept {
    if (missing_.fetch_sub(1) != 1) return;
    const std::int64_t from = now + kAhead;
    if (length_ > 0 && until() == kNotYet) until_.store(from + length_, std::memory_order_release);
    from_.store(from, std::memory_order_release);
}

void BenchWindow::count(std::int64_t now) noexcept {
    if (counted_.fetch_add(1, std::memory_order_relaxed) + 1 == cycles_) end(now);
}

void BenchWindow::end(std::int64_t now) noexcept {
    if (now < until()) until_.store(now, std::memory_order_release);
}

double BenchWindow::seconds() const noexcept {
    return until() > from() ? static_cast<double>(until() - from()) / 1e9 : 0;
}

void BenchWindow::wait_for_start() const {
    while (from() == kNotYet && !is_over(bench_now())) sleep_until(bench_now() + kLook);
    if (from() != kNotYet) sleep_until(from());
}

void BenchWindow::wait_for_end() const {
    while (!is_over(bench_now())) sleep_until(std::min(until(), bench_now() + kLook));
}

}  // namespace quorumlock::cli
