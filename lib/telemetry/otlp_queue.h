// The spans that wait, between the threads that end them and the loop that sends them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include <quorumlock/telemetry/otlp.h>

#include "lib/telemetry/otlp_text.h"

namespace quorumlock::telemetry {

/// Any thread. The mutex is held for a move of one span, or of a batch.
class OtlpQueue {
  public:
    OtlpQueue(std::size_t most, std::size_t batch) : most_(most), batch_(batch) {}

    /// True: somebody has to look, since there is a first span, a whole batch, or the first drop
    /// that was not told; and nobody is about to.
    bool push(FinishedSpan span) {
        const std::lock_guard lock(mutex_);
        if (spans_.size() >= most_) {
            ++counts_.dropped;
            return ++untold_drops_ == 1 && !std::exchange(about_to_look_, true);
        }
        spans_.push_back(std::move(span));
        ++accepted_;
        const bool worth_it = spans_.size() == 1 || spans_.size() == batch_;
        return worth_it && !std::exchange(about_to_look_, true);
    }
    /// Somebody looks now.
    void looks() {
        const std::lock_guard lock(mutex_);
        about_to_look_ = false;
    }
    std::vector<FinishedSpan> take(std::size_t most) {
        std::vector<FinishedSpan> taken;
        const std::lock_guard lock(mutex_);
        for (; taken.size() < most && !spans_.empty(); spans_.pop_front()) {
            taken.push_back(std::move(spans_.front()));
        }
        return taken;
    }
    std::size_t waiting() const {
        const std::lock_guard lock(mutex_);
        return spans_.size();
    }
    void settled(std::size_t exported, std::size_t lost) {
        const std::lock_guard lock(mutex_);
        counts_.exported += exported;
        counts_.lost += lost;
    }
    std::uint64_t accepted() const {
        const std::lock_guard lock(mutex_);
        return accepted_;
    }
    std::size_t take_untold_drops() {
        const std::lock_guard lock(mutex_);
        return std::exchange(untold_drops_, 0);
    }
    OtlpCounts counts() const {
        const std::lock_guard lock(mutex_);
        OtlpCounts counts = counts_;
        counts.waiting = static_cast<std::size_t>(accepted_ - counts.exported - counts.lost);
        return counts;
    }

  private:
    const std::size_t most_, batch_;
    mutable std::mutex mutex_;  // guards all below
    std::deque<FinishedSpan> spans_;
    OtlpCounts counts_;
    std::uint64_t accepted_ = 0;
    std::size_t untold_drops_ = 0;
    bool about_to_look_ = false;
};

}  // namespace quorumlock::telemetry
