// When a held lock is extended by the service itself. Rules E5, E6.
#pragma once

#include <cstdint>
#include <optional>

#include <quorumlock/time.h>

namespace quorumlock::protocol {

class RenewalPlan {
  public:
    /// `every` 0: a third of the validity; so too while `every` does not fit into the validity.
    /// `max_hold` 0: no bound. `acquired_at` starts it.
    void begin(Nanos every, Nanos max_hold, Instant acquired_at);
    /// After an acquire or a successful renewal: the instant of the next one, jittered by up to a
    /// tenth earlier, at least 1 ms from now; nullopt when max_hold ends before it, or the validity
    /// is over.
    std::optional<Instant> after_success(Instant now, Instant validity_end, std::uint64_t random);
    /// After a failed round: sooner, a quarter of what is left or `every` if that is less (at
    /// least 1 ms), jittered likewise; nullopt when nothing is left (rule E6: tried until the
    /// expiry, never beyond), or max_hold ends before it.
    std::optional<Instant> after_failure(Instant now, Instant validity_end, std::uint64_t random);
    /// It is due, and too many others are under way: a little later, a 256th of what is left (at
    /// least 1 ms), jittered likewise; nullopt as above.
    std::optional<Instant> when_crowded(Instant now, Instant validity_end, std::uint64_t random);

  private:
    std::optional<Instant> bounded(Instant at, Instant validity_end) const;

    Nanos every_{0};
    Instant hold_end_ = Instant::max();
};

}  // namespace quorumlock::protocol
