// Which servers may vote, after they may have restarted without their data. Pure. Rule G1.
#pragma once

#include <array>

#include <quorumlock/node.h>
#include <quorumlock/options.h>

#include "lib/base/node_set.h"

namespace quorumlock::protocol {

/// How long a server that may have forgotten its locks has no vote, from its start: until the last
/// lock that it can have granted before has ended, by any clock within the drift factor.
Nanos guard_span(Nanos max_ttl, std::uint32_t drift_ppm);

class Guard {
  public:
    Guard(RestartGuard mode, Nanos span, int nodes);

    /// A server greets. Until when it is guarded; not after `now`: it is not.
    Instant on_greeting(int node, const nodes::Greeter& greeter, Instant now);
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
