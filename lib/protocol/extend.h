// One round of EXTEND as a pure machine. Rules E1..E4.
#pragma once

#include "lib/protocol/quorum.h"
#include "lib/protocol/timing.h"

namespace quorumlock::protocol {

enum class ExtendDecision : std::uint8_t {
    open,
    extended,   ///< Q nodes extended, their answers in hand before the current validity ended
    too_late,   ///< Q nodes extended, but not in time: the lock is lost (never revived)
    lost,       ///< Q nodes say it is gone: the lock is lost
    no_quorum,  ///< neither: the lock stays valid until its own expiry (rule E3)
};

class ExtendRound {
  public:
    /// `current_end`: the validity to be extended; Instant::max() for a bare token.
    void begin(int nodes, Instant t0, const Terms& terms, Instant current_end);
    ExtendDecision on_vote(int node, NodeSet Votes::*to, Instant now);
    ExtendDecision on_time_limit(Instant now);

    ExtendDecision decision() const { return decision_; }
    const Votes& votes() const { return votes_; }
    /// The validity after `extended`: never earlier than the current one (rule E2).
    Instant validity_end() const { return validity_end_; }

  private:
    ExtendDecision decide(Instant now);

    Votes votes_;
    Instant current_end_{};
    Instant new_end_{};
    Instant validity_end_{};
    std::int8_t nodes_ = 0;
    ExtendDecision decision_ = ExtendDecision::open;
};

}  // namespace quorumlock::protocol
