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
    /// `told`: the nodes that are asked; the others certainly never held the token and count as
    /// absent from the start.
    void begin(int nodes, NodeSet told);
    ReleaseDecision on_vote(int node, NodeSet Votes::*to);
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
