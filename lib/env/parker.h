// One blocked thread's bed: parks until somebody unparks it, once. A futex, because libstdc++ 12's
// semaphore can miss a wake-up and a condition variable would make the woken thread queue for the
// waker's mutex.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace quorumlock::env {

class Parker {
  public:
    /// Blocks until unpark() was called; returns at once when it was called before.
    void park() noexcept {
        while (state_.load(std::memory_order_acquire) == 0) {
            syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
        }
    }
    /// The parker may be gone as soon as the store is seen: nothing is read from it afterwards
    /// (the kernel only compares addresses).
    void unpark() noexcept {
        auto* word = &state_;
        word->store(1, std::memory_order_release);
        syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }

  private:
    std::atomic<std::uint32_t> state_{0};
    static_assert(sizeof(std::atomic<std::uint32_t>) == 4);
};

}  // namespace quorumlock::env
