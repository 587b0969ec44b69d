#include "tools/cli/run_supervisor.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stop_token>
#include <utility>

#include "lib/base/check.h"
#include "tools/cli/durations.h"

namespace quorumlock::cli {
namespace {

using std::chrono::milliseconds;

// What SIGKILL cannot end (asleep in the kernel) is left behind after this.
constexpr Nanos kGiveUpAfter = std::chrono::seconds(1);
// A group whose leader is gone may end without a signal to us, when its members' parent is
// somebody else. Looked for this often, and only while such members are being ended.
constexpr Nanos kLookAgain = milliseconds(20);

}  // namespace

Supervisor::Supervisor(const Lock& lock, SignalSource& signals, Nanos kill_after,
                       std::function<void(const std::string&)> tell)
    : lock_(lock),
      signals_(signals),
      kill_after_(kill_after),
      tell_(std::move(tell)),
      // Counts through a suspended machine, as the lease does. Rule T1.
      timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {
    QL_CHECK(timer_.get() >= 0);
}

Ending Supervisor::run(ChildSpec spec) {
    // Orphans of the command's group come to us, so that the group's end is seen.
    (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
    spec.mask = signals_.previous_mask();
    spec.terminal = terminal_.for_start();
    lease_end_ = lock_.validity_end();
    const std::stop_callback on_loss(lock_.lost(), [this] { loss_.set(); });

    child_ = start_child(spec);
    if (child_.pid < 0) {
        const int error = errno;
        (void)terminal_.take_back();
        return {.exit_code = 126, .exec_error = error};
    }
    guard_.emplace(child_.pid, lease_end_);
    while (!over()) turn();
    guard_->dismiss();
    if (guard_->has_killed() && !lock_lost_) {
        tell_("the lock was lost: its lease ended while this program was stopped");
        lock_lost_ = true;
    }
    return ending();
}

Ending Supervisor::ending() {
    Ending result{.lock_lost = lock_lost_, .exec_error = exec_failure(child_)};
    const int status = status_.value_or(SIGKILL);
    const bool by_signal = WIFSIGNALED(status);
    result.exit_code = by_signal ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (terminal_.take_back() && by_signal) {
        terminal_.restore_modes();
        result.interrupted = WTERMSIG(status) == SIGINT;
    }
    return result;
}

void Supervisor::turn() {
    sleep_until_news();
    // Taken before looking at the children: a SIGCHLD that comes later wakes us again.
    std::vector<int> signals;
    while (const auto signal = signals_.take()) signals.push_back(*signal);
    reap();
    // Before signals are passed on: who wakes us after a long stop must not wake a command
    // that has lost its lock.
    const Instant now = boot_now();
    watch_lock(now);
    enforce(now);
    for (const int signal : signals) on_signal(signal);
}

void Supervisor::reap() {
    int status = 0;
    for (;;) {
        const pid_t pid = ::waitpid(-1, &status, WNOHANG | WUNTRACED);
        if (pid <= 0) return;
        if (pid == guard_->pid() && !WIFSTOPPED(status)) guard_->on_exit(status);
        if (pid != child_.pid) continue;
        if (WIFSTOPPED(status)) {
            on_stopped(WSTOPSIG(status));
        } else {
            status_ = status;
        }
    }
}

void Supervisor::on_stopped(int signal) {
    if (signal == SIGSTOP) return;  // Somebody means the command and not the job.
    const bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
    if (wants_terminal && terminal_.ours()) {
        terminal_.give(child_.pid);
        signal_group(SIGCONT);
        return;
    }
    // A shell takes the job for stopped only when we are, too. With the terminal given away,
    // Ctrl-Z reached the command alone: the rest of our job follows.
    const bool had_terminal = terminal_.take_back();
    if (stop_self(had_terminal) || wants_terminal) return;
    // Nobody could ever wake us: without us the command would have ignored it.
    if (had_terminal) terminal_.give(child_.pid);
    signal_group(SIGCONT);
}

void Supervisor::on_signal(int signal) {
    if (signal == SIGCHLD || signal == SIGTTIN || signal == SIGTTOU) return;
    if (signal == SIGCONT && terminal_.for_start() >= 0) terminal_.give(child_.pid);
    signal_group(signal);
}

void Supervisor::watch_lock(Instant now) {
    if (lock_.held()) {
        lease_end_ = lock_.validity_end();
        guard_->set_lease_end(lease_end_);
        const bool ended = status_ && group_gone();
        if (lock_lost_ || ended || lease_end_ - now > kill_after_) return;
        // No renewal came through (rule E6): what is left of the lease is for ending.
        const auto left = std::chrono::ceil<milliseconds>(lease_end_ - now);
        lose("it was not renewed, and its lease ends in " + format_duration(left), lease_end_);
    } else if (lease_end_ > now) {
        lose("a quorum of nodes says that it is gone", std::min(lease_end_, now + kill_after_));
        lease_end_ = now;
    } else if (!lock_lost_) {
        lose("its lease has ended", now);
    }
}

void Supervisor::lose(const std::string& why, Instant kill_at) {
    if (!lock_lost_) tell_("the lock was lost: " + why);
    lock_lost_ = true;
    terminate(kill_at);
}

void Supervisor::terminate(Instant kill_at) {
    kill_at_ = phase_ == Phase::running ? kill_at : std::min(kill_at_, kill_at);
    if (phase_ != Phase::running) return;
    phase_ = Phase::terminating;
    signal_group(SIGTERM);
    signal_group(SIGCONT);  // A stopped command must hear it too.
}

void Supervisor::enforce(Instant now) {
    // What the command left running in its group ends with it.
    if (status_ && phase_ == Phase::running) terminate(now + kill_after_);
    if (phase_ == Phase::terminating && now >= kill_at_) {
        phase_ = Phase::killed;
        give_up_at_ = now + kGiveUpAfter;
        signal_group(SIGKILL);
    }
}

Instant Supervisor::next_deadline(Instant now) const {
    Instant next = give_up_at_;
    if (phase_ != Phase::killed) {
        next = phase_ == Phase::terminating ? kill_at_ : Instant::max();
        if (!lock_lost_) {
            // A quarter of the way, to tell the guard of renewals well before it needs to know.
            const Instant refresh = now + std::max((lease_end_ - now) / 4, Nanos(milliseconds(1)));
            next = std::min({next, refresh, lease_end_ - kill_after_});
        }
    }
    return status_ ? std::min(next, now + kLookAgain) : next;
}

void Supervisor::sleep_until_news() {
    const Nanos at = std::max(next_deadline(boot_now()).time_since_epoch(), Nanos{1});
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    const itimerspec when{{}, {static_cast<time_t>(seconds.count()), (at - seconds).count()}};
    (void)::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
    std::array<pollfd, 3> watched{
        {{signals_.fd(), POLLIN, 0}, {loss_.fd(), POLLIN, 0}, {timer_.get(), POLLIN, 0}}};
    (void)::poll(watched.data(), watched.size(), -1);
    loss_.clear();
}

bool Supervisor::over() const {
    if (phase_ == Phase::killed && boot_now() >= give_up_at_) return true;
    return status_ && group_gone();
}

bool Supervisor::group_gone() const { return ::kill(-child_.pid, 0) != 0 && errno == ESRCH; }

void Supervisor::signal_group(int signal) const {
    // The number of a group that is gone may be somebody else's.
    if (!(status_ && group_gone())) (void)::kill(-child_.pid, signal);
}

}  // namespace quorumlock::cli
