// Lease arithmetic: drift pad, validity, per-node time limit. Integers only; no overflow within
// the bounds of options.h (ttl <= 24 h). Rules T2..T5.
#pragma once

#include <cstdint>

#include <quorumlock/time.h>

namespace quorumlock::protocol {

/// What a round asks for, fixed for its duration.
struct Terms {
    Nanos ttl{0};
    std::uint32_t drift_ppm = 10'000;  ///< drift_factor in millionths: 0.01 is 10,000
    Nanos min_validity{0};
};

/// Rule T2: ttl * drift_factor + 2 ms, rounded up. drift_ppm: 0..500,000; ttl: 0..24 h.
Nanos drift(const Terms& terms);
/// Rule T3: the instant up to which a lease asked for at `t0` may be relied upon. Not later than
/// t0 when the ttl is eaten by the pad.
Instant validity_end(Instant t0, const Terms& terms);
/// Rule T5: how long a node may be silent in one round: `configured`, or when that is 0 ttl/20
/// within 5..500 ms; never beyond `left`, the time left to the caller, and never negative.
Nanos node_timeout(Nanos ttl, Nanos configured, Nanos left);

}  // namespace quorumlock::protocol
