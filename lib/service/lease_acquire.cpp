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
    if (raising_.has(node)) {
        raising_.remove(node);
        apply_acquire(acquire_.on_raise(node, answer.outcome == Outcome::raised, now));
    } else {
        const auto to = votes_for(answer.outcome);
        if (to == &Votes::no || to == &Votes::failed) may_hold_.remove(node);
        if (to == &Votes::yes) note_holder(node);
        apply_acquire(acquire_.on_vote(node, to, now, answer.counter));
    }
    const bool won = decided_ && hold() == Hold::held;
    if (round_ == Round::acquire && (!decided_ || won)) raise();
}

/// Rule F2: asked of whoever has not reached the number, and awaited. Rule F4: of those left
/// behind when the number is won, and not awaited, so that the next acquire needs one round trip.
void Lease::raise() {
    const NodeSet to = acquire_.to_raise();
    if (to.empty()) return;
    const bool awaited = !decided_;
    const nodes::Ask ask{.step = Step::raise,
                         .resource = resource_.view(),
                         .token = &token_,
                         .ttl = ttl_,
                         .counter = acquire_.fence_target()};
    to.each([&](int node) {
        const auto i = static_cast<std::size_t>(node);
        acquire_.on_raise_asked(node);
        if (!awaited) {
            (void)core_.node(node).ask(ask, nodes::nobody(), 0);
            return;
        }
        words_[i].answered = false;
        tickets_[i] = core_.node(node).ask(ask, *this, static_cast<std::uint32_t>(node));
        open_.add(node);
        raising_.add(node);
    });
    if (!awaited) return;
    if (!std::exchange(raised_, true)) {  // A second question has a time limit of its own.
        time_limit_ = limit_acquire(time_limit_);
        round_end_ = core_.env().event_now() + time_limit_;
    }
    core_.env().arm(round_timer_, round_end_);
}

}  // namespace quorumlock::detail
