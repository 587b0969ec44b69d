// Time as quorumlock counts it: nanoseconds on a clock that keeps counting while the machine is
// suspended (CLOCK_BOOTTIME), never the wall clock. Rule T1 of docs/protocol.md.
#pragma once

#include <chrono>

namespace quorumlock {

using Nanos = std::chrono::nanoseconds;

/// Names the clock of an Instant. It has no now(): time is read through a lock's remaining() and
/// held(), so that the same code runs under virtual time.
struct BootClock {
    using rep = Nanos::rep;
    using period = Nanos::period;
    using duration = Nanos;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
};

/// A point on that clock. Comparable within one machine and one boot only.
using Instant = BootClock::time_point;

}  // namespace quorumlock
