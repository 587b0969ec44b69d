#include "lib/protocol/timing.h"

#include <algorithm>

namespace quorumlock::protocol {

namespace {

constexpr Nanos kPad = std::chrono::milliseconds(2);
constexpr Nanos kLeastTimeout = std::chrono::milliseconds(5);
constexpr Nanos kMostTimeout = std::chrono::milliseconds(500);

}  // namespace

Nanos drift(const Terms& terms) {
    // Rule T2. Split at the million: 24 h of nanoseconds times 500,000 would not fit 64 bits.
    constexpr std::int64_t kMillion = 1'000'000;
    const std::int64_t ttl = terms.ttl.count();
    const auto ppm = static_cast<std::int64_t>(terms.drift_ppm);
    const std::int64_t whole = ttl / kMillion * ppm;
    const std::int64_t rest = (ttl % kMillion * ppm + kMillion - 1) / kMillion;
    return Nanos(whole + rest) + kPad;
}

Instant validity_end(Instant t0, const Terms& terms) {
    return t0 + (terms.ttl - drift(terms));  // Rule T3.
}

Nanos node_timeout(Nanos ttl, Nanos configured, Nanos left) {
    // Rule T5.
    const Nanos own = configured > Nanos::zero()
                          ? configured
                          : std::clamp(Nanos(ttl / 20), kLeastTimeout, kMostTimeout);
    return std::max(std::min(own, left), Nanos::zero());
}

}  // namespace quorumlock::protocol
