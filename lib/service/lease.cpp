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

Lease::Lease(Core& core, std::size_t node_count)
    : core_(core), tickets_(node_count, 0), heal_tickets_(node_count, 0), words_(node_count) {}

Lease::~Lease() = default;

void Lease::begin(std::string_view resource, const Token& token, Nanos ttl, NodeSet may_hold) {
    resource_.assign(resource);
    token_ = token;
    ttl_ = ttl;
    renew_ttl_ = ttl;
    may_hold_ = may_hold;
    round_ = Round::none;
    open_.clear();
    raising_.clear();
    fence_ = 0;
    renewal_.reset();
    renew_at_.reset();
    lost_source.reset();
    operation = nullptr;
    next_extension = nullptr;
    detached = false;
    held_since.reset();
    holders_.store(0, std::memory_order_relaxed);
    hold_.store(Hold::none, std::memory_order_relaxed);
}

bool Lease::let_go() noexcept {
    Hold expected = Hold::held;
    return hold_.compare_exchange_strong(expected, Hold::let_go, std::memory_order_acq_rel);
}

RoundReport Lease::report() {
    const Votes& votes = round_ == Round::extend    ? extend_.votes()
                         : round_ == Round::release ? release_.votes()
                                                    : acquire_.votes();
    votes.open.each([&](int node) {
        if (!core_.node(node).ready()) {
            words_[static_cast<std::size_t>(node)].cause = core_.node(node).status().cause;
        }
    });
    return {core_.labels(), words_, votes, time_limit_};
}

// ---- rounds ----

void Lease::start_round(Round round, const nodes::Ask& ask, NodeSet to, Nanos time_limit) {
    round_ = round;
    decided_ = false;
    time_limit_ = time_limit;
    open_ = to;
    // Rule A4: all at once; nodes answer in later events, so nothing changes meanwhile.
    to.each([&](int node) {
        words_[static_cast<std::size_t>(node)].answered = false;
        words_[static_cast<std::size_t>(node)].cause.kind = CauseClass::none;
        tickets_[static_cast<std::size_t>(node)] =
            core_.node(node).ask(ask, *this, static_cast<std::uint32_t>(node));
    });
    round_started_ = core_.env().event_now();
    round_end_ = round_started_ + time_limit;
    core_.env().arm(round_timer_, round_end_);
}

/// Nobody listens to what is still unanswered. Rules A5, N8: `silent` lets the node be probed.
void Lease::end_round(bool silent) {
    core_.env().disarm(round_timer_);
    open_.each([&](int node) {
        core_.node(node).give_up(tickets_[static_cast<std::size_t>(node)], silent);
        if (silent && core_.observations() != nullptr) observe(node, Outcome::unknown);
    });
    open_.clear();
    raising_.clear();
}

void Lease::acquire(const AcquirePlan& plan) {
    deadline_ = plan.deadline;
    raised_ = false;
    // Rule A3: the clock is read before the first byte is handed to any node.
    acquire_.begin(core_.node_count(), core_.env().event_now(), core_.terms(ttl_), plan.fence);
    may_hold_ = core_.all_nodes();
    start_round(Round::acquire,
                {.step = Step::acquire,
                 .resource = resource_.view(),
                 .token = &token_,
                 .ttl = ttl_,
                 .want_remaining = plan.want_remaining,
                 .fence = plan.fence},
                core_.all_nodes(), limit_acquire(plan.time_limit));
}

Nanos Lease::limit_acquire(Nanos time_limit) {
    const Nanos left = deadline_ - core_.env().event_now();
    cut_by_caller_ = deadline_ != Instant::max() && left < time_limit;
    return cut_by_caller_ ? std::max(left, Nanos{0}) : time_limit;
}

void Lease::extend(Nanos ttl, Nanos time_limit) {
    if (round_ != Round::none) end_round(false);
    const bool bare = hold_.load(std::memory_order_relaxed) == Hold::none;
    // Rule T3: an extension too counts from before its first byte.
    extend_.begin(core_.node_count(), core_.env().event_now(), core_.terms(ttl),
                  bare ? Instant::max() : validity_end());
    ttl_ = std::max(ttl_, ttl);
    healing_ttl_ = ttl;
    start_round(Round::extend,
                {.step = Step::extend, .resource = resource_.view(), .token = &token_, .ttl = ttl},
                core_.all_nodes(), time_limit);
}

void Lease::release(Nanos time_limit) {
    if (round_ != Round::none) end_round(false);
    end_healing();
    core_.env().disarm(life_timer_);
    // Rule R1: whoever certainly never held the token is not told.
    core_.all_nodes().minus(may_hold_).each([&](int node) {
        NodeWord& word = words_[static_cast<std::size_t>(node)];
        word.answered = true;
        word.outcome = Outcome::absent;
    });
    release_.begin(core_.node_count(), may_hold_);
    start_round(
        Round::release,
        {.step = Step::release, .resource = resource_.view(), .token = &token_, .ttl = ttl_},
        may_hold_, time_limit);
    may_hold_.clear();
    if (release_.decision() != ReleaseDecision::open) apply_release(release_.decision());
}

