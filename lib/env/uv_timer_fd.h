// The one timerfd of a loop: on BOOTTIME, so a deadline that passed in suspend is seen at once.
#pragma once

#include <quorumlock/time.h>

namespace quorumlock::env {

/// Nanoseconds on CLOCK_BOOTTIME. Any thread.
Instant boot_now() noexcept;

class TimerFd {
  public:
    TimerFd() = default;
    TimerFd(const TimerFd&) = delete;
    TimerFd& operator=(const TimerFd&) = delete;
    ~TimerFd();

    /// 0, or an errno value.
    int open() noexcept;
    int fd() const noexcept { return fd_; }
    /// Makes sure that the descriptor is readable at `when` at the latest. Often free: it may
    /// become readable earlier, for a deadline that is no more.
    void wake_by(Instant when) noexcept;
    bool wakes_by(Instant when) const noexcept { return armed_ <= when; }
    /// After it became readable: makes it unreadable and unarmed.
    void drain() noexcept;
    void close() noexcept;

  private:
    int fd_ = -1;
    Instant armed_ = Instant::max();
};

}  // namespace quorumlock::env
