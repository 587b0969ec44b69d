// A program on a terminal, as a person has it.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

namespace quorumlock::testing {

/// A program that leads a session on a terminal of its own.
class OnTerminal {
  public:
    explicit OnTerminal(std::vector<std::string> argv) {
        std::vector<char*> pointers;
        for (std::string& text : argv) pointers.push_back(text.data());
        pointers.push_back(nullptr);
        pid_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
        if (pid_ == 0) {
            ::execvp(pointers[0], pointers.data());
            ::_exit(127);
        }
    }
    ~OnTerminal() {
        ::close(terminal_);  // SIGHUP for all that is left on it.
        if (!ended_) ::kill(pid_, SIGKILL);
        if (!ended_) ::waitpid(pid_, nullptr, 0);
    }
    OnTerminal(const OnTerminal&) = delete;
    OnTerminal& operator=(const OnTerminal&) = delete;

    void type(const std::string& text) {
        ASSERT_EQ(::write(terminal_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    /// Waits for `text` behind what was waited for before.
    ::testing::AssertionResult shows(const std::string& text) {
        const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        for (;;) {
            const std::size_t at = seen_.find(text, from_);
            if (at != std::string::npos) {
                from_ = at + text.size();
                return ::testing::AssertionSuccess();
            }
            if (std::chrono::steady_clock::now() > last || !read_more()) {
                return ::testing::AssertionFailure() << "only: " << seen_;
            }
        }
    }

    /// -1: it did not end by itself.
    int exit_code() {
        const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        int status = 0;
        while (::waitpid(pid_, &status, WNOHANG) != pid_) {
            if (std::chrono::steady_clock::now() > last) return -1;
            (void)read_more();
        }
        ended_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

  private:
    bool read_more() {
        pollfd watched{terminal_, POLLIN, 0};
        if (::poll(&watched, 1, 20) <= 0) return true;
        char buffer[512];
        const ssize_t size = ::read(terminal_, buffer, sizeof buffer);
        if (size > 0) seen_.append(buffer, static_cast<std::size_t>(size));
        return size > 0;
    }

    int terminal_ = -1;
    pid_t pid_ = -1;
    bool ended_ = false;
    std::string seen_;
    std::size_t from_ = 0;
};

}  // namespace quorumlock::testing
