// Ends a command's process group when nobody else can any more.
#pragma once

#include <sys/types.h>

#include <optional>

#include <quorumlock/time.h>

#include "tools/cli/signals.h"

namespace quorumlock::cli {

/// A small process that kills the group with SIGKILL when this process has ended without
/// dismissing it (kill -9; the death signal alone would spare the command's own children), or when
/// the lease ends while this process cannot act (stopped, say).
class GroupGuard {
  public:
    GroupGuard(pid_t group, Instant lease_end);
    GroupGuard(const GroupGuard&) = delete;
    GroupGuard& operator=(const GroupGuard&) = delete;
    ~GroupGuard() { dismiss(); }

    /// To be called whenever the lease has moved.
    void set_lease_end(Instant lease_end) noexcept;
    pid_t pid() const noexcept { return pid_; }
    /// Its status, for who calls waitpid for all children.
    void on_exit(int status) noexcept;
    /// Ends the guard and waits for that. The group comes to no harm.
    void dismiss() noexcept;
    /// Has it killed the group? Known once it has ended.
    bool has_killed() const noexcept { return has_killed_; }

  private:
    Descriptor orders_;  ///< Our end of a socket; the guard sees it close when we die.
    pid_t pid_ = -1;
    bool has_killed_ = false;
};

/// Now, on the clock that locks count on. Rule T1.
Instant boot_now() noexcept;

}  // namespace quorumlock::cli
