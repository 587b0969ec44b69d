#include "tools/cli/run_terminal.h"

#include <sys/stat.h>
#include <unistd.h>

namespace quorumlock::cli {

Terminal::Terminal() : is_terminal_(::tcgetattr(STDIN_FILENO, &modes_) == 0) {}

int Terminal::for_start() {
    struct stat out {};
    const bool piped =
        ::fstat(STDOUT_FILENO, &out) == 0 && (S_ISFIFO(out.st_mode) || S_ISSOCK(out.st_mode));
    given_ = ours() && !piped;
    return given_ ? STDIN_FILENO : -1;
}

bool Terminal::ours() const { return is_terminal_ && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp(); }

void Terminal::give(pid_t group) { given_ = ::tcsetpgrp(STDIN_FILENO, group) == 0; }

bool Terminal::take_back() {
    const bool was_given = given_;
    if (given_) (void)::tcsetpgrp(STDIN_FILENO, ::getpgrp());
    given_ = false;
    return was_given;
}

void Terminal::restore_modes() const {
    if (ours()) (void)::tcsetattr(STDIN_FILENO, TCSADRAIN, &modes_);
}

}  // namespace quorumlock::cli
