// Lease: handing the lock to the next of this service who waits for it. Rules W5, W6.
//
// One question, two rounds: what the taker's nodes answer to TRANSFER(from, to) is the taker's vote
// for `to`, and tells the giver what has become of `from` there.
#include <utility>

#include "lib/service/core.h"
#include "lib/service/lease.h"
#include "lib/service/outcomes.h"

namespace quorumlock::detail {

using nodes::Outcome;
using nodes::Step;
using protocol::ReleaseDecision;

void Lease::take_over(Lease& giver, Nanos giver_limit, const AcquirePlan& plan) {
    taken_over = true;
    Round& round = need_round();
    round.at_gate = false;
    round.giver = &giver;
    may_hold_ = core_.all_nodes();
    giver.begin_handing(giver_limit);
    nodes::Ask ask;
    ask.step = Step::transfer;
    ask.from = &giver.token_;
    ask.from_ttl = giver.ttl_;
    start_acquire(plan, ask);
}

/// As a release, but for the asking.
void Lease::begin_handing(Nanos time_limit) {
    Round& round = need_release_round();
    round.kind = Round::Kind::release;
    round.decided = false;
    round.time_limit = time_limit;
    round.started = core_.env().event_now();
    round.end = round.started + time_limit;
    // Whoever has not answered yet counts as open without a question of this round's own.
    core_.all_nodes().each([&](int node) {
        round.words[static_cast<std::size_t>(node)].cause.kind = CauseClass::none;
    });
    may_hold_.each([&](int node) { round.words[static_cast<std::size_t>(node)].answered = false; });
    handing_ = std::exchange(may_hold_, NodeSet{});
    round.handed.clear();
    core_.env().arm(round.timer(), round.end);
    if (round.release.decision() != ReleaseDecision::open) {
        apply_release(round.release.decision());
        leave_round();
    }
}

/// Where `from` was it is no more, or else the node undoes it: it hears the answer even when the
/// lock is two holders further, and nobody listens any more (rule W6).
void Lease::on_handed(int node, const nodes::Answer& answer) {
    if (!handing_.has(node)) return;
    handing_.remove(node);
    Outcome outcome = answer.outcome;
    if (outcome == Outcome::granted) {
        outcome = answer.value == 1 ? Outcome::released : Outcome::absent;
    } else if (outcome == Outcome::refused) {
        outcome = Outcome::taken;
    } else {
        outcome = Outcome::unknown;
    }
    if (!releasing()) return;
    NodeWord& word = round_->words[static_cast<std::size_t>(node)];
    word.answered = true;
    word.outcome = outcome;
    word.value = -1;
    if (answer.cause != nullptr) word.cause = *answer.cause;
    apply_release(round_->release.on_vote(node, votes_for(outcome)));
    leave_round();
}

/// The taker does not listen any more: cancelled, or out of time. What it came to must not be what
/// the giver is told, who then asks for himself, behind the TRANSFER.
void Lease::end_handing(NodeSet unanswered) {
    const NodeSet these = handing_ & unanswered;
    handing_ = handing_.minus(these);
    if (!releasing()) return;
    const nodes::Ask ask{
        .step = Step::release, .resource = resource_.view(), .token = &token_, .ttl = ttl_};
    these.each([&](int node) {
        const auto i = static_cast<std::size_t>(node);
        round_->tickets[i] = core_.node(node).ask(ask, *round_, static_cast<std::uint32_t>(node));
        round_->open.add(node);
        round_->handed.add(node);
    });
}

/// This round needs its giver no more: all have answered, or nobody listens.
void Lease::leave_giver(NodeSet unanswered) {
    if (round_->giver == nullptr) return;
    Lease& giver = *std::exchange(round_->giver, nullptr);
    giver.end_handing(unanswered.minus(round_->raising));
    core_.on_handed(giver);
}

}  // namespace quorumlock::detail
