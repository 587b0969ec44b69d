// Rule (f): once faults have ceased, a client that waits gets the lock in time:
//  - every node that can be reached is connected again within kReconnected: a silent connection is
//    given up after 30 s and its own time limit, the pause before the next attempt is at most
//    12.5 s, the handshake takes a few round trips;
//  - what nobody will release ends with its lease, by the server's clock;
//  - then a waiter asks again within one and a half times retry_delay_max, and one of so many
//    tries succeeds: waiters that meet each other step back at random.
#pragma once

#include "tests/sim/checkers/ledger.h"

namespace quorumlock::sim {

inline constexpr Time kReconnected = 45 * kSecond;

class Progress {
  public:
    Progress(World& world, Ledger& ledger) : world_(world), ledger_(ledger) {}

    /// Faults have ceased.
    void healed() noexcept { healed_at_ = world_.now(); }
    Time healed_at() const noexcept { return healed_at_; }
    /// The instant by which every lease of a resource that is there now has ended.
    Time leases_end(int resource);
    /// How long somebody who asks now, alone, may have to wait for it.
    Nanos longest_wait(int resource, const ServiceOptions& options, Nanos round);

  private:
    World& world_;
    Ledger& ledger_;
    Time healed_at_ = 0;
};

}  // namespace quorumlock::sim
