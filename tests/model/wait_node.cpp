// What a node does with each request.
#include "tests/model/wait_world.h"

namespace quorumlock::model {

void WaitWorld::free(Node& node) {
    node.token = 0;
    stop(node.lease);
}

void WaitWorld::grant(Node& node, std::size_t a) {
    Attempt& attempt = now_.attempts[a];
    const bool waits = attempt.phase == Phase::acquiring || attempt.phase == Phase::at_gate;
    if (waits && attempt.validity == 0) start(attempt.validity);
    Cell& cell = node.cells[a];
    cell.asked = 1;
    if (waits) cell.granted = 1;
    node.token = token_of(a);
    start(node.lease);
}

void WaitWorld::acquire(Node& node, std::size_t a, Phase phase) {
    if (now_.attempts[a].phase == Phase::idle) now_.attempts[a].phase = phase;
    grant(node, a);
}

/// W5. What the giver has sent to this node before is done or lost.
void WaitWorld::transfer(Node& node, std::size_t a) {
    node.cells[now_.attempts[a].giver - 1U].asked = 1;
    grant(node, a);
}

/// What it stands behind is done or lost: the requests of this attempt, of who hands over to it,
/// and of whom it hands over to.
void WaitWorld::undo(Node& node, std::size_t a) {
    node.cells[a].undo = 0;
    const std::size_t giver = now_.attempts[a].giver, taker = taker_of(a);
    if (rules_.undo_stands_behind || giver == 0) node.cells[a].asked = 1;
    if (rules_.undo_stands_behind) {
        if (giver != 0) node.cells[giver - 1].asked = 1;
        if (taker < kMostWaiters) node.cells[taker].asked = 1;
    }
    if (node.token != token_of(a)) return;
    for (std::size_t other = 0; other < rules_.attempts; ++other) {
        const bool holds = now_.attempts[other].phase == Phase::holding;
        if (holds && token_of(other) == node.token) violation_ = "an undo takes away what is held";
    }
    free(node);
}

/// It comes back empty. What was sent to it is lost; its answers may still be under way.
void WaitWorld::restart(Node& node) {
    --now_.restarts;
    free(node);
    start(node.guard);  // G1
    for (std::size_t a = 0; a < rules_.attempts; ++a) {
        const Phase phase = now_.attempts[a].phase;
        // Behind a gate nothing has been sent yet.
        if (phase == Phase::idle || phase == Phase::at_gate) continue;
        node.cells[a].asked = 1;
        node.cells[a].undo = 0;
    }
}

}  // namespace quorumlock::model
