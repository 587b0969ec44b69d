// Starting a command in a process group of its own.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "tools/cli/signals.h"

namespace quorumlock::cli {

struct ChildSpec {
    std::vector<std::string> command;  ///< Not empty.
    /// Set in the child; an empty value unsets.
    std::vector<std::pair<std::string, std::string>> environment;
    sigset_t mask{};              ///< The child's signal mask.
    bool ignore_sigpipe = false;  ///< As our own caller had it.
    bool ignore_sigchld = false;  ///< As our own caller had it.
    int terminal = -1;            ///< Made the child's foreground; -1: left alone.
};

struct Child {
    pid_t pid = -1;         ///< Also the id of its process group; -1: fork failed, see errno.
    Descriptor exec_error;  ///< Where exec_failure() reads.
};

/// Forks and executes `spec.command`, looked up in PATH. The child leads a new process group, dies
/// with SIGKILL when the calling thread ends (PR_SET_PDEATHSIG), and gets none of our descriptors.
/// Does not wait for the exec.
Child start_child(const ChildSpec& spec);

/// Once the child has ended: the errno of an exec that failed, else 0.
int exec_failure(const Child& child) noexcept;

}  // namespace quorumlock::cli
