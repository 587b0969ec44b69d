#include "tools/cli/run_child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace quorumlock::cli {
namespace {

std::vector<std::string> merged_environment(const ChildSpec& spec) {
    std::vector<std::string> merged;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        bool replaced = false;
        for (const auto& [name, value] : spec.environment) {
            replaced = replaced || text.substr(0, text.find('=')) == name;
        }
        if (!replaced) merged.emplace_back(text);
    }
    for (const auto& [name, value] : spec.environment) {
        if (!value.empty()) merged.push_back(name + "=" + value);
    }
    return merged;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

/// Between fork and exec: other threads may hold any lock, so only async-signal-safe calls.
[[noreturn]] void become(const ChildSpec& spec, char* const* command, char* const* environment,
                         pid_t parent, int report) noexcept {
    (void)::setpgid(0, 0);
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(128 + SIGKILL);  // It died before the line above.
    // SIGTTOU is still blocked here: a background group may not do this otherwise.
    if (spec.terminal >= 0) (void)::tcsetpgrp(spec.terminal, ::getpid());
    (void)::signal(SIGPIPE, spec.ignore_sigpipe ? SIG_IGN : SIG_DFL);
    (void)::signal(SIGCHLD, spec.ignore_sigchld ? SIG_IGN : SIG_DFL);
    (void)::sigprocmask(SIG_SETMASK, &spec.mask, nullptr);
    ::execvpe(command[0], command, environment);
    const int error = errno;
    (void)!::write(report, &error, sizeof error);
    ::_exit(error == ENOENT ? 127 : 126);
}

}  // namespace

Child start_child(const ChildSpec& spec) {
    Child child;
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) return child;
    child.exec_error = Descriptor(pipe[0]);
    const Descriptor report(pipe[1]);

    const std::vector<std::string> variables = merged_environment(spec);
    const std::vector<char*> command = pointers(spec.command);
    const std::vector<char*> environment = pointers(variables);
    const pid_t parent = ::getpid();
    child.pid = ::fork();
    if (child.pid == 0) {
        become(spec, command.data(), environment.data(), parent, report.get());
    }
    // Both sides do it, so that neither has to wait for the other.
    if (child.pid > 0) (void)::setpgid(child.pid, child.pid);
    return child;
}

int exec_failure(const Child& child) noexcept {
    int error = 0;
    return ::read(child.exec_error.get(), &error, sizeof error) == sizeof error ? error : 0;
}

}  // namespace quorumlock::cli
