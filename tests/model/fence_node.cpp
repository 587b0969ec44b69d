// What a node does with each request.
#include <algorithm>

#include "lib/base/check.h"
#include "tests/model/fence_world.h"

namespace quorumlock::model {

void FenceWorld::set_counter(Node& node, Number to) {
    QL_CHECK(to < 16);
    node.counter = to;
    if (may_be_absent_again()) node.ever = std::max(node.ever, to);
}

/// F3: where a counter begins that is not there.
FenceWorld::Number FenceWorld::start_of(const Node& node, Step step) const {
    if (step == Step::acquire_far_above) {
        const auto most = std::max_element(
            now_.nodes.begin(), now_.nodes.end(),
            [](const Node& one, const Node& other) { return one.ever < other.ever; });
        return static_cast<Number>(most->ever + 1);
    }
    if (rules_.start == FenceRules::Start::at_one || node.ever == 0) return 1;
    const bool above = rules_.start == FenceRules::Start::above_all_ever_held;
    return static_cast<Number>(node.ever + (above ? 1 : 0));
}

/// F1.
void FenceWorld::acquire(Node& node, std::size_t a, Step step) {
    begin(a);
    const bool absent = node.counter == 0;
    set_counter(node, absent ? start_of(node, step) : static_cast<Number>(node.counter + 1));
    node.token = token_of(a);
    Cell& cell = node.cells[a];
    ++cell.times_granted;
    if (cell.reached == 0 && !is_over(a)) cell.granted |= NumberSet(1U << node.counter);
}

/// F2. False where the answer is lost.
bool FenceWorld::can_raise(const Node& node, std::size_t a, Number m) const {
    if (rules_.raise_checks_token && node.token != token_of(a)) return false;
    if (node.counter == 0 && !rules_.raise_starts_counter) return false;
    return rules_.raise_bound != FenceRules::Bound::counter_at_most_m || node.counter <= m;
}

void FenceWorld::raise(Node& node, std::size_t a, Number m) {
    const bool maximum = rules_.raise_bound == FenceRules::Bound::maximum;
    set_counter(node, maximum ? std::max(node.counter, m) : m);
    Cell& cell = node.cells[a];
    if (!rules_.delivers_twice) cell.raises &= NumberSet(~(1U << m));
    const bool heard =
        now_.attempts[a].fence == 0 && !is_over(a) && (cell.reached < m || rules_.raise_asks_late);
    if (heard) cell.raised |= NumberSet(1U << m);
}

/// H1.
void FenceWorld::heal(Node& node, std::size_t a) {
    using Heal = FenceRules::Heal;
    node.token = token_of(a);
    const Number m = now_.attempts[a].fence;
    if (rules_.heal == Heal::leaves_the_counter) return;
    if (node.counter == 0 && rules_.heal != Heal::raises_or_starts_it) return;
    set_counter(node, rules_.heal == Heal::sets_it ? m : std::max(node.counter, m));
}

/// W5. Where there is no key it is an ACQUIRE, and here it is one too: what is left to tell is what
/// it does to a key that is there. The giver holds, or held: it has a fence.
bool FenceWorld::can_transfer(const Node& node, std::size_t a) const {
    if (!rules_.hands_over || node.token == 0 || node.token == token_of(a)) return false;
    if (node.cells[a].times_granted >= times() || !may_begin(a)) return false;
    bool any_holder = false;
    for (std::size_t giver = 0; giver < rules_.attempts; ++giver) {
        const bool holds = giver != a && now_.attempts[giver].fence != 0;
        if (holds && node.token == token_of(giver)) return true;
        any_holder = any_holder || holds;
    }
    return any_holder && !rules_.transfer_asks_whose_key;
}

void FenceWorld::transfer(Node& node, std::size_t a) {
    const Number before = node.counter;
    acquire(node, a, Step::acquire);
    if (rules_.transfer_counts || before == 0) return;
    node.counter = before;
    Cell& cell = node.cells[a];
    if (cell.granted != 0) cell.granted = NumberSet(1U << before);
}

/// F4: the counter stays.
void FenceWorld::end_lock(Node& node) {
    node.token = 0;
    if (rules_.counters_end_with_locks) node.counter = 0;
}

}  // namespace quorumlock::model
