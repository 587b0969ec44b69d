// Watches a command and the lock it runs under: neither outlives the other.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <quorumlock/lock.h>

#include "tools/cli/run_child.h"
#include "tools/cli/run_guard.h"
#include "tools/cli/run_terminal.h"
#include "tools/cli/signals.h"

namespace quorumlock::cli {

/// How a command ended.
struct Ending {
    int exit_code = 0;         ///< Its own, or 128 + n for signal n.
    bool lock_lost = false;    ///< It was ended for want of the lock, or ran without it.
    int exec_error = 0;        ///< errno when it never ran.
    bool interrupted = false;  ///< Ctrl-C on the terminal that it had ended it.
};

/// One command from its start to the end of its whole process group. Single-threaded. Its
/// SignalSource needs SIGCHLD, SIGCONT, the job control signals, and all that is to be forwarded.
class Supervisor {
  public:
    /// `kill_after`: how long before the lease ends a command is asked to end when no renewal
    /// comes, and the time it then has, at most. `tell` gets one-line news for people.
    Supervisor(const Lock& lock, SignalSource& signals, Nanos kill_after,
               std::function<void(const std::string&)> tell);

    /// `spec.mask` and `spec.terminal` are filled in here.
    Ending run(ChildSpec spec);

  private:
    enum class Phase { running, terminating, killed };

    Ending ending();
    void turn();
    void reap();
    void on_stopped(int signal);
    void on_signal(int signal);
    void watch_lock(Instant now);
    void lose(const std::string& why, Instant kill_at);
    void terminate(Instant kill_at);
    void enforce(Instant now);
    void sleep_until_news();
    Instant next_deadline(Instant now) const;
    bool over() const;
    bool group_gone() const;
    void signal_group(int signal) const;

    const Lock& lock_;
    SignalSource& signals_;
    Nanos kill_after_;
    std::function<void(const std::string&)> tell_;
    Terminal terminal_;
    Wake loss_;
    Descriptor timer_;
    Child child_;
    std::optional<GroupGuard> guard_;
    Phase phase_ = Phase::running;
    Instant kill_at_{}, give_up_at_{};
    Instant lease_end_{};        ///< As last known while the lock was held.
    std::optional<int> status_;  ///< The command's, once it has ended.
    bool lock_lost_ = false;
};

}  // namespace quorumlock::cli
