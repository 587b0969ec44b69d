// How a step of the world of leases is told.
#include "tests/model/lease_world.h"

namespace quorumlock::model {

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
