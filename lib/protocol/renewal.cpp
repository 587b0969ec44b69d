#include "lib/protocol/renewal.h"

#include <algorithm>
#include <bit>

namespace quorumlock::protocol {

namespace {

constexpr Nanos kLeastPause = std::chrono::milliseconds(1);
constexpr std::uint64_t kGridParts = 1024;
constexpr std::uint64_t kCoarsestGrid = std::uint64_t{1} << 23U;  // 8.4 ms: no long burst
constexpr std::uint64_t kFinestGrid = std::uint64_t{1} << 16U;    // 66 us: a renewal's own time

Nanos jittered(Nanos pause, std::uint64_t random) {
    const auto span = static_cast<std::uint64_t>(pause.count() / 10);
    const Nanos earlier(static_cast<Nanos::rep>(random % (span + 1)));
    return std::max(pause - earlier, kLeastPause);
}

/// Rule E7: at the instant, or shortly before it where others are due too. Powers of two, so that
/// locks of other lengths share most of it.
Instant shared(Instant now, Nanos pause) {
    const Instant at = now + pause;
    const auto grid = std::min(
        std::bit_floor(static_cast<std::uint64_t>(pause.count()) / kGridParts), kCoarsestGrid);
    if (grid < kFinestGrid) return at;
    return Instant(Nanos(at.time_since_epoch().count() & ~static_cast<Nanos::rep>(grid - 1)));
}

}  // namespace

void RenewalPlan::begin(Nanos every, Nanos max_hold, Instant acquired_at) {
    every_ = every;
    const bool unbounded = max_hold <= Nanos::zero() || max_hold >= Instant::max() - acquired_at;
    hold_end_ = unbounded ? Instant::max() : acquired_at + max_hold;
}

Instant RenewalPlan::after_success(Instant now, Instant validity_end, std::uint64_t random) const {
    if (validity_end <= now) return kNever;
    // Rule E5. A renewal due when the validity is over would be none.
    const Nanos left = validity_end - now;
    const bool fits = every_ > Nanos::zero() && every_ < left;
    return bounded(shared(now, jittered(fits ? every_ : left / 3, random)), validity_end);
}

Instant RenewalPlan::after_failure(Instant now, Instant validity_end, std::uint64_t random) const {
    if (validity_end <= now) return kNever;
    Nanos pause = (validity_end - now) / 4;  // Rule E6.
    if (every_ > Nanos::zero()) pause = std::min(pause, every_);
    return bounded(shared(now, jittered(pause, random)), validity_end);
}

Instant RenewalPlan::when_crowded(Instant now, Instant validity_end, std::uint64_t random) const {
    return bounded(shared(now, jittered((validity_end - now) / 256, random)), validity_end);
}

Instant RenewalPlan::bounded(Instant at, Instant validity_end) const {
    if (at >= validity_end) return kNever;  // Rule E6.
    if (at >= hold_end_) return kNever;     // Rule E5.
    return at;
}

}  // namespace quorumlock::protocol
