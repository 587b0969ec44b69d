// Virtual time and what is to happen in it: one queue, ordered by instant and then by when it was
// armed. Everything else in a simulated world is an event of this queue.
#pragma once

#include <cstdint>

#include "lib/env/timer_queue.h"
#include "tests/sim/clock.h"
#include "tests/sim/trace.h"

namespace quorumlock::sim {

/// Something that happens at an instant of the world. Embed it, arm it; destroying it disarms it.
using Event = env::Timer;

/// An event that calls one member of its owner.
template <class Owner, void (Owner::*Action)()>
class MemberEvent final : public Event {
  public:
    explicit MemberEvent(Owner& owner) noexcept : owner_(owner) {}
    void fire() override { (owner_.*Action)(); }

  private:
    Owner& owner_;
};

class World {
  public:
    explicit World(Trace& trace) noexcept : trace_(trace) {}

    Time now() const noexcept { return now_; }
    Trace& trace() noexcept { return trace_; }
    /// An instant of the past means: as soon as possible.
    void arm(Event& event, Time at) { queue_.arm(event, Instant(Nanos(at > now_ ? at : now_))); }
    void disarm(Event& event) noexcept { queue_.disarm(event); }

    /// Lets the next thing happen. False when there is none before `end`: then it is `end`.
    bool step(Time end) {
        if (queue_.empty() || queue_.next().time_since_epoch().count() > end) {
            if (end > now_ && end != kNever) now_ = end;
            return false;
        }
        now_ = queue_.next().time_since_epoch().count();
        ++steps_;
        queue_.fire_due(Instant(Nanos(now_)));
        return true;
    }
    std::uint64_t steps() const noexcept { return steps_; }

  private:
    Trace& trace_;
    env::TimerQueue queue_;
    Time now_ = 0;
    std::uint64_t steps_ = 0;
};

inline Time time_of(const Event& event) noexcept { return event.when().time_since_epoch().count(); }

}  // namespace quorumlock::sim
