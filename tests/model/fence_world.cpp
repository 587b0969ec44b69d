// The world of fences towards Search: what can happen next, and how it is told.
#include "tests/model/fence_world.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "lib/base/check.h"

namespace quorumlock::model {

FenceWorld::FenceWorld(const FenceRules& rules) : rules_(rules) {
    // Equal states have equal bytes.
    static_assert(std::has_unique_object_representations_v<State>);
    QL_CHECK(rules.attempts <= kMostAttempts);
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

/// One line, with what comes of it: `node 2 grants ACQUIRE of B, counter 1 -> 2`.
std::string FenceWorld::describe(Move move) const {
    FenceWorld after = *this;
    after.make(move);
    const What what = unpack(move);
    const std::string node = "node " + std::to_string(what.node + 1);
    const std::string who(1, static_cast<char>('A' + what.attempt));
    const std::string number = "(" + std::to_string(what.number) + ")";
    const auto counter = [&what](const FenceWorld& world) {
        const Number held = world.now_.nodes[what.node].counter;
        return held == 0 ? std::string("none") : std::to_string(held);
    };
    const std::string counted = ", counter " + counter(*this) + " -> " + counter(after);
    std::string line;
    switch (what.step) {
        case Step::acquire:
        case Step::acquire_far_above:
            return node + " grants ACQUIRE of " + who + counted;
        case Step::raise:
            return node + " does RAISE" + number + " of " + who + counted;
        case Step::heal:
            return node + " is healed by " + who + counted;
        case Step::lock_ends:
            return node + " ends the lock of " +
                   std::string(1, static_cast<char>('A' + now_.nodes[what.node].token - 1)) +
                   (rules_.counters_end_with_locks ? counted : "");
        case Step::data_is_lost:
            return node + " loses its data" + counted;
        case Step::counter_is_lost:
            return node + " loses its counter" + counted;
        case Step::validity_ends:
            return "the validity of " + who + " ends";
        case Step::hear_granted:
            line = who + " hears granted" + number + " of " + node;
            break;
        case Step::hear_raised:
            line = who + " hears raised" + number + " of " + node;
            break;
    }
    for (std::size_t n = 0; n < kNodes; ++n) {
        const unsigned before = now_.nodes[n].cells[what.attempt].raises;
        const unsigned sent = after.now_.nodes[n].cells[what.attempt].raises & ~before;
        if (sent == 0) continue;
        line += ", sends RAISE(" + std::to_string(std::countr_zero(sent)) + ") to node " +
                std::to_string(n + 1);
    }
    const Number fence = after.now_.attempts[what.attempt].fence;
    if (fence != now_.attempts[what.attempt].fence) {
        line += ": " + who + " has fence " + std::to_string(fence);
    }
    return line;
}

}  // namespace quorumlock::model
