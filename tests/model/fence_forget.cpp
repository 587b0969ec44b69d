// What can make no difference any more is forgotten after each step: states that differ in nothing
// else are then one. Each of these takes away what no later step would have read or done.
#include "tests/model/fence_world.h"

namespace quorumlock::model {

bool FenceWorld::counters_may_fall() const {
    return may_be_absent_again() || rules_.raise_bound == FenceRules::Bound::none ||
           (rules_.heals && rules_.heal == FenceRules::Heal::sets_it);
}

/// The node may hold the attempt's token now or later.
bool FenceWorld::may_own(const Node& node, std::size_t a) const {
    return node.token == token_of(a) || node.cells[a].times_granted < times() || rules_.heals ||
           rules_.token_reused;
}

/// A RAISE under way that will never be done, or does nothing when it is.
bool FenceWorld::is_void(const Node& node, std::size_t a, Number m) const {
    if (rules_.raise_checks_token && !may_own(node, a)) return true;
    if (counters_may_fall()) return false;
    const bool refused = rules_.raise_bound == FenceRules::Bound::counter_at_most_m;
    if (refused && m < node.counter) return true;
    const bool nobody_awaits_it = now_.attempts[a].fence != 0 || is_over(a);
    return nobody_awaits_it && m <= node.counter;
}

void FenceWorld::forget(Node& node, std::size_t a) const {
    Cell& cell = node.cells[a];
    for (Number m = 1; cell.raises >> m != 0; ++m) {
        const auto bit = NumberSet(1U << m);
        if ((cell.raises & bit) != 0 && is_void(node, a, m)) cell.raises &= NumberSet(~bit);
    }
    const Number fence = now_.attempts[a].fence;
    const bool will_ask =
        fence == 0 || (cell.reached == 0 && cell.asked < fence && rules_.stragglers);
    if (will_ask && !is_over(a)) return;
    // The client will ask this node for nothing more, and awaits nothing of it.
    cell.reached = kHeardAll;
    cell.granted = cell.raised = 0;
    cell.asked = 0;
}

}  // namespace quorumlock::model
