// Lease: putting lost votes back, so that the next server to fail does not cost the lock. Rule H1.
#include <algorithm>

#include "lib/service/core.h"
#include "lib/service/lease.h"

namespace quorumlock::detail {

using nodes::Outcome;
using nodes::Step;
using protocol::ExtendDecision;

/// Behind an extension that has just succeeded: whoever has said `absent` in it so far.
void Lease::heal_absent() {
    NodeSet absent;
    round_->extend.votes().no.each([&](int node) {
        if (round_->words[static_cast<std::size_t>(node)].outcome == Outcome::absent)
            absent.add(node);
    });
    if (hold() == Hold::held) heal(absent);  // not for a bare token, whose end nobody knows
}

/// An answer behind a decision that the lock lives on: rule H1 goes for it too.
void Lease::heal_late(int node, Outcome outcome) {
    const bool extended =
        round_ != nullptr && round_->kind == Round::Kind::extend && round_->decided &&
        round_->extend.decision() == ExtendDecision::extended && hold() == Hold::held;
    // Rule H2: not behind the end of the validity, though nobody has been told of it yet.
    const bool valid = core_.env().event_now() < validity_end();
    if (extended && valid && outcome == Outcome::absent) heal(NodeSet::only(node));
}

/// As long as the validity, which a shorter extension has not shortened (rule E2).
Nanos Lease::healing_ttl() const {
    const Nanos left = validity_end() - core_.env().event_now();
    return std::max(round_->healing_ttl, left + protocol::drift(core_.terms(ttl_)));
}

/// Rule H1: behind an extension that succeeded, to those that answered `absent`. Nobody waits.
void Lease::heal(NodeSet to) {
    const nodes::Ask ask{
        .step = Step::heal, .resource = resource_.view(), .token = &token_, .ttl = healing_ttl()};
    const NodeSet able = to & core_.settings().healers;
    able.minus(round_->healing).each([&](int node) {
        may_hold_.add(node);  // rule A6: it is undone like an acquire
        round_->healing.add(node);
        round_->heal_tickets[static_cast<std::size_t>(node)] =
            core_.node(node).ask(ask, round_->healer(), static_cast<std::uint32_t>(node));
    });
}

void Lease::on_heal_answer(int node, Outcome outcome) {
    round_->healing.remove(node);
    if (outcome == Outcome::healed) note_holder(node);
    core_.on_healed(*this, node, outcome);
    leave_round();
}

void Lease::end_healing() {
    round_->healing.each([&](int node) {
        core_.node(node).give_up(round_->heal_tickets[static_cast<std::size_t>(node)], false);
    });
    round_->healing.clear();
}

}  // namespace quorumlock::detail
