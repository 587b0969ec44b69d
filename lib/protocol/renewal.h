// When a held lock is extended by the service itself. Rules E5, E6, E7.
#pragma once

#include <cstdint>

#include <quorumlock/time.h>

namespace quorumlock::protocol {

class RenewalPlan {
  public:
    static constexpr Instant kNever = Instant::max();

    /// Nothing is renewed unasked: until begin() there are no instants to be had.
    bool on() const noexcept { return every_ >= Nanos::zero(); }
    /// `every` 0: a third of the validity; so too while `every` does not fit into the validity.
    /// `max_hold` 0: no bound. `acquired_at` starts it.
    void begin(Nanos every, Nanos max_hold, Instant acquired_at);
    /// After an acquire or a successful renewal: the instant of the next one, jittered by up to a
    /// tenth earlier and then shared with others (rule E7), at least 1 ms from now; kNever when
    /// max_hold ends before it, or the validity is over.
    Instant after_success(Instant now, Instant validity_end, std::uint64_t random) const;
    /// After a failed round: sooner, a quarter of what is left or `every` if that is less (at
    /// least 1 ms), jittered and shared likewise; kNever when nothing is left (rule E6: tried
    /// until the expiry, never beyond), or max_hold ends before it.
    Instant after_failure(Instant now, Instant validity_end, std::uint64_t random) const;
    /// It is due, and too many others are under way: a little later, a 256th of what is left (at
    /// least 1 ms), jittered and shared likewise; kNever as above.
    Instant when_crowded(Instant now, Instant validity_end, std::uint64_t random) const;

  private:
    Instant bounded(Instant at, Instant validity_end) const;

    static constexpr Nanos kOff{-1};
    Nanos every_ = kOff;
    Instant hold_end_ = Instant::max();
};

}  // namespace quorumlock::protocol
