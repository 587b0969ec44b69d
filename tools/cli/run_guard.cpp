#include "tools/cli/run_guard.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace quorumlock::cli {
namespace {

constexpr std::int64_t kDismissed = 0;  // As an order; any other is the end of the lease.
constexpr int kHasKilled = 1;           // As the guard's exit code.

void arm(int timer, std::int64_t lease_end) noexcept {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const itimerspec when{{}, {lease_end / kSecond, lease_end % kSecond}};
    (void)::timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, nullptr);
}

/// The guard's life. Forked from a program with threads: async-signal-safe calls only.
[[noreturn]] void guard(pid_t group, int orders, std::int64_t lease_end) noexcept {
    // Not reached by the terminal's signals, and keeping nobody's pipe open.
    (void)::setpgid(0, 0);
    if (::dup2(orders, 0) != 0) ::_exit(0);
    (void)::close_range(1, ~0U, 0);
    const int timer = ::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
    arm(timer, lease_end);
    for (;;) {
        std::array<pollfd, 2> watched{{{0, POLLIN, 0}, {timer, POLLIN, 0}}};
        if (::poll(watched.data(), watched.size(), -1) < 0) continue;
        if (watched[0].revents != 0) {
            std::int64_t order = 0;
            const ssize_t size = ::read(0, &order, sizeof order);
            if (size < 0 && errno == EINTR) continue;
            if (size != sizeof order) break;
            if (order == kDismissed) ::_exit(0);
            arm(timer, order);
        } else if (watched[1].revents != 0) {
            break;
        }
    }
    (void)::kill(-group, SIGKILL);
    ::_exit(kHasKilled);
}

std::int64_t as_order(Instant lease_end) {
    return std::max<std::int64_t>(lease_end.time_since_epoch().count(), 1);
}

}  // namespace

GroupGuard::GroupGuard(pid_t group, Instant lease_end) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
    orders_ = Descriptor(ends[0]);
    const Descriptor theirs(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) guard(group, theirs.get(), as_order(lease_end));
}

void GroupGuard::set_lease_end(Instant lease_end) noexcept {
    const std::int64_t order = as_order(lease_end);
    if (pid_ > 0) (void)::send(orders_.get(), &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void GroupGuard::on_exit(int status) noexcept {
    has_killed_ = WIFEXITED(status) && WEXITSTATUS(status) == kHasKilled;
    pid_ = -1;
}

void GroupGuard::dismiss() noexcept {
    if (pid_ <= 0) return;
    const std::int64_t order = kDismissed;
    (void)::send(orders_.get(), &order, sizeof order, MSG_NOSIGNAL);
    int status = 0;
    if (::waitpid(pid_, &status, 0) == pid_) on_exit(status);
    pid_ = -1;
}

Instant boot_now() noexcept {
    timespec now{};
    (void)::clock_gettime(CLOCK_BOOTTIME, &now);
    return Instant(std::chrono::seconds(now.tv_sec) + Nanos(now.tv_nsec));
}

}  // namespace quorumlock::cli
