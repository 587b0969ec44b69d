// The world of leases towards Search: what can happen next.
#include "tests/model/lease_world.h"

#include <algorithm>
#include <cstring>

#include "lib/base/check.h"

namespace quorumlock::model {

LeaseWorld::LeaseWorld(const LeaseRules& rules) : rules_(rules) {
    static_assert(sizeof(State) == kNodes * sizeof(Node) + kMostAttempts * sizeof(Attempt) + 1 &&
                      sizeof(Attempt) == 6 && sizeof(Cell) == 6,
                  "equal states have equal bytes: no padding");
    QL_CHECK(rules.attempts <= kMostAttempts);
    now_.restarts = rules.restarts;
}

LeaseWorld::State LeaseWorld::canonical() const {
    State ordered = now_;
    std::sort(ordered.nodes.begin(), ordered.nodes.end(), [](const Node& one, const Node& other) {
        return std::memcmp(&one, &other, sizeof one) < 0;
    });
    return ordered;
}

Move LeaseWorld::pack(What what) {
    return {static_cast<std::uint8_t>(what.node * kMostAttempts + what.attempt),
            static_cast<std::uint8_t>(static_cast<unsigned>(what.step) << 4U | what.number)};
}

LeaseWorld::What LeaseWorld::unpack(Move move) {
    return {static_cast<Step>(move.choice >> 4U), move.actor / kMostAttempts,
            move.actor % kMostAttempts, static_cast<std::uint8_t>(move.choice & 15U)};
}

template <class F>
void LeaseWorld::for_each_timer(F f) {
    for (Node& node : now_.nodes) {
        f(node.lease);
        f(node.guard);
    }
    for (Attempt& attempt : now_.attempts) {
        f(attempt.validity);
        f(attempt.extension);
    }
}

void LeaseWorld::start(Timer& timer) {
    Timers([this](auto f) { for_each_timer(f); }).start(timer);
}

void LeaseWorld::stop(Timer& timer) {
    Timers([this](auto f) { for_each_timer(f); }).stop(timer);
}

bool LeaseWorld::takes_heals(const Node& node) const {  // G1
    return !is_guarded(node) || rules_.guard == LeaseRules::Guard::no_acquire;
}

bool LeaseWorld::can_acquire(const Node& node, std::size_t a) const {
    if (node.holder != 0 || is_guarded(node) || node.cells[a].asked != 0) return false;  // G1
    const Phase phase = now_.attempts[a].phase;
    if (phase != Phase::idle) return phase != Phase::over && phase != Phase::lost;
    return a == 0 || now_.attempts[a - 1].phase != Phase::idle;
}

/// A round may begin whenever its client holds; requests of earlier ones may be done late.
bool LeaseWorld::can_extend(const Node& node, std::size_t a, std::uint8_t round) const {
    const Attempt& attempt = now_.attempts[a];
    const bool late = attempt.phase == Phase::lost && round == attempt.round && attempt.open;
    if (attempt.phase != Phase::holding && !late) return false;
    if (round > attempt.round + 1 || (node.cells[a].extends >> round & 1U) != 0) return false;
    if (!takes_heals(node)) return false;  // G1
    return node.holder == a + 1 || node.holder == 0;
}

void LeaseWorld::add_moves(std::vector<Move>& moves, std::size_t n, std::size_t a) const {
    const Node& node = now_.nodes[n];
    const Cell& cell = node.cells[a];
    const auto add = [&](Step step, std::uint8_t number = 0) {
        moves.push_back(pack({step, n, a, number}));
    };
    if (can_acquire(node, a)) add(Step::acquire);
    if (cell.granted == 1) add(Step::hear_granted);
    if (cell.extended == 1) add(Step::hear_extended);
    if (cell.heal != 0 && node.holder == 0 && takes_heals(node)) add(Step::heal);
    for (std::uint8_t round = 1; round <= rules_.extensions; ++round) {
        if (can_extend(node, a, round)) add(Step::extend, round);
    }
}

std::vector<Move> LeaseWorld::moves() const {
    std::vector<Move> moves;
    for (std::size_t n = 0; n < kNodes; ++n) {
        for (std::size_t a = 0; a < rules_.attempts; ++a) add_moves(moves, n, a);
        if (now_.restarts != 0) moves.push_back(pack({Step::restart, n, 0, 0}));
    }
    for (std::size_t a = 0; a < rules_.attempts; ++a) {
        const Phase phase = now_.attempts[a].phase;
        if (phase == Phase::acquiring || phase == Phase::holding) {
            moves.push_back(pack({Step::give_up, 0, a, 0}));
        }
    }
    if (does_a_timer_run()) moves.push_back(pack({Step::time_passes, 0, 0, 0}));
    return moves;
}

bool LeaseWorld::does_a_timer_run() const {
    return std::any_of(now_.nodes.begin(), now_.nodes.end(),
                       [](const Node& node) { return (node.lease | node.guard) != 0; }) ||
           std::any_of(now_.attempts.begin(), now_.attempts.end(),
                       [](const Attempt& each) { return (each.validity | each.extension) != 0; });
}

void LeaseWorld::time_passes() {
    for (Node& node : now_.nodes) {
        if (node.lease == 1) {
            node.holder = 0;
            return stop(node.lease);
        }
        if (node.guard == 1) return stop(node.guard);
    }
    for (std::size_t a = 0; a < rules_.attempts; ++a) {
        Attempt& attempt = now_.attempts[a];
        if (attempt.validity == 1) {
            stop(attempt.validity);
            return validity_ends(a);
        }
        if (attempt.extension == 1) return close_round(a);
    }
}

void LeaseWorld::make(Move move) {
    violation_.clear();
    do_step(unpack(move));
}

void LeaseWorld::do_step(What what) {
    Node& node = now_.nodes[what.node];
    switch (what.step) {
        case Step::acquire:
            return acquire(node, what.attempt);
        case Step::hear_granted:
            return hear_granted(node, what.attempt);
        case Step::extend:
            return extend(node, what.attempt, what.number);
        case Step::hear_extended:
            return hear_extended(node, what.attempt);
        case Step::heal:
            return heal(node, what.attempt);
        case Step::restart:
            return restart(node);
        case Step::time_passes:
            return time_passes();
        case Step::give_up:
            return end(what.attempt);
    }
}

}  // namespace quorumlock::model
