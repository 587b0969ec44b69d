// The world of leases towards Search: what can happen next, and how it is told.
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
    if (!first_to_end().empty()) moves.push_back(pack({Step::time_passes, 0, 0, 0}));
    return moves;
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

std::string LeaseWorld::first_to_end() const {
    const auto name = [](std::size_t a) { return std::string(1, static_cast<char>('A' + a)); };
    for (std::size_t n = 0; n < kNodes; ++n) {
        const Node& node = now_.nodes[n];
        const std::string of = " of node " + std::to_string(n + 1);
        if (node.lease == 1) return "the lease of " + name(node.holder - 1U) + of + " ends";
        if (node.guard == 1) return "the guard" + of + " ends";
    }
    for (std::size_t a = 0; a < kMostAttempts; ++a) {
        if (now_.attempts[a].validity == 1) return "the validity of " + name(a) + " ends";
        if (now_.attempts[a].extension == 1) return "the extension of " + name(a) + " is too old";
    }
    return "";
}

/// One line, with what comes of it.
std::string LeaseWorld::describe(Move move) const {
    LeaseWorld after = *this;
    after.make(move);
    const What what = unpack(move);
    const std::string node = "node " + std::to_string(what.node + 1);
    const std::string who(1, static_cast<char>('A' + what.attempt));
    const Cell& cell = after.now_.nodes[what.node].cells[what.attempt];
    const std::string round = " (round " + std::to_string(what.number) + ")";
    std::string line;
    switch (what.step) {
        case Step::acquire:
            return node + " grants ACQUIRE of " + who;
        case Step::hear_granted:
            line = who + " hears granted of " + node;
            break;
        case Step::extend:
            line = node + " does EXTEND of " + who + round;
            if (now_.nodes[what.node].holder == 0) line += ": absent";
            if (cell.heal != now_.nodes[what.node].cells[what.attempt].heal)
                line += ", to be healed";
            if (now_.nodes[what.node].holder != after.now_.nodes[what.node].holder)
                line += ", healed";
            return line;
        case Step::hear_extended:
            line = who + " hears extended of " + node;
            if (after.now_.attempts[what.attempt].succeeded) line += ": " + who + " is extended";
            break;
        case Step::heal:
            return node + " is healed by " + who;
        case Step::restart:
            return node + " restarts empty";
        case Step::time_passes:
            return first_to_end();
        case Step::give_up:
            return who + " gives up, and its undo or release is done everywhere";
    }
    if (after.now_.attempts[what.attempt].phase != now_.attempts[what.attempt].phase) {
        line += ": " + who + " holds";
    }
    return line;
}

}  // namespace quorumlock::model
