// The timers of one loop: a binary heap of intrusive timers, equal instants in arming order.
// Used by the real Env and by the simulated one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/env/env.h"

namespace quorumlock::env {

class TimerQueue {
  public:
    TimerQueue() = default;
    TimerQueue(const TimerQueue&) = delete;
    TimerQueue& operator=(const TimerQueue&) = delete;
    /// Disarms what is armed; never from within fire_due().
    ~TimerQueue();

    void arm(Timer& timer, Instant when);
    void disarm(Timer& timer) noexcept;
    /// Disarms all.
    void clear() noexcept;
    bool empty() const noexcept { return heap_.empty() && held_back_.empty(); }
    std::size_t size() const noexcept { return heap_.size() + held_back_.size(); }
    /// The earliest instant; the queue must not be empty. Not from within fire_due().
    Instant next() const noexcept { return heap_.front().when; }
    /// Fires every timer that is due at `now`, earliest first. A timer armed by a callback for
    /// an instant <= now waits for the next call, so that no callback can hold the loop.
    void fire_due(Instant now);

  private:
    /// With many locks held a timer is cold memory: the instants are where they are compared.
    struct Entry {
        Instant when;
        Timer* timer;
    };

    static bool before(const Entry& a, const Entry& b) noexcept;
    void place(std::size_t slot, const Entry& entry) noexcept;
    void sift_up(std::size_t slot) noexcept;
    void sift_down(std::size_t slot) noexcept;
    void push(Timer* timer);

    std::vector<Entry> heap_;
    std::vector<Timer*> held_back_;  ///< Armed while firing, and due: for the next call.
    std::uint64_t order_ = 0;
    bool firing_ = false;
    Instant firing_at_{};
};

}  // namespace quorumlock::env
