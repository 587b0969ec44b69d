#include "tests/sim/checkers/progress.h"

#include <algorithm>

namespace quorumlock::sim {

namespace {

/// Tries that may be in vain although nothing is wrong: undos still under way.
constexpr int kTries = 4;

}  // namespace

Time Progress::leases_end(int resource) {
    Time end = world_.now();
    for (Attempt& attempt : ledger_.attempts()) {
        if (attempt.resource != resource) continue;
        for (int node = 0; node < ledger_.nodes(); ++node) {
            if (!ledger_.there(attempt, node)) continue;
            const Vote& vote = attempt.votes[static_cast<std::size_t>(node)];
            end = std::max(end, ledger_.server(node).clock().when(vote.expires * kMicro));
        }
    }
    return end;
}

Nanos Progress::longest_wait(int resource, const ServiceOptions& options, Nanos round) {
    const Time free = std::max(leases_end(resource), healed_at_ + kReconnected);
    const Nanos pause = options.retry_delay_max + options.retry_delay_max / 2;
    return Nanos(free - world_.now()) + kTries * (pause + round);
}

}  // namespace quorumlock::sim
