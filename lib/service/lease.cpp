#include "lib/service/lease.h"

#include <algorithm>
#include <utility>

#include "lib/service/core.h"
#include "lib/service/outcomes.h"

namespace quorumlock::detail {

using nodes::Outcome;
using nodes::Step;
using protocol::AcquireDecision;
using protocol::ExtendDecision;
using protocol::ReleaseDecision;
using protocol::Votes;

void Lease::begin(std::string_view resource, const Token& token, Nanos ttl, NodeSet may_hold) {
    resource_.assign(resource);
    token_ = token;
    ttl_ = ttl;
    renew_ttl_ = ttl;
    may_hold_ = may_hold;
    handing_.clear();
    fence_ = 0;
    renewal_ = {};
    renew_at_ = protocol::RenewalPlan::kNever;
    lost_source.reset();
    operation = nullptr;
    next_extension = nullptr;
    detached = false;
    hand_overs = 0;
    taken_over = false;
    keeps_others_waiting = false;
    held_since.reset();
    loss_task_.announced = false;
    holders_.store(0, std::memory_order_relaxed);
    hold_.store(Hold::none, std::memory_order_relaxed);
}

bool Lease::let_go() noexcept {
    Hold expected = Hold::held;
    return hold_.compare_exchange_strong(expected, Hold::let_go, std::memory_order_acq_rel);
}

RoundReport Lease::report() {
    const Votes& votes = round_->votes();
    votes.open.each([&](int node) {
        if (!core_.node(node).ready()) {
            round_->words[static_cast<std::size_t>(node)].cause = core_.node(node).status().cause;
        }
    });
    return {core_.labels(), round_->words, votes, round_->time_limit};
}

// ---- rounds ----

Round& Lease::need_round() {
    if (round_ == nullptr) round_ = &core_.take_round(*this);
    return *round_;
}

void Lease::leave_round() {
    if (round_ != nullptr && round_->over()) core_.give_back(*std::exchange(round_, nullptr));
}

void Lease::start_round(Round::Kind kind, const nodes::Ask& ask, NodeSet to, Nanos time_limit) {
    Round& round = *round_;
    round.kind = kind;
    round.decided = false;
    round.time_limit = time_limit;
    round.open = to;
    // Rule A4: all at once; nodes answer in later events, so nothing changes meanwhile.
    to.each([&](int node) {
        const auto i = static_cast<std::size_t>(node);
        round.words[i].answered = false;
        round.words[i].cause.kind = CauseClass::none;
        round.tickets[i] = core_.node(node).ask(ask, round, static_cast<std::uint32_t>(node));
    });
    round.started = core_.env().event_now();
    round.end = round.started + time_limit;
    core_.env().arm(round.timer(), round.end);
}

/// Nobody listens to what is still unanswered. Rules A5, N8: `silent` lets the node be probed.
void Lease::end_round(bool silent) {
    core_.env().disarm(round_->timer());
    round_->open.each([&](int node) {
        core_.node(node).give_up(round_->tickets[static_cast<std::size_t>(node)], silent);
        if (silent && core_.observations() != nullptr) observe(node, Outcome::unknown);
    });
    leave_giver(round_->open);
    round_->open.clear();
    round_->raising.clear();
    end_renewal();
}

void Lease::extend(Nanos ttl, Nanos time_limit) {
    if (round_ != nullptr) end_round(false);
    Round& round = need_round();
    const bool bare = hold_.load(std::memory_order_relaxed) == Hold::none;
    // Rule T3: an extension too counts from before its first byte.
    round.extend.begin(core_.node_count(), core_.env().event_now(), core_.terms(ttl),
                       bare ? Instant::max() : validity_end());
    ttl_ = std::max(ttl_, ttl);
    round.healing_ttl = ttl;
    start_round(Round::Kind::extend,
                {.step = Step::extend, .resource = resource_.view(), .token = &token_, .ttl = ttl},
                core_.all_nodes(), time_limit);
}

void Lease::renew(Nanos time_limit) {
    extend(renew_ttl_, time_limit);
    round_->renewal = true;
    core_.on_renewal_started();
}

void Lease::end_renewal() {
    if (std::exchange(round_->renewal, false)) core_.on_renewal_ended();
}

/// A round of the kind that ends a hold, with nobody asked yet.
Round& Lease::need_release_round() {
    if (round_ != nullptr) {
        end_round(false);
        end_healing();
    }
    Round& round = need_round();
    core_.env().disarm(life_timer_);
    // Rule R1: whoever certainly never held the token is not told.
    core_.all_nodes().minus(may_hold_).each([&](int node) {
        NodeWord& word = round.words[static_cast<std::size_t>(node)];
        word.answered = true;
        word.outcome = Outcome::absent;
    });
    round.release.begin(core_.node_count(), may_hold_);
    return round;
}

void Lease::release(Nanos time_limit) {
    Round& round = need_release_round();
    round.handed.clear();
    start_round(
        Round::Kind::release,
        {.step = Step::release, .resource = resource_.view(), .token = &token_, .ttl = ttl_},
        may_hold_, time_limit);
    may_hold_.clear();
    if (round.release.decision() != ReleaseDecision::open) {
        apply_release(round.release.decision());
        leave_round();
    }
}

void Lease::undo() {
    may_hold_.each([&](int node) { core_.node(node).undo(resource_.view(), token_, ttl_); });
    forget();
}

void Lease::forget() {
    if (round_ != nullptr) {
        end_round(false);
        end_healing();
        core_.give_back(*std::exchange(round_, nullptr));
    }
    core_.env().disarm(life_timer_);
    may_hold_.clear();
}

void Lease::on_answer(int node, const nodes::Answer& answer) {
    round_->open.remove(node);
    NodeWord& word = round_->words[static_cast<std::size_t>(node)];
    word.answered = true;
    word.outcome = answer.outcome;
    word.value = answer.value;
    word.armed = answer.armed;
    if (answer.cause != nullptr) {
        word.cause = *answer.cause;
    } else {
        word.cause.kind = CauseClass::none;
    }
    if (core_.observations() != nullptr) observe(node, answer.outcome);
    if (round_->open.empty()) core_.env().disarm(round_->timer());
    const auto to = votes_for(answer.outcome);
    const Instant now = core_.env().event_now();
    switch (round_->kind) {
        case Round::Kind::acquire:
            if (round_->at_gate) {
                on_gate_answer(node, answer);
            } else {
                on_acquire_answer(node, answer, now);
            }
            break;
        case Round::Kind::extend:
            if (to == &Votes::yes) note_holder(node);
            apply_extend(round_->extend.on_vote(node, to, now));
            heal_late(node, answer.outcome);
            break;
        case Round::Kind::release:
            apply_release(round_->release.on_vote(node, release_vote(node, answer.outcome)));
            break;
    }
    leave_round();
}

/// What is gone behind our own TRANSFER is gone by it: rule W5.
NodeSet Votes::*Lease::release_vote(int node, Outcome outcome) const {
    const bool gone = outcome == Outcome::absent || outcome == Outcome::taken;
    return gone && round_->handed.has(node) ? &Votes::yes : votes_for(outcome);
}

void Lease::observe(int node, Outcome outcome) {
    const Round::Kind kind = round_->kind;
    const Step step = round_->raising.has(node)      ? Step::raise
                      : round_->giver != nullptr     ? Step::transfer
                      : kind == Round::Kind::acquire ? Step::acquire
                      : kind == Round::Kind::extend  ? Step::extend
                                                     : Step::release;
    core_.observe_answer(*this, node, step, outcome);
}

void Lease::note_holder(int node) noexcept {
    NodeSet holders = this->holders();  // only the loop writes
    holders.add(node);
    holders_.store(holders.bits(), std::memory_order_relaxed);
}

void Lease::on_time_limit() {
    end_round(true);
    const Instant now = core_.env().event_now();
    switch (round_->kind) {
        case Round::Kind::acquire:
            if (round_->at_gate) {
                round_->decided = true;
                core_.on_gate_closed(*this, -1, {});
                break;
            }
            apply_acquire(round_->acquire.on_time_limit(now));
            break;
        case Round::Kind::extend:
            apply_extend(round_->extend.on_time_limit(now));
            break;
        case Round::Kind::release:
            apply_release(round_->release.on_time_limit());
            break;
    }
    leave_round();
}

// ---- decisions ----

void Lease::apply_acquire(AcquireDecision decision) {
    if (round_->decided || decision == AcquireDecision::open) return;
    round_->decided = true;
    if (decision == AcquireDecision::acquired) {
        validity_end_.store(round_->acquire.validity_end().time_since_epoch().count(),
                            std::memory_order_release);
        fence_ = round_->acquire.fence();
        hold_.store(Hold::held, std::memory_order_release);
        raise();
        core_.on_acquired(*this);  // late answers still count as votes held
        return;
    }
    core_.on_not_acquired(*this, decision, round_->cut_by_caller);
}

void Lease::apply_extend(ExtendDecision decision) {
    if (round_->decided || decision == ExtendDecision::open) return;
    round_->decided = true;
    end_renewal();
    const Instant now = core_.env().event_now();
    if (decision == ExtendDecision::extended) {
        validity_end_.store(round_->extend.validity_end().time_since_epoch().count(),
                            std::memory_order_release);
        holders_.store(round_->extend.votes().yes.bits(), std::memory_order_relaxed);
        heal_absent();
        plan_renewal(now, &protocol::RenewalPlan::after_success);
    } else if (decision == ExtendDecision::no_quorum) {
        // Rules E3, E6: nothing is thrown away; the renewer tries again until the expiry.
        plan_renewal(now, &protocol::RenewalPlan::after_failure);
    } else {
        lose();
    }
    if (hold() == Hold::held) arm_life_timer();
    core_.on_extended(*this, decision);
}

void Lease::apply_release(ReleaseDecision decision) {
    if (round_->decided || decision == ReleaseDecision::open) return;
    round_->decided = true;
    // The nodes owe what they have not answered (rule N5); nobody waits for it here.
    end_round(false);
    core_.on_released(*this, decision);
}

// ---- holding ----

void Lease::watch(Instant now, const protocol::RenewalPlan* renewal) {
    if (renewal != nullptr) {
        renewal_ = *renewal;
        plan_renewal(now, &protocol::RenewalPlan::after_success);
    }
    arm_life_timer();
}

void Lease::plan_renewal(Instant now, PlanOfRenewal next) {
    if (renewal_.on()) renew_at_ = (renewal_.*next)(now, validity_end(), core_.random());
}

void Lease::arm_life_timer() { core_.env().arm(life_timer_, std::min(renew_at_, validity_end())); }

void Lease::on_life_timer() {
    if (hold() != Hold::held) return;
    const Instant now = core_.env().event_now();
    if (now >= validity_end()) {
        lose();  // rule L1: by the local clock, whatever the nodes do
        return;
    }
    if (now >= renew_at_ && !core_.can_renew() && !extending()) {
        plan_renewal(now, &protocol::RenewalPlan::when_crowded);
    } else if (now >= renew_at_) {
        renew_at_ = protocol::RenewalPlan::kNever;
        // A user's extension under way does the renewer's work.
        if (!extending()) core_.renew(*this);
    }
    arm_life_timer();
}

void Lease::lose() {
    Hold expected = Hold::held;
    if (!hold_.compare_exchange_strong(expected, Hold::lost, std::memory_order_acq_rel)) return;
    core_.env().disarm(life_timer_);
    core_.on_lost(*this);
}

void Lease::DropTask::run() { lease.core_.on_handle_dropped(lease); }

void Lease::LossTask::run() {
    if (std::exchange(announced, true)) {
        lease.core_.unpin(lease);
    } else {
        lease.core_.announce_loss(lease);
    }
}

}  // namespace quorumlock::detail
