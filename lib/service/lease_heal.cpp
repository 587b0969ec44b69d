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
    extend_.votes().no.each([&](int node) {
        if (words_[static_cast<std::size_t>(node)].outcome == Outcome::absent) absent.add(node);
    });
    if (hold() == Hold::held) heal(absent);  // not for a bare token, whose end nobody knows
}

/// An answer behind a decision that the lock lives on: rule H1 goes for it too.
void Lease::heal_late(int node, Outcome outcome) {
    const bool extended = round_ == Round::extend && decided_ &&
                          extend_.decision() == ExtendDecision::extended && hold() == Hold::held;
    // Rule H2: not behind the end of the validity, though nobody has been told of it yet.
    const bool valid = core_.env().event_now() < validity_end();
    if (extended && valid && outcome == Outcome::absent) heal(NodeSet::only(node));
}

/// As long as the validity, which a shorter extension has not shortened (rule E2).
Nanos Lease::healing_ttl() const {
    const Nanos left = validity_end() - core_.env().event_now();
    return std::max(healing_ttl_, left + protocol::drift(core_.terms(ttl_)));
}

/// Rule H1: behind an extension that succeeded, to those that answered `absent`. Nobody waits.
void Lease::heal(NodeSet to) {
    const nodes::Ask ask{
        .step = Step::heal, .resource = resource_.view(), .token = &token_, .ttl = healing_ttl()};
    const NodeSet able = to & core_.settings().healers;
    able.minus(healing_).each([&](int node) {
        may_hold_.add(node);  // rule A6: it is undone like an acquire
        healing_.add(node);
        heal_tickets_[static_cast<std::size_t>(node)] =
            core_.node(node).ask(ask, healer_, static_cast<std::uint32_t>(node));
    });
}

void Lease::Healer::on_answer(std::uint32_t tag, const nodes::Answer& answer) {
    const int node = static_cast<int>(tag);
    lease.healing_.remove(node);
    if (answer.outcome == Outcome::healed) lease.note_holder(node);
    lease.core_.on_healed(lease, node, answer.outcome);
}

void Lease::end_healing() {
    healing_.each([&](int node) {
        core_.node(node).give_up(heal_tickets_[static_cast<std::size_t>(node)], false);
    });
    healing_.clear();
}

}  // namespace quorumlock::detail
