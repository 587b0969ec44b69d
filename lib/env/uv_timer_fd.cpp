#include "lib/env/uv_timer_fd.h"

#include <cerrno>
#include <cstdint>
#include <ctime>

#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/base/check.h"

namespace quorumlock::env {

Instant boot_now() noexcept {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return Instant(std::chrono::seconds(now.tv_sec) + Nanos(now.tv_nsec));
}

TimerFd::~TimerFd() { close(); }

int TimerFd::open() noexcept {
    fd_ = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    return fd_ < 0 ? errno : 0;
}

void TimerFd::wake_by(Instant when) noexcept {
    if (wakes_by(when)) return;
    const auto since_boot = when.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
    itimerspec at{};
    at.it_value.tv_sec = seconds.count();
    at.it_value.tv_nsec = (since_boot - seconds).count();
    QL_CHECK(timerfd_settime(fd_, TFD_TIMER_ABSTIME, &at, nullptr) == 0);
    armed_ = when;
}

void TimerFd::drain() noexcept {
    std::uint64_t expirations = 0;
    (void)!read(fd_, &expirations, sizeof expirations);
    armed_ = Instant::max();
}

void TimerFd::close() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

}  // namespace quorumlock::env
