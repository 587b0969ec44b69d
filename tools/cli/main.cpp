// quorumlock: the library's command line.
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>

#include "tools/cli/command_line.h"
#include "tools/cli/own_arguments.h"

namespace quorumlock::cli {
namespace {

void remember_and_set_signals(Context& context) {
    // A reader that is gone is an error of write(), not the end of this program.
    context.sigpipe_was_ignored = std::signal(SIGPIPE, SIG_IGN) == SIG_IGN;
    // Else the kernel takes the exit codes of children before us.
    context.sigchld_was_ignored = std::signal(SIGCHLD, SIG_DFL) == SIG_IGN;
}

int run_main(int argc, char** argv) {
    Context context;
    remember_and_set_signals(context);
    CommandLine line(context);
    std::vector<std::string> arguments(argv + 1, argv + argc);
    hide_user_info(argc, argv);
    const auto code = line.understand(std::move(arguments), std::cout);
    return code ? *code : context.action();
}

}  // namespace
}  // namespace quorumlock::cli

int main(int argc, char** argv) {
    try {
        return quorumlock::cli::run_main(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "quorumlock: unexpected: %s\n", error.what());
        return quorumlock::cli::kInternal;
    }
}
