// A child process of a test: started with exec, its output kept, killed when the test ends.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace quorumlock::testing {

struct ProcessOptions {
    /// Added to the environment, or in place of what has the same name.
    std::map<std::string, std::string> environment{};
    /// What it reads from its standard input, from a file.
    std::string input{};
    /// Or what this path names, e.g. a FIFO; the program starts when somebody has opened that too.
    std::string input_path{};
    /// In a process group of its own, so that a signal to the group reaches its children too.
    bool own_group = false;
};

/// How it ended; text() is for messages: "exit code 75", "signal 9".
struct ProcessEnd {
    int code = -1;   ///< Exit code, -1 after a signal.
    int signal = 0;  ///< The signal that ended it, else 0.
    std::string text() const;
};

/// Not thread-safe. It gets SIGKILL when the thread that started it ends.
class Process {
  public:
    /// argv[0] is looked up in PATH. A program that cannot be started ends with code 127.
    explicit Process(const std::vector<std::string>& argv, ProcessOptions options = {});
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t pid() const noexcept { return pid_; }
    /// True until its end was seen.
    bool running();
    /// To it alone, and to its group with ProcessOptions::own_group; nothing once it has ended.
    void signal(int number);
    void signal_group(int number);
    /// Waits for its end; nullopt when it is still running after `limit`.
    std::optional<ProcessEnd> wait(std::chrono::milliseconds limit = std::chrono::seconds(20));
    /// What it has written so far.
    std::string out() const;
    std::string err() const;
    /// Waits until out() contains `text`.
    bool wait_for_out(const std::string& text,
                      std::chrono::milliseconds limit = std::chrono::seconds(20));

  private:
    TempDir dir_;
    bool own_group_ = false;
    pid_t pid_ = -1;
    std::optional<ProcessEnd> end_;
};

}  // namespace quorumlock::testing
