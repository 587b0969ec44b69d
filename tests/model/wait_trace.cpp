// How a step of the world of waiting is told.
#include "tests/model/wait_world.h"

namespace quorumlock::model {

namespace {

std::string name(std::size_t a) { return std::string(1, static_cast<char>('A' + a)); }

}  // namespace

std::string WaitWorld::first_to_end() const {
    for (std::size_t n = 0; n < kNodes; ++n) {
        const Node& node = now_.nodes[n];
        const std::string of = " of node " + std::to_string(n + 1);
        if (node.lease == 1) return "the lease of " + name(node.token - 1U) + of + " ends";
        if (node.guard == 1) return "the guard" + of + " ends";
    }
    for (std::size_t a = 0; a < kMostWaiters; ++a) {
        if (now_.attempts[a].validity == 1) return "the validity of " + name(a) + " ends";
    }
    return "";
}

/// One line, with what comes of it.
std::string WaitWorld::describe(Move move) const {
    WaitWorld after = *this;
    after.make(move);
    const What what = unpack(move);
    const std::string node = "node " + std::to_string(what.node + 1), who = name(what.attempt);
    const Attempt& attempt = now_.attempts[what.attempt];
    switch (what.step) {
        case Step::acquire:
            return node + " grants ACQUIRE of " + who;
        case Step::ask_gate:
            return node + ", the gate, grants ACQUIRE of " + who;
        case Step::hear_granted:
            if (after.now_.attempts[what.attempt].phase == attempt.phase) {
                return who + " hears granted of " + node;
            }
            return who + " hears granted of " + node + ": " + who +
                   (attempt.phase == Phase::at_gate ? " asks all" : " holds");
        case Step::hand_over:
            return who + " hands over to " + name(after.taker_of(what.attempt));
        case Step::transfer:
            return node + " grants TRANSFER from " + name(attempt.giver - 1U) + " to " + who;
        case Step::undo:
            return node + " does the undo of " + who;
        case Step::restart:
            return node + " restarts empty";
        case Step::time_passes:
            return first_to_end();
        case Step::give_up:
            break;
    }
    return who + (attempt.phase == Phase::holding ? " lets go" : " gives up");
}

}  // namespace quorumlock::model
