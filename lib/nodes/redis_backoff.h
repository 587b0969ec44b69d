// Pauses between attempts to connect: doubling, jittered by a quarter, bounded.
#pragma once

#include <algorithm>
#include <cstdint>

#include <quorumlock/time.h>

namespace quorumlock::nodes {

class RedisBackoff {
  public:
    RedisBackoff(Nanos first, Nanos most) : first_(first), most_(most), next_(first) {}

    /// The next pause; `random`: 64 uniform bits. Within 3/4 and 5/4 of the doubled ones.
    Nanos take(std::uint64_t random) noexcept {
        const Nanos pause = next_;
        next_ = std::min(2 * next_, most_);
        return pause * 3 / 4 +
               Nanos(static_cast<std::int64_t>((random >> 11) %
                                               static_cast<std::uint64_t>(pause.count() / 2 + 1)));
    }
    void reset() noexcept { next_ = first_; }

  private:
    Nanos first_, most_, next_;
};

}  // namespace quorumlock::nodes
