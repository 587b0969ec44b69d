#include "lib/protocol/release.h"

#include "lib/base/check.h"

namespace quorumlock::protocol {

void ReleaseRound::begin(int nodes, NodeSet told) {
    QL_CHECK(nodes >= 1 && nodes <= 32);
    const NodeSet all = NodeSet::first(nodes);
    QL_CHECK(told.minus(all).empty());
    votes_ = Votes{};
    votes_.open = told;
    votes_.no = all.minus(told);  // Rule R1: who certainly never held the token is not asked.
    nodes_ = static_cast<std::int8_t>(nodes);
    decision_ = ReleaseDecision::open;
    decide();
}

ReleaseDecision ReleaseRound::on_vote(int node, NodeSet Votes::*to) {
    QL_CHECK(node >= 0 && node < nodes_ && to != &Votes::open);
    votes_.move(node, to);
    return decide();
}

ReleaseDecision ReleaseRound::on_time_limit() {
    votes_.close();
    return decide();
}

ReleaseDecision ReleaseRound::decide() {
    if (decision_ != ReleaseDecision::open) return decision_;
    const int needed = quorum(nodes_);
    const int spare = nodes_ - needed;  // So many may be without it and a quorum still release.
    const int open = votes_.open.size();
    // Rule R2, all three.
    if (votes_.yes.size() >= needed) {
        decision_ = ReleaseDecision::released;
    } else if (votes_.no.size() > spare) {
        decision_ = ReleaseDecision::not_held;
    } else if (votes_.yes.size() + open < needed && votes_.no.size() + open <= spare) {
        decision_ = ReleaseDecision::unknown;
    }
    return decision_;
}

}  // namespace quorumlock::protocol
