// One round of ACQUIRE as a pure machine: votes in, a decision out. Rules A3..A8, F1, F2.
#pragma once

#include "lib/protocol/fence.h"
#include "lib/protocol/quorum.h"
#include "lib/protocol/timing.h"

namespace quorumlock::protocol {

enum class AcquireDecision : std::uint8_t {
    open,
    acquired,   ///< Q nodes granted, and where it is fenced agree on its number, in time
    contended,  ///< refusals decided it: failed and unknown nodes alone would have left a quorum
    no_quorum,  ///< too many nodes failed or are unknown
    expired,    ///< Q nodes granted, but too late for the validity to exceed min_validity
};

class AcquireRound {
  public:
    /// `nodes`: 1..32. `t0` was read before the first byte was handed to any node (rule A3).
    /// `fenced`: rules F1 and F2 apply, and each grant brings its node's counter.
    void begin(int nodes, Instant t0, const Terms& terms, bool fenced = false);
    /// A node answered, or its own time limit passed. A `yes` of a node that was unknown counts
    /// while the round is open. Late answers, after the decision, only move the node to its true
    /// set. `to`: &Votes::yes, no, failed or unknown.
    AcquireDecision on_vote(int node, NodeSet Votes::*to, Instant now, std::int64_t counter = 0);
    /// Whom to send RAISE(fence_target()) now. They are open again until on_raise(). Rule F2.
    NodeSet to_raise() const;
    std::int64_t fence_target() const;
    void on_raise_asked(int node);
    /// A RAISE was answered. `raised` false: the node's vote is not known any more.
    AcquireDecision on_raise(int node, bool raised, Instant now);
    /// The round's time limit passed: who has not answered is unknown (rule A5). Decides.
    AcquireDecision on_time_limit(Instant now);

    AcquireDecision decision() const { return decision_; }
    const Votes& votes() const { return votes_; }
    /// Whom an undo must reach when the round failed: all that granted or may yet (rule A6).
    NodeSet to_undo() const { return votes_.yes | votes_.unknown | votes_.open; }
    /// Until when the lock may be relied upon, once the decision is `acquired` (rule T3).
    Instant validity_end() const { return validity_end_; }
    /// Rule F1: the number, once the decision is `acquired`; 0 where it is not fenced.
    std::int64_t fence() const { return fence_; }

  private:
    AcquireDecision decide(Instant now);

    Votes votes_;
    Instant validity_end_{};
    Nanos min_validity_{0};
    FenceCount count_;
    NodeSet raising_;
    std::int64_t fence_ = 0;
    bool fenced_ = false;
    std::int8_t nodes_ = 0;
    AcquireDecision decision_ = AcquireDecision::open;
};

}  // namespace quorumlock::protocol
