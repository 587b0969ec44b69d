// What a node does with each request.
#include "tests/model/lease_world.h"

namespace quorumlock::model {

void LeaseWorld::take(Node& node, std::size_t a) {
    node.holder = static_cast<std::uint8_t>(a + 1);
    start(node.lease);
}

void LeaseWorld::acquire(Node& node, std::size_t a) {
    Attempt& attempt = now_.attempts[a];
    if (attempt.phase == Phase::idle) {
        attempt.phase = Phase::acquiring;
        start(attempt.validity);
    }
    Cell& cell = node.cells[a];
    cell.asked = 1;
    if (attempt.phase == Phase::acquiring) cell.granted = 1;
    take(node, a);
}

void LeaseWorld::extend(Node& node, std::size_t a, std::uint8_t round) {
    Attempt& attempt = now_.attempts[a];
    if (round > attempt.round) begin_extension(a, round);
    Cell& cell = node.cells[a];
    cell.extends |= static_cast<std::uint8_t>(1U << round);
    const bool current = round == attempt.round;
    if (node.holder == 0) {
        if (rules_.heal == LeaseRules::Heal::in_the_extension) {
            take(node, a);
        } else {
            if (!current || rules_.heal == LeaseRules::Heal::never) return;
            // H1: a HEAL follows the success of the round, or this answer if that comes later.
            const bool at_once = attempt.succeeded || rules_.heal == LeaseRules::Heal::at_once;
            (at_once ? cell.heal : cell.absent) = 1;
            return;
        }
    }
    start(node.lease);
    if (current && attempt.open) cell.extended = 1;
}

void LeaseWorld::heal(Node& node, std::size_t a) {
    node.cells[a].heal = 0;
    take(node, a);
}

/// It comes back empty. What was sent to it is lost; its answers may still be under way.
void LeaseWorld::restart(Node& node) {
    --now_.restarts;
    node.holder = 0;
    stop(node.lease);
    if (rules_.guard != LeaseRules::Guard::none) start(node.guard);  // G1
    for (std::size_t a = 0; a < rules_.attempts; ++a) {
        Cell& cell = node.cells[a];
        const Attempt& attempt = now_.attempts[a];
        if (attempt.phase == Phase::idle || attempt.phase == Phase::over) continue;
        cell.asked = 1;
        cell.heal = 0;
        for (unsigned r = 1; r <= attempt.round; ++r) {
            cell.extends |= static_cast<std::uint8_t>(1U << r);
        }
    }
}

}  // namespace quorumlock::model
