#include "lib/protocol/waiting.h"

#include <algorithm>
#include <utility>

#include "lib/protocol/quorum.h"

namespace quorumlock::protocol {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long a gate may keep a head out once something has changed elsewhere (rule W4).
constexpr Nanos kGateAlone = seconds(1);
/// The longest wait for a push alone, where the holder's remaining time is not known (rule W1).
constexpr Nanos kBlind = seconds(10);
constexpr int kTurnsOfOthers = 4;  // Rule W5
/// Rule W2: more in vain than that, and too many are woken by one push.
constexpr int kFewPushes = 32;
constexpr int kPushesPerDoubling = 8;
constexpr int kMostDoublings = 10;

}  // namespace

void Waiting::begin(int nodes, Nanos retry_delay, Nanos retry_delay_max) {
    *this = Waiting();
    nodes_ = nodes;
    retry_delay_ = retry_delay;
    retry_.begin(retry_delay, retry_delay_max);
    when_ = Instant::min();
}

void Waiting::on_asked(Way way, Instant now) {
    asking_ = true;
    asked_ = way;
    pushed_.clear();
    if (way == Way::all) {
        last_all_ = now;
        armed_.clear();
    }
}

void Waiting::on_failed(const Outcome& outcome, Instant now, std::uint64_t random) {
    asking_ = false;
    if (outcome.no_vote) {
        when_ = now;
        return;
    }
    // A push may overtake the refusal that armed it: who has told during the attempt is not armed.
    const NodeSet pushed = std::exchange(pushed_, NodeSet{});
    armed_ = (armed_ | outcome.armed).minus(pushed);
    bool relied = false;
    if (asked_ == Way::all) {
        held_by_another_ = outcome.refused;
        all_due_ = Instant::max();
        // One of these has the holder's key, whichever quorum the holder has.
        const NodeSet tell = armed_ | outcome.likely.minus(pushed);
        relied = outcome.refused && tell.size() >= nodes_ - quorum(nodes_) + 1;
    } else if (!outcome.refused) {
        all_due_ = now;  // A gate that does not answer is none.
    } else {
        relied = !outcome.armed.minus(pushed).empty();
        const Instant due = (woken_ ? now : last_all_) + kGateAlone;
        all_due_ = std::min(all_due_, due);
    }
    if (outcome.no_quorum) retry_.no_quorum();
    // Undos are changes too: who has lost a race must not ask again because of his own.
    backs_off_ = !outcome.refused;
    if (std::exchange(woken_, false)) ++in_vain_;
    if (relied) {
        const Nanos left = outcome.remaining && *outcome.remaining < kBlind
                               ? std::max(*outcome.remaining, Nanos{0}) + milliseconds(1)
                               : kBlind;
        when_ = std::min(now + left, std::max(all_due_, now));
    } else {
        when_ = now + retry_.next(random, outcome.remaining, Nanos::max()).value_or(Nanos{0});
    }
    if (!pushed.empty()) follow(pushed, now, random);
}

void Waiting::on_push(int node, int gate, Instant now, std::uint64_t random) {
    const NodeSet pushed = node < 0 ? NodeSet::first(nodes_) : NodeSet::only(node);
    armed_ = armed_.minus(pushed);
    gate_ = gate;
    if (asking_) {
        pushed_ = pushed_ | pushed;
    } else {
        follow(pushed, now, random);
    }
}

void Waiting::follow(NodeSet pushed, Instant now, std::uint64_t random) {
    if (held_here_ || backs_off_) return;
    if (gate_ >= 0 && armed_.has(gate_) && !pushed.has(gate_)) {
        // The gate will tell too. One that does not has another's key, or a lost one: rule W4.
        all_due_ = std::min(all_due_, now + kGateAlone);
        when_ = std::min(when_, all_due_);
    } else {
        ask_soon(now, random);
    }
}

void Waiting::ask_soon(Instant now, std::uint64_t random) {
    woken_ = true;
    const Nanos wait = pause(random);
    when_ = std::max(std::min(when_, now + wait), not_before_);
}

Nanos Waiting::pause(std::uint64_t random) const {
    if (in_vain_ >= 0 && in_vain_ < kFewPushes) return Nanos{0};
    Nanos most = question_ * -in_vain_;  // less for each turn that others have had: rule W5
    if (in_vain_ > 0) {                  // rule W2
        const int doublings = (in_vain_ - kFewPushes) / kPushesPerDoubling;
        most = question_ * (1 << std::min(doublings, kMostDoublings));
    }
    most = std::min(most, retry_delay_);
    const auto span = static_cast<std::uint64_t>(most.count());
    return Nanos(static_cast<Nanos::rep>(span / 2 + random % (span / 2 + 1)));
}

void Waiting::on_held_here() {
    asking_ = false;
    held_here_ = true;
    held_by_another_ = false;
    woken_ = false;
    pushed_.clear();
    in_vain_ = 0;
    armed_.clear();
    all_due_ = Instant::max();
    when_ = Instant::max();
}

void Waiting::on_free(Instant at, bool turn_over) {
    held_here_ = false;
    backs_off_ = false;
    if (turn_over) in_vain_ = -kTurnsOfOthers;
    not_before_ = at;
    when_ = at;
    // Others may want it as well, and have waited: not all of them at once, rule W4.
    held_by_another_ = true;
    last_all_ = at;
}

void Waiting::on_abandoned(Instant now) {
    asking_ = false;
    when_ = std::max(now, not_before_);
}

}  // namespace quorumlock::protocol
