// One round of EXTEND as a pure machine. Rules E1..E4.
#pragma once

#include "lib/protocol/quorum.h"
#include "lib/protocol/timing.h"

namespace quorumlock::protocol {

enum class ExtendDecision : std::uint8_t {
    open,
    extended,   ///< Q nodes extended, their answers in hand before the current validity ended
    too_late,   ///< the validity ended before Q answers were in hand: lost (rules E1, E4)
    lost,       ///< Q nodes say it is gone: the lock is lost (rule L2)
    no_quorum,  ///< neither: the lock stays valid until its own expiry (rule E3)
};

class ExtendRound {
  public:
    /// `nodes`: 1..32. `t0` was read before the first byte was handed to any node (rule T3).
    /// `current_end`: the validity to be extended; Instant::max() for a bare token.
    void begin(int nodes, Instant t0, const Terms& terms, Instant current_end);
    /// Votes: &Votes::yes extended, no absent or taken, failed, unknown. Decides when no answer
    /// still open could change the verdict, so the order of the answers never matters.
    ExtendDecision on_vote(int node, NodeSet Votes::*to, Instant now);
    ExtendDecision on_time_limit(Instant now);

    ExtendDecision decision() const { return decision_; }
    const Votes& votes() const { return votes_; }
    /// Until when the lock may be relied upon: the current end, and after `extended` the new one
    /// if it is later (rule E2). For a bare token t0, and after `extended` the new end.
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
