// The timers of one loop: a binary heap of intrusive timers, equal instants in arming order.
// Used by the real Env and by the simulated one.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/env/env.h"

namespace quorumlock::env {

class TimerQueue {
  public:
    TimerQueue() = default;
    TimerQueue(const TimerQueue&) = delete;
    TimerQueue& operator=(const TimerQueue&) = delete;
    ~TimerQueue();

    void arm(Timer& timer, Instant when);
    void disarm(Timer& timer) noexcept;
    bool empty() const noexcept { return heap_.empty(); }
    std::size_t size() const noexcept { return heap_.size(); }
    /// The earliest instant; the queue must not be empty.
    Instant next() const noexcept { return heap_.front()->when(); }
    /// Fires every timer that is due at `now`, earliest first. A timer armed by a callback for
    /// an instant <= now waits for the next call, so that no callback can hold the loop.
    void fire_due(Instant now);

  private:
    bool before(const Timer& a, const Timer& b) const noexcept;
    void place(std::size_t slot, Timer* timer) noexcept;
    void sift_up(std::size_t slot) noexcept;
    void sift_down(std::size_t slot) noexcept;

    std::vector<Timer*> heap_;
    std::uint64_t order_ = 0;
};

}  // namespace quorumlock::env
