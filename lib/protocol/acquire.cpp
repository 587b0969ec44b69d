#include "lib/protocol/acquire.h"

#include "lib/base/check.h"

namespace quorumlock::protocol {

void AcquireRound::begin(int nodes, Instant t0, const Terms& terms) {
    QL_CHECK(nodes >= 1 && nodes <= 32);
    votes_ = Votes{};
    votes_.open = NodeSet::first(nodes);
    validity_end_ = protocol::validity_end(t0, terms);  // Rule A3.
    min_validity_ = terms.min_validity;
    nodes_ = static_cast<std::int8_t>(nodes);
    decision_ = AcquireDecision::open;
}

AcquireDecision AcquireRound::on_vote(int node, NodeSet Votes::*to, Instant now) {
    QL_CHECK(node >= 0 && node < nodes_ && to != &Votes::open);
    votes_.move(node, to);
    return decide(now);
}

AcquireDecision AcquireRound::on_time_limit(Instant now) {
    votes_.close();
    return decide(now);
}

AcquireDecision AcquireRound::decide(Instant now) {
    if (decision_ != AcquireDecision::open) return decision_;
    const int needed = quorum(nodes_);
    if (votes_.yes.size() >= needed) {
        // Rule A7: a grant that leaves no more than min_validity is of no use to its holder.
        decision_ = validity_end_ - now > min_validity_ ? AcquireDecision::acquired
                                                        : AcquireDecision::expired;
    } else if (votes_.yes.size() + votes_.open.size() < needed) {
        // Rules A7 and Q2: out of reach. Rule A8: who could not vote decides what to call it.
        const int able = nodes_ - votes_.failed.size() - votes_.unknown.size();
        decision_ = able >= needed ? AcquireDecision::contended : AcquireDecision::no_quorum;
    }
    return decision_;
}

}  // namespace quorumlock::protocol
