// When a waiting acquire asks again. Rule A9.
#pragma once

#include <cstdint>
#include <optional>

#include <quorumlock/time.h>

namespace quorumlock::protocol {

class Retry {
  public:
    /// `first`: the first pause, doubled after each attempt up to `most`. Zero is allowed.
    void begin(Nanos first, Nanos most);
    /// The round that failed had no quorum of answers. It may have asked nobody at all, so that
    /// asking again at once would go round without end: the pause is at least 1 ms from here on.
    void no_quorum();
    /// The pause before the next attempt: the earlier of the holder's remaining time + 1 ms
    /// (where known) and the jittered back-off (half to one and a half of the pause), never
    /// beyond `left`. nullopt when nothing is left: the last round's cause is the answer.
    /// `random`: 64 uniform bits. A negative `holder_remaining` counts as not known.
    std::optional<Nanos> next(std::uint64_t random, std::optional<Nanos> holder_remaining,
                              Nanos left);

  private:
    Nanos pause_{0};
    Nanos most_{0};
};

}  // namespace quorumlock::protocol
