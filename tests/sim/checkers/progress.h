// Rule (f): once faults have ceased, a client that waits gets the lock in time:
//  - every node that can be reached is connected again within kReconnected: an idle connection is
//    pinged after 15 s, a ping may be unanswered for 2 s before the connection counts as silent,
//    and for 30 s more before it is given up (rule N8); the next attempt comes at once, and takes
//    a connect_timeout of up to 2 s for each address; who was rejected tries again within 12.5 s;
//  - what nobody will release ends with its lease, by the server's clock;
//  - then a waiter asks again within one and a half times retry_delay_max, and one of so many
//    tries succeeds: waiters that meet each other step back at random.
#pragma once

#include "tests/sim/checkers/ledger.h"

namespace quorumlock::sim {

inline constexpr Time kReconnected = 55 * kSecond;

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
