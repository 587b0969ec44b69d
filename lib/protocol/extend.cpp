#include "lib/protocol/extend.h"

#include <algorithm>

#include "lib/base/check.h"

namespace quorumlock::protocol {

void ExtendRound::begin(int nodes, Instant t0, const Terms& terms, Instant current_end) {
    QL_CHECK(nodes >= 1 && nodes <= 32);
    votes_ = Votes{};
    votes_.open = NodeSet::first(nodes);
    const bool bare = current_end == Instant::max();
    const Instant asked_end = protocol::validity_end(t0, terms);  // Rule T3.
    current_end_ = current_end;
    new_end_ = bare ? asked_end : std::max(current_end, asked_end);  // Rule E2.
    validity_end_ = bare ? t0 : current_end;
    nodes_ = static_cast<std::int8_t>(nodes);
    decision_ = ExtendDecision::open;
}

ExtendDecision ExtendRound::on_vote(int node, NodeSet Votes::*to, Instant now) {
    QL_CHECK(node >= 0 && node < nodes_ && to != &Votes::open);
    votes_.move(node, to);
    return decide(now);
}

ExtendDecision ExtendRound::on_time_limit(Instant now) {
    votes_.close();
    return decide(now);
}

ExtendDecision ExtendRound::decide(Instant now) {
    if (decision_ != ExtendDecision::open) return decision_;
    const int needed = quorum(nodes_);
    const int open = votes_.open.size();
    if (votes_.no.size() >= needed) {
        decision_ = ExtendDecision::lost;  // Rules E4 and L2.
    } else if (now >= current_end_) {
        // Rules E1 and E4: what ended before the answers were in hand is never revived.
        decision_ = ExtendDecision::too_late;
    } else if (votes_.yes.size() >= needed) {
        const bool in_time = now < new_end_;
        if (in_time) validity_end_ = new_end_;
        decision_ = in_time ? ExtendDecision::extended : ExtendDecision::too_late;
    } else if (votes_.yes.size() + open < needed && votes_.no.size() + open < needed) {
        decision_ = ExtendDecision::no_quorum;  // Rules E3 and Q2: nobody has a quorum.
    }
    return decision_;
}

}  // namespace quorumlock::protocol
