// One round of RELEASE as a pure machine. Rules R1..R3.
#pragma once

#include "lib/protocol/quorum.h"

namespace quorumlock::protocol {

enum class ReleaseDecision : std::uint8_t {
    open,
    released,  ///< Q nodes released it
    not_held,  ///< so many say absent or taken that a quorum of releases is out of reach
    unknown,   ///< neither: what may remain ends with the lease
};

class ReleaseRound {
  public:
    /// `nodes`: 1..32. `told`: the nodes that are asked; the others certainly never held the token
    /// and count as absent from the start (rule R1). With too few told the round is decided here.
    void begin(int nodes, NodeSet told);
    /// Votes: &Votes::yes released, no absent or taken, failed, unknown. Decides when no answer
    /// still open could change the verdict, so the order of the answers never matters.
    ReleaseDecision on_vote(int node, NodeSet Votes::*to);
    /// The round's time limit passed: who has not answered is unknown. Decides.
    ReleaseDecision on_time_limit();

    ReleaseDecision decision() const { return decision_; }
    const Votes& votes() const { return votes_; }

  private:
    ReleaseDecision decide();

    Votes votes_;
    std::int8_t nodes_ = 0;
    ReleaseDecision decision_ = ReleaseDecision::open;
};

}  // namespace quorumlock::protocol
