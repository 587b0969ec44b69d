// Lease: asking for the lock, the answers, and the fencing number in them. Rules A3..A7, F1, F2,
// F4, W4.
#include <algorithm>
#include <utility>

#include "lib/service/core.h"
#include "lib/service/lease.h"
#include "lib/service/outcomes.h"

namespace quorumlock::detail {

using nodes::Outcome;
using nodes::Step;
using protocol::Votes;

void Lease::acquire(const AcquirePlan& plan) {
    Round& round = need_round();
    round.at_gate = plan.gate >= 0;
    round.giver = nullptr;
    may_hold_ = round.at_gate ? NodeSet::only(plan.gate) : core_.all_nodes();
    nodes::Ask ask;
    ask.want_remaining = plan.want_remaining;
    ask.wake = plan.wake;
    start_acquire(plan, ask);
}

/// Asks whoever may come to hold it.
void Lease::start_acquire(const AcquirePlan& plan, nodes::Ask ask) {
    Round& round = *round_;
    round.deadline = plan.deadline;
    round.raised = false;
    round.fence = plan.fence;
    ask.resource = resource_.view();
    ask.token = &token_;
    ask.ttl = ttl_;
    ask.fence = plan.fence;
    // Rule A3: the clock is read before the first byte is handed to any node.
    round.acquire.begin(core_.node_count(), core_.env().event_now(), core_.terms(ttl_), plan.fence);
    start_round(Round::Kind::acquire, ask, may_hold_, limit_acquire(plan.time_limit));
}

Nanos Lease::limit_acquire(Nanos time_limit) {
    const Nanos left = round_->deadline - core_.env().event_now();
    round_->cut_by_caller = round_->deadline != Instant::max() && left < time_limit;
    return round_->cut_by_caller ? std::max(left, Nanos{0}) : time_limit;
}

/// What counts for the round is the same as ever: the lease of the gate too is valid from the
/// round's t0 (rule T3), so that asking in two steps costs validity and nothing else.
void Lease::on_gate_answer(int node, const nodes::Answer& answer) {
    if (answer.outcome == Outcome::granted) {
        ask_the_others();
        on_acquire_answer(node, answer, core_.env().event_now());
        return;
    }
    if (answer.outcome != Outcome::unknown) may_hold_.clear();
    round_->decided = true;
    core_.on_gate_closed(*this, node, answer);
}

void Lease::ask_the_others() {
    Round& round = *round_;
    const NodeSet others = core_.all_nodes().minus(may_hold_);
    round.at_gate = false;
    may_hold_ = core_.all_nodes();
    const nodes::Ask ask{.step = Step::acquire,
                         .resource = resource_.view(),
                         .token = &token_,
                         .ttl = ttl_,
                         .want_remaining = true,
                         .fence = round.fence,
                         .wake = true};
    others.each([&](int node) {
        const auto i = static_cast<std::size_t>(node);
        round.words[i] = {};
        round.tickets[i] = core_.node(node).ask(ask, round, static_cast<std::uint32_t>(node));
        round.open.add(node);
    });
    round.time_limit = limit_acquire(round.time_limit);  // a second question, rule T5
    round.end = core_.env().event_now() + round.time_limit;
    core_.env().arm(round.timer(), round.end);
}

NodeSet Lease::armed() const {
    NodeSet armed;
    core_.all_nodes().each([&](int node) {
        const NodeWord& word = round_->words[static_cast<std::size_t>(node)];
        if (word.answered && word.armed) armed.add(node);
    });
    return armed;
}

NodeSet Lease::without_vote(NodeSet before) const noexcept {
    const protocol::Votes& votes = round_->votes();
    return votes.failed | votes.unknown | (before & votes.open);
}

void Lease::on_acquire_answer(int node, const nodes::Answer& answer, Instant now) {
    if (round_->giver != nullptr && !round_->raising.has(node)) {
        round_->giver->on_handed(node, answer);
    }
    if (round_->raising.has(node)) {
        round_->raising.remove(node);
        apply_acquire(round_->acquire.on_raise(node, answer.outcome == Outcome::raised, now));
    } else {
        const auto to = votes_for(answer.outcome);
        if (to == &Votes::no || to == &Votes::failed) may_hold_.remove(node);
        if (to == &Votes::yes) note_holder(node);
        apply_acquire(round_->acquire.on_vote(node, to, now, answer.counter));
    }
    // A failed one has been undone: it has no round any more.
    if (round_ == nullptr || round_->kind != Round::Kind::acquire) return;
    if (!round_->decided || hold() == Hold::held) raise();
    if (round_->open.empty()) leave_giver({});
}

/// Rule F2: asked of whoever has not reached the number, and awaited. Rule F4: of those left
/// behind when the number is won, and not awaited, so that the next acquire needs one round trip.
void Lease::raise() {
    Round& round = *round_;
    const NodeSet to = round.acquire.to_raise();
    if (to.empty()) return;
    const bool awaited = !round.decided;
    const nodes::Ask ask{.step = Step::raise,
                         .resource = resource_.view(),
                         .token = &token_,
                         .ttl = ttl_,
                         .counter = round.acquire.fence_target()};
    to.each([&](int node) {
        const auto i = static_cast<std::size_t>(node);
        round.acquire.on_raise_asked(node);
        if (!awaited) {
            (void)core_.node(node).ask(ask, nodes::nobody(), 0);
            return;
        }
        round.words[i].answered = false;
        round.tickets[i] = core_.node(node).ask(ask, round, static_cast<std::uint32_t>(node));
        round.open.add(node);
        round.raising.add(node);
    });
    if (!awaited) return;
    if (!std::exchange(round.raised, true)) {  // A second question has a time limit of its own.
        round.time_limit = limit_acquire(round.time_limit);
        round.end = core_.env().event_now() + round.time_limit;
    }
    core_.env().arm(round.timer(), round.end);
}

}  // namespace quorumlock::detail
