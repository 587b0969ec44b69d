#include "lib/protocol/guard.h"

#include "lib/protocol/quorum.h"
#include "lib/protocol/timing.h"

namespace quorumlock::protocol {

Nanos guard_span(Nanos max_ttl, std::uint32_t drift_ppm) {
    // drift() adds 2 ms and rounds up, which is on the safe side.
    return max_ttl + drift({max_ttl, drift_ppm, Nanos{0}}) + std::chrono::seconds(1);
}

Guard::Guard(RestartGuard mode, Nanos span, int nodes) : mode_(mode), span_(span), nodes_(nodes) {}

Instant Guard::on_greeting(int node, const ServerPast& past, Instant now) {
    if (mode_ == RestartGuard::off) return Instant{};
    Server& server = servers_[static_cast<std::size_t>(node)];
    const bool first = !server.met;
    server.met = true;
    const bool tells = past.started != Instant::max();
    if (past.restarted || past.promoted) {
        server.young = false;
        // Until now another may have granted: a promoted one has the data of its primary, and one
        // that started long ago may have stood beside the former one until the address moved.
        server.until = now + span_;
    } else if (first && tells && past.started + span_ > now && !is_cold(past.started)) {
        server.young = true;
        server.until = past.started + span_;
    }
    return server.until;
}

/// One of a deployment that was found cold at the open: it has been up since before that.
bool Guard::is_cold(Instant started) const { return cold_ && started <= opened_; }

NodeSet Guard::cold() const {
    NodeSet young;
    for (int i = 0; i < nodes_; ++i) {
        if (servers_[static_cast<std::size_t>(i)].young) young.add(i);
    }
    const bool cold = mode_ == RestartGuard::automatic && young.size() >= quorum(nodes_);
    return cold ? young : NodeSet{};
}

NodeSet Guard::on_opened(Instant now) {
    const NodeSet young = cold();
    opened_ = now;
    cold_ = !young.empty();
    young.each([&](int i) { servers_[static_cast<std::size_t>(i)].until = Instant{}; });
    return young;
}

}  // namespace quorumlock::protocol