void Lease::undo() {
    may_hold_.each([&](int node) { core_.node(node).undo(resource_.view(), token_, ttl_); });
    forget();
}

void Lease::forget() {
    end_round(false);
    end_healing();
    core_.env().disarm(life_timer_);
    round_ = Round::none;
    may_hold_.clear();
}

void Lease::on_answer(std::uint32_t tag, const nodes::Answer& answer) {
    const int node = static_cast<int>(tag);
    open_.remove(node);
    NodeWord& word = words_[tag];
    word.answered = true;
    word.outcome = answer.outcome;
    word.value = answer.value;
    if (answer.cause != nullptr) {
        word.cause = *answer.cause;
    } else {
        word.cause.kind = CauseClass::none;
    }
    if (core_.observations() != nullptr) observe(node, answer.outcome);
    if (open_.empty()) core_.env().disarm(round_timer_);
    const auto to = votes_for(answer.outcome);
    const Instant now = core_.env().event_now();
    switch (round_) {
        case Round::acquire:
            on_acquire_answer(node, answer, now);
            break;
        case Round::extend:
            if (to == &Votes::yes) note_holder(node);
            apply_extend(extend_.on_vote(node, to, now));
            heal_late(node, answer.outcome);
            break;
        case Round::release:
            apply_release(release_.on_vote(node, to));
            break;
        case Round::none:
            break;
    }
}

void Lease::observe(int node, Outcome outcome) {
    const Step step = round_ == Round::acquire  ? raising_.has(node) ? Step::raise : Step::acquire
                      : round_ == Round::extend ? Step::extend
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
    switch (round_) {
        case Round::acquire:
            apply_acquire(acquire_.on_time_limit(now));
            break;
        case Round::extend:
            apply_extend(extend_.on_time_limit(now));
            break;
        case Round::release:
            apply_release(release_.on_time_limit());
            break;
        case Round::none:
            break;
    }
}

// ---- decisions ----

void Lease::apply_acquire(AcquireDecision decision) {
    if (decided_ || decision == AcquireDecision::open) return;
    decided_ = true;
    if (decision == AcquireDecision::acquired) {
        validity_end_.store(acquire_.validity_end().time_since_epoch().count(),
                            std::memory_order_release);
        fence_ = acquire_.fence();
        hold_.store(Hold::held, std::memory_order_release);
        raise();
        core_.on_acquired(*this);  // late answers still count as votes held
        return;
    }
    core_.on_not_acquired(*this, decision, cut_by_caller_);
}

void Lease::apply_extend(ExtendDecision decision) {
    if (decided_ || decision == ExtendDecision::open) return;
    decided_ = true;
    const Instant now = core_.env().event_now();
    if (decision == ExtendDecision::extended) {
        validity_end_.store(extend_.validity_end().time_since_epoch().count(),
                            std::memory_order_release);
        holders_.store(extend_.votes().yes.bits(), std::memory_order_relaxed);
        heal_absent();
        if (renewal_) renew_at_ = renewal_->after_success(now, validity_end(), core_.random());
    } else if (decision == ExtendDecision::no_quorum) {
        // Rules E3, E6: nothing is thrown away; the renewer tries again until the expiry.
        if (renewal_) renew_at_ = renewal_->after_failure(now, validity_end(), core_.random());
    } else {
        lose();
    }
    if (hold() == Hold::held) arm_life_timer();
    core_.on_extended(*this, decision);
}

void Lease::apply_release(ReleaseDecision decision) {
    if (decided_ || decision == ReleaseDecision::open) return;
    decided_ = true;
    // The nodes owe what they have not answered (rule N5); nobody waits for it here.
    end_round(false);
    core_.on_released(*this, decision);
}

// ---- holding ----

void Lease::watch(Instant now, const protocol::RenewalPlan* renewal) {
    if (renewal != nullptr) {
        renewal_ = *renewal;
        renew_at_ = renewal_->after_success(now, validity_end(), core_.random());
    }
    arm_life_timer();
}

void Lease::arm_life_timer() {
    Instant next = validity_end();
    if (renew_at_ && *renew_at_ < next) next = *renew_at_;
    core_.env().arm(life_timer_, next);
}

void Lease::on_life_timer() {
    if (hold() != Hold::held) return;
    const Instant now = core_.env().event_now();
    if (now >= validity_end()) {
        lose();  // rule L1: by the local clock, whatever the nodes do
        return;
    }
    if (renew_at_ && now >= *renew_at_) {
        renew_at_.reset();
        // A user's extension under way does the renewer's work.
        if (round_ != Round::extend || decided_) core_.renew(*this);
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

void Lease::LostTask::run() { lease.core_.announce_loss(lease); }

void Lease::UnpinTask::run() { lease.core_.unpin(lease); }

}  // namespace quorumlock::detail
