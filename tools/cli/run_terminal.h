// The terminal, while a command in a group of its own uses it.
#pragma once

#include <sys/types.h>
#include <termios.h>

namespace quorumlock::cli {

/// Hands the foreground of the terminal on stdin to the command's group and takes it back. All
/// calls need SIGTTOU blocked. Without a terminal, or in the background, it does nothing.
class Terminal {
  public:
    Terminal();

    /// The descriptor that the command should make its own from the start, -1: none. That is
    /// stdin, when it is a terminal of ours; not when stdout is a pipe, because then the reader at
    /// its end (a pager) may need the terminal, and the command gets it when it asks.
    int for_start();
    /// Are we in the foreground?
    bool ours() const;
    bool given() const { return given_; }
    void give(pid_t group);
    /// True when it had been given.
    bool take_back();
    /// Undoes what a command that was killed may have left: no echo, raw mode.
    void restore_modes() const;

  private:
    bool is_terminal_ = false;
    bool given_ = false;
    termios modes_{};
};

}  // namespace quorumlock::cli
