#include "tests/support/time_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <gtest/gtest.h>

namespace quorumlock::testing {

namespace {

#ifndef CLONE_NEWTIME
constexpr int CLONE_NEWTIME = 0x80;
#endif

constexpr int kNotPossible = 77;

/// Children made from here on have shifted clocks. False: errno says why not.
bool shift_clocks_of_children(ClockShift shift) {
    // Who is not root may do it as the root of a user namespace of his own.
    if (::unshare(CLONE_NEWTIME) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWTIME) != 0) {
        return false;
    }
    const int file = ::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    const std::string text = "monotonic " + std::to_string(shift.monotonic.count()) +
                             " 0\nboottime " + std::to_string(shift.boottime.count()) + " 0\n";
    const bool written = ::write(file, text.data(), text.size()) == ssize_t(text.size());
    const int error = errno;
    ::close(file);
    errno = error;
    return written;
}

int exit_code_of(pid_t child) {
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

/// In the first child, which has the namespace; its own child is in it.
[[noreturn]] void shift_and_run(ClockShift shift, const std::function<void()>& body) {
    if (!shift_clocks_of_children(shift)) ::_exit(kNotPossible);
    const pid_t shifted = ::fork();
    if (shifted == 0) {
        ::alarm(30);
        body();
        std::fflush(nullptr);
        ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    ::_exit(exit_code_of(shifted) == 0 ? 0 : 1);
}

}  // namespace

ShiftedRun run_with_shifted_clocks(ClockShift shift, const std::function<void()>& body) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) shift_and_run(shift, body);
    const int code = exit_code_of(child);
    ShiftedRun run;
    run.possible = code != kNotPossible;
    run.passed = code == 0;
    if (!run.possible) run.why_not = "time namespaces are not there, or not allowed here";
    return run;
}

}  // namespace quorumlock::testing
