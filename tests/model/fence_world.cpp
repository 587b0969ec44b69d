// The world of fences towards Search: what can happen next.
#include "tests/model/fence_world.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "lib/base/check.h"

namespace quorumlock::model {

FenceWorld::FenceWorld(const FenceRules& rules) : rules_(rules) {
    // Equal states have equal bytes.
    static_assert(std::has_unique_object_representations_v<State>);
    QL_CHECK(rules.attempts <= kMostAttempts);
    QL_CHECK(!rules.hands_over || !rules.perfect_clocks);  // There a giver's lock would not end.
    for (std::size_t n = 0; n < kNodes; ++n) set_counter(now_.nodes[n], rules.counters[n]);
}

FenceWorld::State FenceWorld::canonical() const {
    State ordered = now_;
    std::sort(ordered.nodes.begin(), ordered.nodes.end(), [](const Node& one, const Node& other) {
        return std::memcmp(&one, &other, sizeof one) < 0;
    });
    return ordered;
}

Move FenceWorld::pack(What what) {
    return {static_cast<std::uint8_t>(what.node * kMostAttempts + what.attempt),
            static_cast<std::uint8_t>(static_cast<unsigned>(what.step) << 4U | what.number)};
}

FenceWorld::What FenceWorld::unpack(Move move) {
    return {static_cast<Step>(move.choice >> 4U), move.actor / kMostAttempts,
            move.actor % kMostAttempts, static_cast<Number>(move.choice & 15U)};
}

std::uint8_t FenceWorld::token_of(std::size_t a) const {
    return static_cast<std::uint8_t>(rules_.token_reused && a == 1 ? 1 : a + 1);
}

/// Attempts begin in their order; where a token is reused, only those that share it do.
bool FenceWorld::may_begin(std::size_t a) const {
    if (a == 0 || (rules_.token_reused && a != 1)) return true;
    return (now_.begun >> (a - 1U) & 1U) != 0;
}

/// With perfect clocks no lock ends before those who have its token are done with it.
bool FenceWorld::may_end(const Node& node) const {
    if (node.token == 0) return false;
    for (std::size_t a = 0; a < rules_.attempts && rules_.perfect_clocks; ++a) {
        if (token_of(a) == node.token && !is_over(a)) return false;
    }
    return true;
}

void FenceWorld::add_moves(std::vector<Move>& moves, std::size_t n, std::size_t a) const {
    const Node& node = now_.nodes[n];
    const Cell& cell = node.cells[a];
    const auto add = [&](Step step, unsigned number = 0) {
        moves.push_back(pack({step, n, a, static_cast<Number>(number)}));
    };
    if (cell.times_granted < times() && node.token == 0 && may_begin(a)) {
        add(Step::acquire);
        const bool chooses =
            rules_.starts_jump && rules_.start == FenceRules::Start::above_all_ever_held;
        if (chooses && node.counter == 0 && node.ever != 0 &&
            start_of(node, Step::acquire) != start_of(node, Step::acquire_far_above)) {
            add(Step::acquire_far_above);
        }
    }
    for (unsigned m = 1; m < 16; ++m) {
        if ((cell.granted >> m & 1U) != 0) add(Step::hear_granted, m);
        if ((cell.raised >> m & 1U) != 0) add(Step::hear_raised, m);
        if ((cell.raises >> m & 1U) == 0) continue;
        if (can_raise(node, a, static_cast<Number>(m))) add(Step::raise, m);
    }
    if (can_transfer(node, a)) add(Step::transfer);
    if (rules_.heals && node.token == 0 && now_.attempts[a].fence != 0) add(Step::heal);
}

std::vector<Move> FenceWorld::moves() const {
    std::vector<Move> moves;
    for (std::size_t n = 0; n < kNodes; ++n) {
        for (std::size_t a = 0; a < rules_.attempts; ++a) add_moves(moves, n, a);
        const Node& node = now_.nodes[n];
        if (may_end(node)) moves.push_back(pack({Step::lock_ends, n, 0, 0}));
        if (node.counter == 0) continue;
        if (rules_.loses_data) moves.push_back(pack({Step::data_is_lost, n, 0, 0}));
        if (rules_.loses_counters) moves.push_back(pack({Step::counter_is_lost, n, 0, 0}));
    }
    for (std::size_t a = 0; a < rules_.attempts && rules_.perfect_clocks; ++a) {
        const bool begun = (now_.begun >> a & 1U) != 0;
        if (begun && !is_over(a)) moves.push_back(pack({Step::validity_ends, 0, a, 0}));
    }
    return moves;
}

void FenceWorld::make(Move move) {
    violation_.clear();
    do_step(unpack(move));
    if (!rules_.forgets) return;
    for (Node& node : now_.nodes) {
        for (std::size_t a = 0; a < rules_.attempts; ++a) forget(node, a);
    }
}

void FenceWorld::do_step(What what) {
    Node& node = now_.nodes[what.node];
    switch (what.step) {
        case Step::acquire:
        case Step::acquire_far_above:
            return acquire(node, what.attempt, what.step);
        case Step::hear_granted:
            return hear_granted(node, what.attempt, what.number);
        case Step::raise:
            return raise(node, what.attempt, what.number);
        case Step::hear_raised:
            return hear_raised(node, what.attempt, what.number);
        case Step::heal:
            return heal(node, what.attempt);
        case Step::transfer:
            return transfer(node, what.attempt);
        case Step::lock_ends:
            return end_lock(node);
        case Step::data_is_lost:
            node.token = 0;
            [[fallthrough]];
        case Step::counter_is_lost:
            node.counter = 0;
            return;
        case Step::validity_ends:
            return give_up(what.attempt);
    }
}

}  // namespace quorumlock::model
