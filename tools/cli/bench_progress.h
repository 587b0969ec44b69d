// One line that counts up while the benchmark runs, on a terminal only.
#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <thread>

namespace quorumlock::cli {

class Progress {
  public:
    /// `count` outlives it. `what`: of what it counts.
    Progress(const std::atomic<std::uint64_t>& count, const char* what) {
        if (isatty(STDERR_FILENO) == 0) return;
        shown_ = std::jthread([this, &count, what](const std::stop_token& stop) {
            std::unique_lock guard(mutex_);
            while (!wake_.wait_for(guard, stop, std::chrono::milliseconds(500),
                                   [&stop] { return stop.stop_requested(); })) {
                std::fprintf(stderr, "\r%llu %s", static_cast<unsigned long long>(count.load()),
                             what);
            }
            std::fputs("\r\033[K", stderr);
        });
    }

  private:
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread shown_;
};

}  // namespace quorumlock::cli
