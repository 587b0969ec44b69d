#include "lib/protocol/renewal.h"

#include <algorithm>

namespace quorumlock::protocol {

namespace {

constexpr Nanos kLeastPause = std::chrono::milliseconds(1);

Nanos jittered(Nanos pause, std::uint64_t random) {
    const auto span = static_cast<std::uint64_t>(pause.count() / 10);
    const Nanos earlier(static_cast<Nanos::rep>(random % (span + 1)));
    return std::max(pause - earlier, kLeastPause);
}

}  // namespace

void RenewalPlan::begin(Nanos every, Nanos max_hold, Instant acquired_at) {
    every_ = every;
    const bool unbounded = max_hold <= Nanos::zero() || max_hold >= Instant::max() - acquired_at;
    hold_end_ = unbounded ? Instant::max() : acquired_at + max_hold;
}

std::optional<Instant> RenewalPlan::after_success(Instant now, Instant validity_end,
                                                  std::uint64_t random) {
    if (validity_end <= now) return std::nullopt;
    // Rule E5. A renewal due when the validity is over would be none.
    const Nanos left = validity_end - now;
    const bool fits = every_ > Nanos::zero() && every_ < left;
    return bounded(now + jittered(fits ? every_ : left / 3, random), validity_end);
}

std::optional<Instant> RenewalPlan::after_failure(Instant now, Instant validity_end,
                                                  std::uint64_t random) {
    if (validity_end <= now) return std::nullopt;
    Nanos pause = (validity_end - now) / 4;  // Rule E6.
    if (every_ > Nanos::zero()) pause = std::min(pause, every_);
    return bounded(now + jittered(pause, random), validity_end);
}

std::optional<Instant> RenewalPlan::when_crowded(Instant now, Instant validity_end,
                                                 std::uint64_t random) {
    return bounded(now + jittered((validity_end - now) / 256, random), validity_end);
}

std::optional<Instant> RenewalPlan::bounded(Instant at, Instant validity_end) const {
    if (at >= validity_end) return std::nullopt;  // Rule E6.
    if (at >= hold_end_) return std::nullopt;     // Rule E5.
    return at;
}

}  // namespace quorumlock::protocol
