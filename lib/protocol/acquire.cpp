#include "lib/protocol/acquire.h"

#include "lib/base/check.h"
#include "lib/base/told.h"

namespace quorumlock::protocol {

void AcquireRound::begin(int nodes, Instant t0, const Terms& terms, bool fenced) {
    QL_CHECK(nodes >= 1 && nodes <= 32);
    votes_ = Votes{};
    votes_.open = NodeSet::first(nodes);
    validity_end_ = protocol::validity_end(t0, terms);  // Rule A3.
    min_validity_ = terms.min_validity;
    nodes_ = static_cast<std::int8_t>(nodes);
    if (fenced) count_.begin();
    raising_.clear();
    fence_ = 0;
    fenced_ = fenced;
    decision_ = AcquireDecision::open;
}

AcquireDecision AcquireRound::on_vote(int node, NodeSet Votes::*to, Instant now,
                                      std::int64_t counter) {
    QL_CHECK(node >= 0 && node < nodes_ && to != &Votes::open);
    // Rule F1. A node of a user's own may promise counters and tell none: no reason to end the
    // program; and what is too large would be raised to on all others.
    const bool counts = counter > 0 && counter <= kMaxFence;
    if (fenced_ && to == &Votes::yes && !counts) to = &Votes::unknown;
    votes_.move(node, to);
    if (fenced_ && to == &Votes::yes) count_.on_granted(node, counter);
    return decide(now);
}

NodeSet AcquireRound::to_raise() const {
    NodeSet to;
    const bool granted = (votes_.yes | raising_).size() >= quorum(nodes_);
    const bool won = decision_ == AcquireDecision::acquired;  // Rule F4
    if (!fenced_ || !(won || (granted && decision_ == AcquireDecision::open))) return to;
    votes_.yes.each([&](int node) {
        if (!count_.is_at_least(node, fence_target())) to.add(node);
    });
    return to;
}

std::int64_t AcquireRound::fence_target() const { return fence_ != 0 ? fence_ : count_.highest(); }

void AcquireRound::on_raise_asked(int node) {
    count_.on_raise_asked(node, fence_target());
    if (decision_ != AcquireDecision::open) return;  // Rule F4: nobody waits for these.
    raising_.add(node);
    votes_.move(node, &Votes::open);
}

AcquireDecision AcquireRound::on_raise(int node, bool raised, Instant now) {
    QL_CHECK(raising_.has(node));
    raising_.remove(node);
    // Rule F2: only what RAISE is known to have done counts.
    const bool counts = raised || decision_ != AcquireDecision::open;
    votes_.move(node, counts ? &Votes::yes : &Votes::unknown);
    if (raised) {
        count_.on_raised(node);
    } else {
        count_.drop(node);
    }
    return decide(now);
}

AcquireDecision AcquireRound::on_time_limit(Instant now) {
    votes_.close();
    return decide(now);
}

AcquireDecision AcquireRound::decide(Instant now) {
    if (decision_ != AcquireDecision::open) return decision_;
    const int needed = quorum(nodes_);
    const bool granted = (votes_.yes | raising_).size() >= needed;
    const bool too_late = validity_end_ - now <= min_validity_;
    if (granted && too_late) {
        // Rule A7: a grant that leaves no more than min_validity is of no use to its holder.
        decision_ = AcquireDecision::expired;
    } else if (granted && (!fenced_ || (fence_ = count_.won(needed)) != 0)) {
        decision_ = AcquireDecision::acquired;
    } else if (votes_.yes.size() + votes_.open.size() < needed) {
        // Rules A7 and Q2: out of reach. Rule A8: who could not vote decides what to call it.
        const int able = nodes_ - votes_.failed.size() - votes_.unknown.size();
        decision_ = able >= needed ? AcquireDecision::contended : AcquireDecision::no_quorum;
    }
    return decision_;
}

}  // namespace quorumlock::protocol
