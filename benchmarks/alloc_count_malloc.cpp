// malloc and its kin, counted and passed on to the C library. operator new ends here too.
#include <execinfo.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>

#include "benchmarks/alloc_counter.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QUORUMLOCK_FOREIGN_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define QUORUMLOCK_FOREIGN_HEAP 1
#endif
#endif

namespace {
constexpr int kTraces = 8;
std::atomic<bool> counting{false};
std::atomic<int> traces_left{0};
std::atomic<std::uint64_t> allocations{0};
}  // namespace

namespace quorumlock::benchmarks {

void start_counting_allocations() {
    void* frames[4];
    (void)backtrace(frames, 4);  // Loads what it needs now, not while we count.
    traces_left = std::getenv("QUORUMLOCK_ALLOC_TRACE") != nullptr ? kTraces : 0;
    allocations = 0;
    counting = true;
}

std::uint64_t stop_counting_allocations() {
    counting = false;
    return allocations;
}

#ifdef QUORUMLOCK_FOREIGN_HEAP
bool can_count_allocations() { return false; }
#else
bool can_count_allocations() { return true; }
#endif

}  // namespace quorumlock::benchmarks

#ifndef QUORUMLOCK_FOREIGN_HEAP

namespace {
void count() noexcept {
    if (!counting.load(std::memory_order_relaxed)) return;
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (traces_left.load(std::memory_order_relaxed) <= 0 || traces_left.fetch_sub(1) <= 0) return;
    void* frames[24];
    backtrace_symbols_fd(frames, backtrace(frames, 24), STDERR_FILENO);
    (void)!write(STDERR_FILENO, "\n", 1);
}
}  // namespace

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    count();
    return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
    count();
    return __libc_calloc(number, size);
}
void* realloc(void* old, std::size_t size) {
    count();
    return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
}

#endif
