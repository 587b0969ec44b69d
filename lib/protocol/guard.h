// Which servers may vote, after they may have restarted without their data. Pure. Rule G1.
#pragma once

#include <array>
#include <cstdint>

#include <quorumlock/options.h>
#include <quorumlock/time.h>

#include "lib/base/node_set.h"

namespace quorumlock::protocol {

/// How long a server that may have forgotten its locks has no vote: until the last lock that can
/// have been granted before has ended, by any clock within the drift factor.
Nanos guard_span(Nanos max_ttl, std::uint32_t drift_ppm);

/// What a server that is met tells of its past.
struct ServerPast {
    Instant started =
        Instant::max();      ///< It started at this instant at the latest; max(): not told.
    bool restarted = false;  ///< Another process was met here before.
    bool promoted = false;   ///< The same process followed another history before.
};

class Guard {
  public:
    Guard(RestartGuard mode, Nanos span, int nodes);

    /// A server greets. Until when it is guarded; not after `now`: it is not.
    Instant on_greeting(int node, const ServerPast& past, Instant now);
    /// Whose guards end at once if the service opens now: those of a deployment of which a quorum
    /// is as young as that, where the mode allows it.
    NodeSet cold() const;
    /// The first connections are made. cold(), whose guards have ended.
    NodeSet on_opened(Instant now);

  private:
    struct Server {
        bool met = false;
        bool young = false;  ///< Guarded for its uptime alone.
        Instant until{};
    };
    bool is_cold(Instant started) const;

    const RestartGuard mode_;
    const Nanos span_;
    const int nodes_;
    std::array<Server, limits::kMaxNodes> servers_{};
    bool cold_ = false;
    Instant opened_{};
};

}  // namespace quorumlock::protocol
