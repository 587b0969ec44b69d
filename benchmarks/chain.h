// One chain of acquire + release by callbacks: the next cycle starts where the last one ends.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

#include <quorumlock/lock_service.h>

namespace quorumlock::bench {

/// run() blocks until it has made `cycles` cycles.
class Chain {
  public:
    explicit Chain(LockService& service) : service_(service) {}

    /// False: a cycle failed, and ended it.
    bool run(std::int64_t cycles) {
        left_ = cycles;
        done_ = false;
        start();
        std::unique_lock guard(mutex_);
        ended_.wait(guard, [this] { return done_; });
        return well_;
    }

  private:
    void start() {
        service_.acquire("orders:42").then([this](Result<Lock> result) {
            if (!result) return end(false);
            lock_.emplace(std::move(*result));
            lock_->release().then([this](Result<void> answer) {
                lock_.reset();
                if (!answer || --left_ == 0) return end(answer.has_value());
                start();
            });
        });
    }
    void end(bool well) {
        const std::lock_guard guard(mutex_);
        well_ = well;
        done_ = true;
        ended_.notify_one();
    }

    LockService& service_;
    std::optional<Lock> lock_;
    std::int64_t left_ = 0;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool done_ = false, well_ = false;
};

}  // namespace quorumlock::bench
