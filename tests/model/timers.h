// Perfect clocks without numbers. Everything that runs in the model of leases runs for one and the
// same ttl: what was started first ends first. So the time left of a timer is its place in line,
// and every order of events that is possible in continuous time is a way through these places, and
// no other is: intervals of equal length are known by none of them containing another.
#pragma once

#include <cstdint>

namespace quorumlock::model {

/// A timer's place in line, 1: the next to end; 0: it does not run.
using Timer = std::uint8_t;

/// `All` is called with a function, which it gives every timer of the world.
template <class All>
class Timers {
  public:
    explicit Timers(All all) : all_(all) {}

    void stop(Timer& timer) {
        const Timer place = timer;
        timer = 0;
        if (place == 0) return;
        all_([place](Timer& other) {
            if (other > place) --other;
        });
    }

    /// A running one starts again.
    void start(Timer& timer) {
        stop(timer);
        Timer last = 0;
        all_([&last](const Timer& other) {
            if (other > last) last = other;
        });
        timer = static_cast<Timer>(last + 1);
    }

  private:
    All all_;
};

}  // namespace quorumlock::model
