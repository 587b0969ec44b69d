// Lease: the answers to an acquire, and the fencing number in them. Rules A5..A7, F1, F2, F4.
#include <utility>

#include "lib/service/core.h"
#include "lib/service/lease.h"
#include "lib/service/outcomes.h"

namespace quorumlock::detail {

using nodes::Outcome;
using nodes::Step;
using protocol::AcquireDecision;
using protocol::Votes;

void Lease::on_acquire_answer(int node, const nodes::Answer& answer, Instant now) {
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
